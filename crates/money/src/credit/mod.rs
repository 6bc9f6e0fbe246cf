//! Store credit: what an organisation owes to people who may spend it with their next orders.
//!
//! A balance is one row, changed by guards in the commits of other slices: whoever spends at the same time never has less
//! than nothing. Each change is an event and an entry beside it; balances and entries are folded from these events.
//! The slice of orders has the routes, because credit is always given, spent and returned for an order.

mod app;
mod part;
mod store;

pub use app::App;
pub use app::Purse;
pub use part::{What, give, is_short, spend};
pub use store::{Entry, FOLD, FOLD_ENTRIES, Noted};
pub use store::{PEOPLE, SHARD};
