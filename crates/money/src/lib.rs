//! The slices of money: payments, the ledger, and what people have as credit.
//!
//! What one of them changes in the commit of another, or of an order, it offers as a part of that commit.

pub mod credit;
pub mod ledger;
pub mod payments;

use base::{Clock, Random};
use rpc::Providers;
use slice::Cursors;
use store::Db;

/// What the slices stand on.
#[derive(Clone)]
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
    /// Signs cursors.
    pub cursors: Cursors,
    /// Who moves money.
    pub providers: Providers,
}
