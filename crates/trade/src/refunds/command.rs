//! What can be asked of a refund.

use super::types::{Drawn, Moved, Reason, Way};
use crate::ledger::Bearer;
use crate::orders::{LineKey, OrderId};
use crate::payments::RefundId;

/// How much of a line is to be given back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// Which line; none for what belongs to no line, fees and the tip.
    pub line: Option<LineKey>,
    /// How much, in minor units; none for all that is left.
    pub minor: Option<i64>,
}

/// A refund that somebody asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asking {
    /// Its id.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// What is to be given back; none for all that is left of the order.
    pub shares: Vec<Share>,
    /// Why.
    pub reason: Reason,
    /// Who bears it.
    pub bearer: Bearer,
    /// Which way it goes.
    pub to: Way,
    /// Who asks.
    pub by: String,
}

/// What can be asked of a refund.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// To be there, and granted where nobody else has to agree.
    Ask(Asking),
    /// To be granted, by a second person.
    Approve {
        /// Who agrees.
        by: String,
    },
    /// To come to nothing.
    Decline {
        /// Who says so; whoever asked may take it back.
        by: String,
    },
    /// To say from which payments it is given back.
    Draw(Vec<Drawn>),
    /// To take note of money that was given back.
    Execute(Moved),
}

/// What one person may decide alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Up to how much of an order, all of its refunds together, in minor units. None: whatever it is.
    pub alone_minor: Option<i64>,
}
