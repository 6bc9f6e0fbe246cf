//! What is decided about orders and their money, as pure functions: state and command in, events or a refusal out.
//!
//! The same rules as in `domain`: no async, no database, no clock, no chance. One module a noun.

pub mod capacity;
pub mod carts;
pub mod ledger;
pub mod offers;
pub mod orders;
pub mod payments;
#[cfg(test)]
mod prices;
pub mod refunds;

#[cfg(test)]
use domain::{organisations, venues};
