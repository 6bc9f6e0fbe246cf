//! The first operator: made once by the set-up link, known from then on by a key.
//!
//! The link is printed by `serve` while nobody has claimed it. It works until the key that it gave has been used for
//! the first time, so an answer that was lost on its way locks nobody out. Table: `operators`, in the control database.

mod app;
mod http;
pub(crate) mod store;

pub use app::{App, link_token};
pub use http::{Operators, routes};
