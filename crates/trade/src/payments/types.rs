//! An intent and its attempts.

use std::time::Duration;

use base::{Currency, Money, Time};
use serde::{Deserialize, Serialize};

use super::{AttemptId, Covers, PaymentId, ProviderName, RefundId, Voucher};
use crate::orders::OrderId;

/// For so long an attempt may be without an outcome before a human has to look.
pub const LEFT_ALONE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// What a provider is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// To hold the amount.
    Authorise,
    /// To take what is held, or a part of it.
    Capture,
    /// To let go of what is held.
    Cancel,
    /// To give back what was taken, or a part of it.
    Refund,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Authorise, Self::Capture, Self::Cancel, Self::Refund];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorise => "authorise",
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        }
    }

    /// The act of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }
}

/// How an attempt stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// It was sent; the provider has it, or will have it.
    Sent,
    /// Nobody knows what became of it: it is looked up.
    Unknown,
    /// The provider did it.
    Done,
    /// The provider did nothing, and will not.
    Refused,
    /// It certainly came to nothing, and nobody asks for it any more.
    GivenUp,
}

impl AttemptState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Sent,
        Self::Unknown,
        Self::Done,
        Self::Refused,
        Self::GivenUp,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether its outcome is known for good.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Sent | Self::Unknown => false,
            Self::Done | Self::Refused | Self::GivenUp => true,
        }
    }
}

/// One ask under one key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Which one: its key outside.
    pub id: AttemptId,
    /// What was asked.
    pub act: Act,
    /// How much, in minor units.
    pub minor: i64,
    /// Who was asked.
    pub provider: ProviderName,
    /// The refund that it executes.
    pub refund: Option<RefundId>,
    /// When it was about to be sent for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Time>,
    /// How it stands.
    pub state: AttemptState,
    /// Whether the diner has to do something before it goes on.
    pub needs_action: bool,
    /// What the provider calls it.
    pub reference: Option<String>,
    /// Why the provider refused.
    pub code: Option<String>,
    /// Whether the provider has said something since that contradicts its outcome.
    pub is_contradicted: bool,
    /// Whether it counts as done by a human's word after the provider had refused it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_refused: bool,
}

impl Attempt {
    /// Since when it is asked for. Of an attempt that was stored without its time it is when its payment began.
    #[must_use]
    pub fn since(&self) -> Time {
        self.sent_at.unwrap_or_else(|| self.id.uid().time())
    }

    /// Whether it has been without an outcome for so long that a human has to look.
    #[must_use]
    pub fn needs_human(&self, now: Time) -> bool {
        !self.state.is_settled() && now.since(self.since()) >= LEFT_ALONE
    }

    /// Whether it certainly came to nothing.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.state, AttemptState::Refused | AttemptState::GivenUp) && !self.is_contradicted
    }

    /// Whether it came to nothing, and the provider has said since that it did it.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        matches!(self.state, AttemptState::Refused | AttemptState::GivenUp) && self.is_contradicted
    }

    /// Whether a human may say what became of it: the platform does not find out by itself any more, and it was not done.
    #[must_use]
    pub fn is_for_human(&self, now: Time) -> bool {
        match self.state {
            AttemptState::Sent | AttemptState::Unknown => {
                self.is_contradicted || self.needs_human(now)
            }
            AttemptState::Refused => true,
            AttemptState::GivenUp => self.is_contradicted,
            AttemptState::Done => false,
        }
    }
}

/// How an intent stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is held yet.
    Open,
    /// The diner has to do something on the provider's page.
    ActionNeeded,
    /// The amount is held.
    Authorised,
    /// What is held was taken, or a part of it.
    Captured,
    /// A part of it was given back.
    PartlyRefunded,
    /// All of it was given back.
    Refunded,
    /// It was let go before anything was taken.
    Cancelled,
    /// It came to nothing.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::ActionNeeded,
        Self::Authorised,
        Self::Captured,
        Self::PartlyRefunded,
        Self::Refunded,
        Self::Cancelled,
        Self::Failed,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::ActionNeeded => "action_needed",
            Self::Authorised => "authorised",
            Self::Captured => "captured",
            Self::PartlyRefunded => "partly_refunded",
            Self::Refunded => "refunded",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing changes any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Refunded | Self::Cancelled | Self::Failed => true,
            Self::Open
            | Self::ActionNeeded
            | Self::Authorised
            | Self::Captured
            | Self::PartlyRefunded => false,
        }
    }

    /// Whether the order may count on the money.
    #[must_use]
    pub const fn is_secured(self) -> bool {
        match self {
            Self::Authorised | Self::Captured | Self::PartlyRefunded => true,
            Self::Open | Self::ActionNeeded | Self::Refunded | Self::Cancelled | Self::Failed => {
                false
            }
        }
    }
}

/// What an order's money is meant to do, and how far it has got.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Which one.
    pub id: PaymentId,
    /// What is paid for.
    pub order: OrderId,
    /// The currency of all amounts.
    pub currency: Currency,
    /// What is to be paid, in minor units; above zero.
    pub minor: i64,
    /// What of the bill.
    #[serde(default, skip_serializing_if = "Covers::is_any")]
    pub covers: Covers,
    /// The meal voucher, where it is paid with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<Voucher>,
    /// What is held, or was until it was taken.
    pub authorised_minor: i64,
    /// What was taken.
    pub captured_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
    /// How it stands.
    pub state: State,
    /// Why it failed.
    pub code: Option<String>,
    /// All attempts, in the order in which they were sent.
    pub attempts: Vec<Attempt>,
    /// How many events made it.
    pub version: i64,
}

impl Intent {
    /// What is to be paid.
    #[must_use]
    pub const fn amount(&self) -> Money {
        Money::new(self.minor, self.currency)
    }

    /// The attempt of this id.
    #[must_use]
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.id == id)
    }

    /// The attempts of which nobody knows the outcome yet.
    pub fn unsettled(&self) -> impl Iterator<Item = &Attempt> {
        let attempts = self.attempts.iter();
        attempts.filter(|attempt| !attempt.state.is_settled())
    }

    /// The attempt that holds the money, or did.
    #[must_use]
    pub fn held_by(&self) -> Option<&Attempt> {
        self.done(Act::Authorise).next()
    }

    /// The attempts of an act that worked.
    pub fn done(&self, act: Act) -> impl Iterator<Item = &Attempt> {
        let attempts = self.attempts.iter();
        attempts.filter(move |attempt| attempt.act == act && attempt.state == AttemptState::Done)
    }

    /// What can still be taken, if all that is on its way works. Never below zero.
    #[must_use]
    pub fn capturable_minor(&self) -> i64 {
        let taken = self
            .captured_minor
            .saturating_add(self.on_its_way(Act::Capture));
        self.authorised_minor.saturating_sub(taken).max(0)
    }

    /// What can still be given back, if all that is on its way works, and all that was perhaps given was. Never below zero.
    #[must_use]
    pub fn refundable_minor(&self) -> i64 {
        let given = self
            .refunded_minor
            .saturating_add(self.on_its_way(Act::Refund))
            .saturating_add(self.doubtful_minor(|_| true));
        self.captured_minor.saturating_sub(given).max(0)
    }

    /// What was refused when it was to be given back, and perhaps given even so, by those of these attempts.
    #[must_use]
    pub fn doubtful_minor(&self, counts: impl Fn(AttemptId) -> bool) -> i64 {
        let all = self.attempts.iter();
        let doubtful = all.filter(|one| one.act == Act::Refund && one.is_doubtful());
        doubtful
            .filter(|one| counts(one.id))
            .fold(0, |sum, one| sum.saturating_add(one.minor))
    }

    /// What the unsettled attempts of an act are about.
    #[must_use]
    pub fn on_its_way(&self, act: Act) -> i64 {
        let sent = self.unsettled().filter(|attempt| attempt.act == act);
        sent.fold(0, |sum, attempt| sum.saturating_add(attempt.minor))
    }

    /// Whether an attempt of this act has no outcome yet.
    #[must_use]
    pub fn is_under_way(&self, act: Act) -> bool {
        self.unsettled().any(|attempt| attempt.act == act)
    }
}
