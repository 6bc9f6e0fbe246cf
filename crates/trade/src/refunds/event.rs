//! What happened to a refund.

use base::Currency;
use serde::{Deserialize, Serialize};

use super::types::{Drawn, Moved, Part, Reason, Way};
use crate::ledger::Bearer;
use crate::orders::OrderId;
use crate::payments::RefundId;

/// What the first event says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Which refund.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// In which currency.
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
    pub by: String,
}

/// What happened. As JSON it says by itself which event it is; [`Event::kind`] is its name in the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// Somebody asked for it.
    Asked(Asked),
    /// It is owed to the diner from now on.
    Granted {
        /// Who decided it.
        by: String,
    },
    /// Nothing is given back.
    Declined {
        /// Who decided it.
        by: String,
    },
    /// It is given back from these payments.
    Drawn {
        /// How much of each.
        from: Vec<Drawn>,
    },
    /// Money was given back.
    Executed(Moved),
}

impl Event {
    /// All names of these events in the log.
    pub const KINDS: [&'static str; 5] = [
        "refund.asked",
        "refund.granted",
        "refund.declined",
        "refund.drawn",
        "refund.executed",
    ];

    /// Its name in the log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Asked(_) => "refund.asked",
            Self::Granted { .. } => "refund.granted",
            Self::Declined { .. } => "refund.declined",
            Self::Drawn { .. } => "refund.drawn",
            Self::Executed(_) => "refund.executed",
        }
    }
}
