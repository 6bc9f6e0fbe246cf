//! What happened to an intent.

use base::{Currency, Time};
use serde::{Deserialize, Serialize};

use super::command::Answer;
use super::{Act, AttemptId, Covers, PaymentId, ProviderName, RefundId, Voucher};
use crate::orders::OrderId;

/// What the first event says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// Which payment.
    pub id: PaymentId,
    /// What is paid for.
    pub order: OrderId,
    /// In which currency.
    pub currency: Currency,
    /// How much, in minor units.
    pub minor: i64,
    /// What of the bill.
    #[serde(default, skip_serializing_if = "Covers::is_any")]
    pub covers: Covers,
    /// The meal voucher, where it is paid with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<Voucher>,
}

/// What became known of an attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// Which one.
    pub attempt: AttemptId,
    /// What it was to do.
    pub act: Act,
    /// What is known.
    pub answer: Answer,
    /// Whether a human has said so: that settles what the provider had said against it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
}

/// What happened. As JSON it says by itself which event it is; [`Event::kind`] is its name in the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// It is there.
    Opened(Opened),
    /// An attempt is about to be sent.
    Sent {
        /// Which one.
        attempt: AttemptId,
        /// What is asked.
        act: Act,
        /// How much, in minor units.
        minor: i64,
        /// Who is asked.
        provider: ProviderName,
        /// The refund that it executes.
        refund: Option<RefundId>,
        /// When. What was stored before this was said has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Time>,
    },
    /// Something became known of an attempt.
    Answered(Answered),
    /// The provider has said something that contradicts what was known for good: somebody has to look at it.
    Contradicted(Answered),
    /// It came to nothing.
    Failed {
        /// Why.
        code: String,
    },
    /// It was let go before anything was held.
    Dropped,
}

impl Event {
    /// All names of these events in the log.
    pub const KINDS: [&'static str; 14] = [
        "payment.opened",
        "payment.sent",
        "payment.authorised",
        "payment.captured",
        "payment.cancelled",
        "payment.refunded",
        "payment.action_needed",
        "payment.pending",
        "payment.refused",
        "payment.unknown",
        "payment.given_up",
        "payment.contradicted",
        "payment.failed",
        "payment.dropped",
    ];

    /// Its name in the log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Opened(_) => "payment.opened",
            Self::Sent { .. } => "payment.sent",
            Self::Answered(answered) => answered.kind(),
            Self::Contradicted(_) => "payment.contradicted",
            Self::Failed { .. } => "payment.failed",
            Self::Dropped => "payment.dropped",
        }
    }
}

impl Answered {
    const fn kind(&self) -> &'static str {
        match (&self.answer, self.act) {
            (Answer::Done { .. }, Act::Authorise) => "payment.authorised",
            (Answer::Done { .. }, Act::Capture) => "payment.captured",
            (Answer::Done { .. }, Act::Cancel) => "payment.cancelled",
            (Answer::Done { .. }, Act::Refund) => "payment.refunded",
            (Answer::Action { .. }, _) => "payment.action_needed",
            (Answer::Pending { .. }, _) => "payment.pending",
            (Answer::Refused { .. }, _) => "payment.refused",
            (Answer::Unknown, _) => "payment.unknown",
            (Answer::GivenUp, _) => "payment.given_up",
        }
    }
}
