//! Venues: how a restaurant serves, when, where to, and what it says of itself for now.
//!
//! Table: `venues`, folded from its events. Events out: `venue.changed`, `.paused`, `.busy`, `.opened`, in a stream
//! beside that of the restaurant. None in; a timer ends what was said for a while, so that everybody hears of it.

mod app;
mod fold;
mod http;
mod memory;
mod store;
mod view;

pub use app::App;
pub(crate) use fold::FOLD;
pub use http::routes;
pub use store::SHARD;
