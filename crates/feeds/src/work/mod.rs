//! What operators see of work that was put aside, and what they may do with it: have it done again, or discard it.
//!
//! Jobs, timers and events that failed too often wait until somebody looks. It has no table: the engine keeps them.
//! Each act is stored with an event that says who did it and why, which the audit log takes over.

mod app;
mod http;
mod view;

pub(crate) use app::App;
pub(crate) use http::routes;
