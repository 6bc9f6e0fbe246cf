//! Changes of an order after it was placed: lines are removed, replaced or counted anew.
//!
//! Whoever asks for a change prices it first; here it is only proven that what was priced is what was asked for, and
//! what is to be given back or paid besides. What the diner did not ask for himself waits for his word, and what costs
//! more waits for its money.

use base::Time;
use serde::{Deserialize, Serialize};

use super::types::{Actor, Line, LineKey, MoneyLine};

/// The most commands of one change.
pub const LINE_COMMANDS_MAX: usize = 50;

/// What is to be done with a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum LineCommand {
    /// Take it out.
    Remove {
        /// The line.
        line: LineKey,
    },
    /// Let another line stand for it.
    Replace {
        /// The line.
        line: LineKey,
        /// The key of the other one, which the order has not had.
        with: LineKey,
    },
    /// Sell another number of it.
    Quantity {
        /// The line.
        line: LineKey,
        /// How many there are to be.
        quantity: u32,
    },
}

/// What an order would hold after a change, priced by whoever asks for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Repriced {
    /// All lines that are sold then.
    pub lines: Vec<Line>,
    /// All amounts of these.
    pub money: Vec<MoneyLine>,
}

/// A change with what comes of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Change {
    /// What is done.
    pub commands: Vec<LineCommand>,
    /// Who asked for it.
    pub by: Actor,
    /// All lines that are sold then.
    pub lines: Vec<Line>,
    /// All amounts of these.
    pub money: Vec<MoneyLine>,
    /// What is to be paid then.
    pub total_minor: i64,
    /// What is to be paid besides; below zero what is to be given back.
    pub difference_minor: i64,
}

/// A change that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Proposal {
    /// Its number: the version of the order at which it was made.
    pub number: i64,
    /// The change.
    pub change: Change,
    /// Until when it waits.
    pub until: Time,
    /// Whether the diner has said yes, so that it waits for the money only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
}
