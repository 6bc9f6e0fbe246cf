//! What people may ask for about themselves: everything that is kept of them, and to be forgotten.
//!
//! An erasure is written down before anything goes, in a ledger that no backup of people brings back to what it was.
//! So one that was interrupted is finished later, and whoever an older backup brings back is erased again.

mod app;
mod http;
mod view;

pub use app::{App, Replayed};
pub use http::routes;
