//! Orders: placing, reading and moving them, by those who order and those who make it.
//!
//! An order is one row, folded from its events by `domain::orders`; its stream has its id. What is said of the diner is
//! sealed with his key, in the row as in the event. Whatever follows from an order at once (its number, what is taken
//! of counted items, its timer) is in its one commit.

mod app;
mod fold;
mod http;
mod moves;
mod pay;
mod place;
mod priced;
mod react;
mod refunds;
mod rules;
mod store;
mod view;

pub use app::{App, With};
pub(crate) use fold::FOLD;
pub use http::routes;
pub(crate) use refunds::{FOLD as REFUNDS_FOLD, SHARD as REFUNDS};
pub(crate) use rules::FOLD as RULES_FOLD;
pub use rules::start;
pub use store::{PEOPLE, SHARD};
