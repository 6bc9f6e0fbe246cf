//! A refund as it stands.

use base::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::ledger::{Bearer, Granting};
use crate::orders::{LineKey, OrderId};
use crate::payments::{AttemptId, PaymentId, RefundId};

/// Why money is given back. Lines that were changed and orders that came to nothing need no refund: what was paid for
/// them is owed to the diner by that alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Something was not there.
    Missing,
    /// Something else was there.
    Wrong,
    /// It was not good.
    Quality,
    /// It came too late.
    Late,
    /// It did not come.
    NotDelivered,
    /// Somebody wants to be kind.
    Goodwill,
    /// Something else.
    Other,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Missing,
        Self::Wrong,
        Self::Quality,
        Self::Late,
        Self::NotDelivered,
        Self::Goodwill,
        Self::Other,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Quality => "quality",
            Self::Late => "late",
            Self::NotDelivered => "not_delivered",
            Self::Goodwill => "goodwill",
            Self::Other => "other",
        }
    }

    /// The reason of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// Which way money goes back.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The way it came.
    #[default]
    Back,
    /// To the diner's credit.
    Credit,
}

impl Way {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Back => "back",
            Self::Credit => "credit",
        }
    }

    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands in references"
    )]
    pub(super) const fn is_back(&self) -> bool {
        matches!(self, Self::Back)
    }
}

/// How a refund stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A second person has to agree.
    Asked,
    /// It is owed to the diner.
    Granted,
    /// Nothing is given back.
    Declined,
    /// All of it was given back.
    Executed,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Executed => "executed",
        }
    }
}

/// What is given back of a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Which line; none for what belongs to no line, fees and the tip.
    pub line: Option<LineKey>,
    /// How much, in minor units, with its tax.
    pub minor: i64,
    /// The tax in it.
    pub tax_minor: i64,
}

/// Money that was given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// The attempt that did it; none where nobody outside was asked.
    pub attempt: Option<AttemptId>,
    /// How much, in minor units.
    pub minor: i64,
}

/// How much of a refund is given back from a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// Which payment.
    pub payment: PaymentId,
    /// How much, in minor units.
    pub minor: i64,
}

/// A refund.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// Which one.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// The currency of all amounts.
    pub currency: Currency,
    /// What is given back, a part for each line.
    pub parts: Vec<Part>,
    /// Why.
    pub reason: Reason,
    /// Who bears it.
    pub bearer: Bearer,
    /// Which way it goes.
    #[serde(default, skip_serializing_if = "Way::is_back")]
    pub to: Way,
    /// Who asked for it.
    pub asked_by: String,
    /// Who decided; whoever asked, where nobody else had to.
    pub decided_by: Option<String>,
    /// How it stands.
    pub state: State,
    /// From which payments it is given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drawn: Vec<Drawn>,
    /// What has moved.
    pub moved: Vec<Moved>,
    /// How many events made it.
    pub version: i64,
}

impl Refund {
    /// All that is given back.
    #[must_use]
    pub fn minor(&self) -> i64 {
        sum(self.parts.iter().map(|part| part.minor))
    }

    /// The tax in it.
    #[must_use]
    pub fn tax_minor(&self) -> i64 {
        sum(self.parts.iter().map(|part| part.tax_minor))
    }

    /// What has moved.
    #[must_use]
    pub fn moved_minor(&self) -> i64 {
        sum(self.moved.iter().map(|moved| moved.minor))
    }

    /// Whether it takes of what is left of the order.
    #[must_use]
    pub const fn counts(&self) -> bool {
        match self.state {
            State::Asked | State::Granted | State::Executed => true,
            State::Declined => false,
        }
    }

    /// What the ledger is told when it is granted.
    #[must_use]
    pub fn granting(&self) -> Granting {
        Granting {
            refund: self.id,
            amount: Money::new(self.minor(), self.currency),
            tax: Money::new(self.tax_minor(), self.currency),
            bearer: self.bearer,
        }
    }
}

/// The parts were bounded by what was paid when they were decided, so their sum fits.
fn sum(minor: impl Iterator<Item = i64>) -> i64 {
    minor.fold(0, i64::saturating_add)
}
