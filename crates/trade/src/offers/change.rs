//! An offer as it stands, and how it changes.

use base::{Error, Time, Uid, codes};
use serde::{Deserialize, Serialize};

use super::code::Code;
use super::terms::Terms;
use super::{CouponId, PromotionId};

/// Names an offer of either sort.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OfferId {
    /// A coupon.
    Coupon(CouponId),
    /// A promotion.
    Promotion(PromotionId),
}

impl OfferId {
    /// The same without its type; also the stream of its events.
    #[must_use]
    pub const fn uid(self) -> Uid {
        match self {
            OfferId::Coupon(id) => id.uid(),
            OfferId::Promotion(id) => id.uid(),
        }
    }

    /// Whether it is a coupon.
    #[must_use]
    pub const fn is_coupon(self) -> bool {
        matches!(self, OfferId::Coupon(_))
    }

    /// The kind of the event by which it comes to be.
    #[must_use]
    pub const fn created(self) -> &'static str {
        match self {
            OfferId::Coupon(_) => "coupon.created",
            OfferId::Promotion(_) => "promotion.created",
        }
    }

    /// The kind of the event by which its terms change.
    #[must_use]
    pub const fn changed(self) -> &'static str {
        match self {
            OfferId::Coupon(_) => "coupon.changed",
            OfferId::Promotion(_) => "promotion.changed",
        }
    }

    /// The kind of the event by which it ends.
    #[must_use]
    pub const fn ended(self) -> &'static str {
        match self {
            OfferId::Coupon(_) => "coupon.ended",
            OfferId::Promotion(_) => "promotion.ended",
        }
    }
}

/// Whether an offer can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It can, as its terms say.
    Live,
    /// It cannot, and never will again.
    Ended,
}

impl State {
    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            State::Live => "live",
            State::Ended => "ended",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [State::Live, State::Ended]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// An offer as it stands after its last event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Which one.
    pub id: OfferId,
    /// The code of a coupon.
    pub code: Option<Code>,
    /// How many events it has had.
    pub version: i64,
    /// Whether it can be used.
    pub state: State,
    /// Its terms.
    pub terms: Terms,
    /// When it was made.
    pub created_at: Time,
}

/// What the event tells by which an offer comes to be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// The code of a coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Its terms.
    pub terms: Terms,
}

/// What the event tells by which the terms of an offer change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Its terms from then on.
    pub terms: Terms,
}

/// Why something is not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Somebody else has changed it meanwhile.
    #[error("it was changed since it was read, and stands at version {now}")]
    Changed {
        /// The version that it stands at.
        now: i64,
    },
    /// It has ended.
    #[error("it has ended, and an offer that has ended does not change")]
    Ended,
    /// Amounts do not change their currency.
    #[error("an offer keeps its currency")]
    Currency,
    /// A field is not in its range.
    #[error("it is out of range")]
    OutOfRange(&'static str),
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        let said = refusal.to_string();
        match refusal {
            Refusal::Changed { .. } => Error::conflict(codes::VERSION_CHANGED, said),
            Refusal::Ended => Error::conflict(codes::CONFLICT, said),
            Refusal::Currency => Error::invalid(codes::FIELD_INVALID, said.clone()).field(
                "currency",
                codes::FIELD_INVALID,
                said,
            ),
            Refusal::OutOfRange(name) => Error::invalid(codes::FIELD_INVALID, said.clone()).field(
                name,
                codes::FIELD_INVALID,
                said,
            ),
        }
    }
}

impl Offer {
    /// What comes to be.
    #[must_use]
    pub fn created(id: OfferId, founding: Founding, at: Time) -> Self {
        Offer {
            id,
            code: founding.code,
            version: 1,
            state: State::Live,
            terms: founding.terms,
            created_at: at,
        }
    }

    /// Other terms; nothing when these are its terms already.
    ///
    /// # Errors
    /// It has ended, or whoever says so has not seen how it stands.
    pub fn change(&self, terms: Terms, seen: i64) -> Result<Option<Told>, Refusal> {
        if seen != self.version {
            return Err(Refusal::Changed { now: self.version });
        }
        if self.state == State::Ended {
            return Err(Refusal::Ended);
        }
        if terms.currency != self.terms.currency {
            return Err(Refusal::Currency);
        }
        let terms = terms.checked()?;
        Ok((terms != self.terms).then_some(Told { terms }))
    }

    /// Whether ending it changes anything.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.state == State::Live
    }

    /// The offer after a change.
    #[must_use]
    pub fn changed(self, told: Told) -> Self {
        Offer {
            version: self.version.saturating_add(1),
            terms: told.terms,
            ..self
        }
    }

    /// The offer after its end.
    #[must_use]
    pub fn ended(self) -> Self {
        Offer {
            version: self.version.saturating_add(1),
            state: State::Ended,
            ..self
        }
    }
}
