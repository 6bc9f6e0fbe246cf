//! What operators see of the sagas of all slices and of the orders that they are about, and what they may do with one
//! that is stuck, or with a payment of which nobody knows the end.
//!
//! It has no table: the engine keeps the journal. Each act is stored with an event that says who did it and why, which
//! the audit log takes over; the gate has written down before that somebody acts.

mod app;
mod http;
mod order;
mod stuck;
mod stuck_http;
mod view;

pub use app::App;
pub use http::routes;
pub(crate) use stuck::start;
pub use view::{SagaId, SagaView, StepView};
