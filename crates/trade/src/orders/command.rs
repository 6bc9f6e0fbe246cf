//! What can be asked of an order.

use base::{Currency, Time};
use carte::{Channel, RevisionNumber, Service};
use serde::{Deserialize, Serialize};

use super::change::{LineCommand, Repriced};
use super::reason::Why;
use super::tabs::Tab;
use super::types::{
    Actor, Line, MoneyLine, OrderId, Paying, Rules, Ticket, TicketId, Used, is_zero,
};
use crate::payments::PaymentId;
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use domain::pricing::Recipient;

/// An order that is to be placed: everything is checked against menu, hours and places, and priced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Placing {
    /// Which one it is.
    pub id: OrderId,
    /// Who makes it.
    pub restaurant: RestaurantId,
    /// Who orders, when he is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PersonId>,
    /// How it reaches the diner.
    pub service: Service,
    /// Where it is ordered.
    pub channel: Channel,
    /// What people call it that day; 0 when the counter gives one with the commit.
    #[serde(default)]
    pub number: u32,
    /// When the diner wants it; none is as soon as can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted_at: Option<Time>,
    /// When it is thought to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<Time>,
    /// The revision of the menu that it is sold by.
    pub revision: RevisionNumber,
    /// What all amounts are in.
    pub currency: Currency,
    /// What is ordered.
    pub lines: Vec<Line>,
    /// All amounts of it.
    pub money: Vec<MoneyLine>,
    /// What of it is paid with meal vouchers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub vouchers_minor: i64,
    /// The tab that it opens: how much is held, where that is more than it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tab: Option<Tab>,
    /// What the kitchens make of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<Ticket>,
    /// How sure its money is: waiting, on delivery, or secured when nothing is left to be paid.
    pub paying: Paying,
    /// The rules of the restaurant now.
    pub rules: Rules,
    /// What takes something off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Used>,
}

/// What the diner says to a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// So be it.
    Yes,
    /// Leave it as it was.
    No,
}

/// What can be asked of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Command {
    /// Place it.
    Place(Box<Placing>),
    /// Its payment is authorised.
    Secure,
    /// Its payment will not come.
    PayFailed {
        /// What the provider's code for it is; no words.
        code: String,
    },
    /// The time of a scheduled order has come.
    Wake,
    /// The restaurant takes it.
    Accept {
        /// When it is promised; none keeps what was thought.
        promised_at: Option<Time>,
    },
    /// The restaurant does not take it.
    Reject {
        /// Why.
        why: Why,
    },
    /// Its time to be paid or accepted is over.
    Expire,
    /// A kitchen begins: that of a ticket, or all.
    Start {
        /// The ticket.
        ticket: Option<TicketId>,
    },
    /// A kitchen is done: that of a ticket, or all.
    Ready {
        /// The ticket.
        ticket: Option<TicketId>,
    },
    /// It leaves the restaurant.
    Leave,
    /// It was brought.
    Deliver,
    /// It was fetched.
    Collect,
    /// It was brought to the table.
    Serve,
    /// It comes back.
    Return {
        /// Why.
        why: Why,
    },
    /// Somebody takes it back.
    Cancel {
        /// Why.
        why: Why,
    },
    /// It will be there at another time.
    Promise {
        /// When.
        at: Time,
    },
    /// Its lines are to be others; the facts hold their prices.
    Change {
        /// What is to be done with them.
        commands: Vec<LineCommand>,
        /// Why, where somebody else than the diner asks for it.
        why: Option<Why>,
    },
    /// An answer to a proposed change. A no of the restaurant takes the proposal back, one of the platform ends it.
    Consent(Word),
    /// The money of an agreed change is authorised.
    SecureChange {
        /// The number of the proposal.
        proposal: i64,
    },
    /// The money of an agreed change will not come.
    ChangePayFailed {
        /// The number of the proposal.
        proposal: i64,
    },
    /// A tip after the order was placed.
    Tip {
        /// The payment that it is.
        payment: PaymentId,
        /// How much, in minor units.
        minor: i64,
        /// For whom, where that is said.
        recipient: Option<Recipient>,
    },
    /// The money of a tip was taken.
    TipPaid {
        /// The payment that it is.
        payment: PaymentId,
    },
    /// The money of a tip will not come.
    TipFailed {
        /// The payment that it is.
        payment: PaymentId,
        /// Why: a code, no words.
        code: String,
    },
}

/// What is known when a command is decided upon.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who asks.
    pub actor: Actor,
    /// When.
    pub now: Time,
    /// For a change, and for what is taken out when nobody answers one: what the order would hold then.
    pub repriced: Option<&'a Repriced>,
}

impl Facts<'_> {
    /// The facts of any command but a change.
    #[must_use]
    pub const fn new(actor: Actor, now: Time) -> Self {
        Self {
            actor,
            now,
            repriced: None,
        }
    }
}
