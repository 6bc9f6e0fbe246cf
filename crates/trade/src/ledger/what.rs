//! What happened, and to what.

use std::fmt;
use std::str::FromStr;

use base::Uid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ChangeId, CreditId, SettlementId};
use crate::orders::OrderId;
use crate::payments::{AttemptId, PaymentId, RefundId};

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An order was placed: the diner owes its total.
    Sale,
    /// Its lines were changed: he owes more, or less.
    Change,
    /// It came to nothing: whatever was still owed for it is taken back.
    Unsale,
    /// Money was taken.
    Captured,
    /// Somebody decided that money is given back.
    RefundGranted,
    /// Money was given back.
    RefundExecuted,
    /// A diner got credit that is no refund.
    CreditGiven,
    /// A provider has paid out.
    Settled,
    /// A diner gave a tip after he had ordered: it is owed to those who serve.
    Tip,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Sale,
        Self::Change,
        Self::Unsale,
        Self::Captured,
        Self::RefundGranted,
        Self::RefundExecuted,
        Self::CreditGiven,
        Self::Settled,
        Self::Tip,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Change => "change",
            Self::Unsale => "unsale",
            Self::Captured => "captured",
            Self::RefundGranted => "refund_granted",
            Self::RefundExecuted => "refund_executed",
            Self::CreditGiven => "credit_given",
            Self::Settled => "settled",
            Self::Tip => "tip",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it says what is owed, and not what has moved.
    pub(super) const fn is_owed(self) -> bool {
        match self {
            Self::Sale | Self::Change | Self::Unsale | Self::RefundGranted | Self::Tip => true,
            Self::Captured | Self::RefundExecuted | Self::CreditGiven | Self::Settled => false,
        }
    }
}

/// What a transaction is about. There is at most one of a kind about the same thing, so nothing is posted twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum About {
    /// An order as a whole.
    Order(OrderId),
    /// A change of an order.
    Change(ChangeId),
    /// An attempt to move money.
    Attempt(AttemptId),
    /// A refund.
    Refund(RefundId),
    /// Credit that somebody got.
    Credit(CreditId),
    /// A payment of a provider.
    Settlement(SettlementId),
    /// A payment of a diner.
    Payment(PaymentId),
}

/// A text that says no such thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a transaction is about an order, a change, an attempt, a refund, credit, a settlement or a payment"
)]
pub struct AboutError;

impl About {
    pub(super) fn uid(self) -> Uid {
        match self {
            Self::Order(id) => id.uid(),
            Self::Change(id) => id.uid(),
            Self::Attempt(id) => id.uid(),
            Self::Refund(id) => id.uid(),
            Self::Credit(id) => id.uid(),
            Self::Settlement(id) => id.uid(),
            Self::Payment(id) => id.uid(),
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(id) => id.fmt(f),
            Self::Change(id) => id.fmt(f),
            Self::Attempt(id) => id.fmt(f),
            Self::Refund(id) => id.fmt(f),
            Self::Credit(id) => id.fmt(f),
            Self::Settlement(id) => id.fmt(f),
            Self::Payment(id) => id.fmt(f),
        }
    }
}

impl FromStr for About {
    type Err = AboutError;

    fn from_str(text: &str) -> Result<Self, AboutError> {
        let found = text.parse().map(Self::Order).ok();
        let found = found.or_else(|| text.parse().map(Self::Change).ok());
        let found = found.or_else(|| text.parse().map(Self::Attempt).ok());
        let found = found.or_else(|| text.parse().map(Self::Refund).ok());
        let found = found.or_else(|| text.parse().map(Self::Credit).ok());
        let found = found.or_else(|| text.parse().map(Self::Settlement).ok());
        let found = found.or_else(|| text.parse().map(Self::Payment).ok());
        found.ok_or(AboutError)
    }
}

impl Serialize for About {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for About {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
