//! Operators: those who run this installation. The first is made once by the set-up link and known by a key; others are
//! made by those who are there, and sign in as the persons they are.
//!
//! The link is printed by `serve` while nobody has claimed it. It works until the key that it gave has been used for
//! the first time, so an answer that was lost on its way locks nobody out. Table: `operators`, in the control database.

mod app;
mod http;
pub(crate) mod store;

pub use app::{App, link_token};
pub use http::{Operators, routes};
