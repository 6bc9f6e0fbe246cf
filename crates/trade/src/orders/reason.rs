//! Why an order ended: few codes, and who said so. Free words are personal and not kept here.

use serde::{Deserialize, Serialize};

use super::types::{Actor, named};

named! {
    /// Why an order was not made, or not taken.
    Why {
        /// The diner thought better of it.
        ChangedMind = "changed_mind",
        /// It was ordered by mistake, or twice.
        Mistake = "mistake",
        /// It takes too long.
        TooSlow = "too_slow",
        /// Something that was ordered has run out.
        SoldOut = "sold_out",
        /// The kitchen has too much to do.
        TooBusy = "too_busy",
        /// The restaurant is closed.
        Closed = "closed",
        /// It cannot be brought there, or nobody can bring it.
        CannotDeliver = "cannot_deliver",
        /// The diner asked the restaurant or the operators for it.
        CustomerAsked = "customer_asked",
        /// Nobody was there to take it.
        CustomerAbsent = "customer_absent",
        /// Nobody came to fetch it.
        NotCollected = "not_collected",
        /// Whoever was there did not take it.
        NotTaken = "not_taken",
        /// It was damaged or lost.
        Damaged = "damaged",
        /// It looks like fraud.
        Suspicious = "suspicious",
        /// The payment was refused.
        PaymentFailed = "payment_failed",
        /// The payment did not come in time.
        PaymentMissing = "payment_missing",
        /// The restaurant did not answer in time.
        NoAnswer = "no_answer",
        /// Something else.
        Other = "other",
    }
}

/// Why, and who said so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Coded {
    /// Why.
    pub why: Why,
    /// Who said so.
    pub by: Actor,
}

impl Why {
    /// Whether this actor may say so.
    #[must_use]
    pub const fn is_said_by(self, actor: Actor) -> bool {
        match self {
            Self::ChangedMind | Self::TooSlow => {
                matches!(actor, Actor::Diner | Actor::Operator)
            }
            Self::Mistake | Self::Other => !matches!(actor, Actor::Platform),
            Self::SoldOut
            | Self::TooBusy
            | Self::Closed
            | Self::CannotDeliver
            | Self::CustomerAsked
            | Self::NotCollected
            | Self::Suspicious => matches!(actor, Actor::Restaurant | Actor::Operator),
            Self::CustomerAbsent | Self::NotTaken | Self::Damaged => {
                matches!(actor, Actor::Restaurant | Actor::Courier | Actor::Operator)
            }
            Self::PaymentFailed | Self::PaymentMissing | Self::NoAnswer => {
                matches!(actor, Actor::Platform)
            }
        }
    }

    /// Whether it lies with the diner that an order that was made for him is not taken.
    #[must_use]
    pub const fn is_of_diner(self) -> bool {
        match self {
            Self::ChangedMind
            | Self::Mistake
            | Self::CustomerAsked
            | Self::CustomerAbsent
            | Self::NotCollected
            | Self::NotTaken => true,
            Self::TooSlow
            | Self::SoldOut
            | Self::TooBusy
            | Self::Closed
            | Self::CannotDeliver
            | Self::Damaged
            | Self::Suspicious
            | Self::PaymentFailed
            | Self::PaymentMissing
            | Self::NoAnswer
            | Self::Other => false,
        }
    }
}
