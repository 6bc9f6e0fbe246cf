//! The feed: what happened in an organisation, in the order of its log, from any point on.
//!
//! It is read from the log itself, page by page, under the organisation's own key; nothing is kept twice. Whoever is at
//! the end may wait up to half a minute for more. A cursor says organisation, epoch and position, and is signed.

mod app;
mod http;
mod news;

pub(crate) use app::App;
pub(crate) use http::routes;
