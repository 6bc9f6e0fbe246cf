//! What can be asked of an intent, and what a provider can say.

use base::{Money, Time};
use serde::{Deserialize, Serialize};

use super::{Act, AttemptId, Covers, PaymentId, ProviderName, RefundId, Voucher};
use crate::orders::OrderId;

/// An attempt that is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sending {
    /// Its id, which is its key outside.
    pub attempt: AttemptId,
    /// What is asked.
    pub act: Act,
    /// How much. To authorise it is the whole amount; to cancel, all that is held.
    pub minor: i64,
    /// Who is asked.
    pub provider: ProviderName,
    /// The refund that it executes.
    pub refund: Option<RefundId>,
    /// When.
    pub at: Time,
}

/// What is known of an attempt. It may be told late, twice, or by several ways.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// It is done.
    Done {
        /// What the provider calls it.
        reference: String,
        /// How much it was about, in minor units.
        minor: i64,
    },
    /// The diner has to do something first.
    Action {
        /// What the provider calls it.
        reference: String,
    },
    /// The provider has taken it over and will tell.
    Pending {
        /// What the provider calls it.
        reference: String,
    },
    /// The provider did nothing, and will not.
    Refused {
        /// Why.
        code: String,
    },
    /// Nobody knows.
    Unknown,
    /// It certainly came to nothing, and nobody asks for it any more.
    GivenUp,
}

/// What can be asked of an intent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// To be there.
    Open {
        /// Its id.
        id: PaymentId,
        /// What is paid for.
        order: OrderId,
        /// How much.
        amount: Money,
        /// What of the bill.
        covers: Covers,
        /// The meal voucher, where it is paid with one.
        voucher: Option<Voucher>,
    },
    /// To make an attempt.
    Send(Sending),
    /// To take note of what is known of one.
    Settle {
        /// Which one.
        attempt: AttemptId,
        /// What is known.
        answer: Answer,
    },
    /// To take note of what a human has seen at the provider of one: also of one that was refused, and less than was asked.
    SettleByHand {
        /// Which one.
        attempt: AttemptId,
        /// What he has seen.
        answer: Answer,
    },
    /// To try no more: nothing is held, and nothing is on its way.
    Fail {
        /// Why.
        code: String,
    },
    /// To let go of it before anything was held.
    Drop,
}
