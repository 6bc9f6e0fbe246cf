//! The ledger: every amount that was earned, owed, taken or given back, twice: where it comes from and where it goes.
//!
//! A transaction is a list of postings, debit above zero and credit below, whose sum is zero: there is no other way to
//! make one. Nothing is ever changed; what was wrong is posted the other way round. It knows orders, attempts and
//! refunds by their ids and nobody by name, so erasing a person changes nothing in it.

mod account;
mod means;
mod sale;
mod sums;
mod transaction;
mod what;

pub use account::{Account, AccountError, Bearer};
pub use means::Means;
pub use sums::Sums;
pub use transaction::{Granting, Posting, Refusal, Transaction};
pub use what::{About, AboutError, Kind};

base::typed_id!(
    /// Names a transaction.
    pub TransactionId = "txn";
    /// Names a change of an order's lines after it was placed.
    pub ChangeId = "chg";
    /// Names what was added to somebody's credit, or taken off it.
    pub CreditId = "crd";
    /// Names what a provider has paid out at once.
    pub SettlementId = "stl";
);

#[cfg(test)]
pub(crate) mod tests;
