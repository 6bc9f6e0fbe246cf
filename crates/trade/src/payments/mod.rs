//! Payments: what an order's money is meant to do, and every attempt to make a provider do it.
//!
//! Two machines. An *attempt* is one ask under one key: sent, perhaps unknown, then settled once and for all. An
//! *intent* is moved by settled attempts alone:
//!
//! ```text
//! Open ⇄ ActionNeeded → Authorised → Captured → PartlyRefunded → Refunded
//!   └→ Failed, Cancelled    └→ Cancelled   └────────────────────────↗
//! ```
//!
//! What is on its way counts as if it had worked, so captured can never exceed authorised, nor refunded captured. An
//! answer that contradicts a settled one moves nothing; it is recorded, for somebody has to look at it.

mod command;
mod covers;
mod event;
mod machine;
mod provider;
mod split;
mod types;
mod voucher;

pub use command::{Answer, Command, Sending};
pub use covers::{CashPart, Covers, Parts, Piece};
pub use event::{Answered, Event, Opened};
pub use machine::{Refusal, apply, decide};
pub use provider::{ProviderName, ProviderNameError, REFERENCE_CHARS_MAX};
pub use split::{PAYERS_MAX, Split, SplitRefusal, split};
pub use types::{Act, Attempt, AttemptState, Intent, LEFT_ALONE, State};
pub use voucher::{Less, Voucher, less, paid_by};

base::typed_id!(
    /// Names a payment: an intent with its attempts.
    pub PaymentId = "pay";
    /// Names one attempt of a payment.
    pub AttemptId = "att";
    /// Names a refund.
    pub RefundId = "rfd";
);

#[cfg(test)]
mod tests;
