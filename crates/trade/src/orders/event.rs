//! What has happened to an order, and how the log tells of it.

use base::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Proposal};
use super::reason::Coded;
use super::tips::Tip;
use super::types::{Order, Status, TicketId, TicketState};
use crate::payments::PaymentId;
use domain::organisations::RestaurantId;
use domain::people::PersonId;

/// An event of an order; its place in the stream is the order's version after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When it happened.
    pub at: Time,
    /// What happened.
    pub said: Said,
}

/// Why a proposed change came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// The diner said no.
    Declined,
    /// Who proposed it took it back.
    Withdrawn,
    /// Nobody answered in time.
    Lapsed,
    /// Its money did not come.
    Unpaid,
}

/// What happened. Kinds and fields never change their meaning; new fields may come and have a default.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", deny_unknown_fields)]
pub enum Said {
    /// It was placed, and this is all of it.
    #[serde(rename = "order.created")]
    Created(Box<Order>),
    /// Its money is safe.
    #[serde(rename = "order.secured", rename_all = "camelCase")]
    Secured {
        /// Until when the restaurant must answer now.
        accept_by: Time,
    },
    /// Its money will not come.
    #[serde(rename = "order.payment_failed")]
    PaymentFailed {
        /// The provider's code.
        code: String,
    },
    /// Its time has come: the restaurant is asked.
    #[serde(rename = "order.released", rename_all = "camelCase")]
    Released {
        /// Until when the restaurant must answer.
        accept_by: Time,
    },
    /// The restaurant has accepted it.
    #[serde(rename = "order.confirmed", rename_all = "camelCase")]
    Confirmed {
        /// When it is promised.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promised_at: Option<Time>,
        /// Whether nobody was asked.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        auto: bool,
    },
    /// The first kitchen has begun.
    #[serde(rename = "order.preparing")]
    Preparing {
        /// The ticket that was begun; none is all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<TicketId>,
    },
    /// One of several kitchens has begun or is done, and the order stands where it stood.
    #[serde(rename = "order.ticket_moved")]
    TicketMoved {
        /// The ticket.
        ticket: TicketId,
        /// How far it is.
        state: TicketState,
    },
    /// All of it can be taken.
    #[serde(rename = "order.ready")]
    Ready {},
    /// It has left the restaurant.
    #[serde(rename = "order.out_for_delivery")]
    OutForDelivery {},
    /// It was brought.
    #[serde(rename = "order.delivered")]
    Delivered {},
    /// It was fetched.
    #[serde(rename = "order.collected")]
    Collected {},
    /// It was brought to the table.
    #[serde(rename = "order.served")]
    Served {},
    /// It came back.
    #[serde(rename = "order.returned")]
    Returned {
        /// Why.
        reason: Coded,
    },
    /// It was cancelled.
    #[serde(rename = "order.cancelled")]
    Cancelled {
        /// Why.
        reason: Coded,
    },
    /// The restaurant did not take it.
    #[serde(rename = "order.rejected")]
    Rejected {
        /// Why.
        reason: Coded,
    },
    /// Its time was over.
    #[serde(rename = "order.expired")]
    Expired {
        /// Why.
        reason: Coded,
    },
    /// It will be there at another time.
    #[serde(rename = "order.promised", rename_all = "camelCase")]
    Promised {
        /// When.
        promised_at: Time,
    },
    /// A change waits for the diner's word, or for its money when he asked for it himself.
    #[serde(rename = "order.change_proposed")]
    ChangeProposed(Box<Proposal>),
    /// The diner has agreed to a change that waits for its money now.
    #[serde(rename = "order.change_agreed")]
    ChangeAgreed {
        /// The number of the proposal.
        proposal: i64,
        /// Until when the money must come.
        until: Time,
    },
    /// A proposed change came to nothing.
    #[serde(rename = "order.change_dropped")]
    ChangeDropped {
        /// The number of the proposal.
        proposal: i64,
        /// Why.
        why: Dropped,
    },
    /// Its lines are others now.
    #[serde(rename = "order.changed")]
    Changed {
        /// The change.
        change: Box<Change>,
        /// The number of the proposal that it was; none for what waited for nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proposal: Option<i64>,
    },
    /// A tip was given; its money is asked for.
    #[serde(rename = "order.tip_asked")]
    TipAsked(Tip),
    /// The money of a tip was taken.
    #[serde(rename = "order.tipped")]
    Tipped {
        /// The payment that it is.
        payment: PaymentId,
    },
    /// The money of a tip did not come.
    #[serde(rename = "order.tip_failed")]
    TipFailed {
        /// The payment that it is.
        payment: PaymentId,
        /// Why: a code, no words.
        code: String,
    },
}

impl Said {
    /// All kinds of events of orders.
    pub const KINDS: &'static [&'static str] = &[
        "order.created",
        "order.secured",
        "order.payment_failed",
        "order.released",
        "order.confirmed",
        "order.preparing",
        "order.ticket_moved",
        "order.ready",
        "order.out_for_delivery",
        "order.delivered",
        "order.collected",
        "order.served",
        "order.returned",
        "order.cancelled",
        "order.rejected",
        "order.expired",
        "order.promised",
        "order.change_proposed",
        "order.change_agreed",
        "order.change_dropped",
        "order.changed",
        "order.tip_asked",
        "order.tipped",
        "order.tip_failed",
    ];

    /// The kind of the event.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created(_) => "order.created",
            Self::Secured { .. } => "order.secured",
            Self::PaymentFailed { .. } => "order.payment_failed",
            Self::Released { .. } => "order.released",
            Self::Confirmed { .. } => "order.confirmed",
            Self::Preparing { .. } => "order.preparing",
            Self::TicketMoved { .. } => "order.ticket_moved",
            Self::Ready {} => "order.ready",
            Self::OutForDelivery {} => "order.out_for_delivery",
            Self::Delivered {} => "order.delivered",
            Self::Collected {} => "order.collected",
            Self::Served {} => "order.served",
            Self::Returned { .. } => "order.returned",
            Self::Cancelled { .. } => "order.cancelled",
            Self::Rejected { .. } => "order.rejected",
            Self::Expired { .. } => "order.expired",
            Self::Promised { .. } => "order.promised",
            Self::ChangeProposed(_) => "order.change_proposed",
            Self::ChangeAgreed { .. } => "order.change_agreed",
            Self::ChangeDropped { .. } => "order.change_dropped",
            Self::Changed { .. } => "order.changed",
            Self::TipAsked(_) => "order.tip_asked",
            Self::Tipped { .. } => "order.tipped",
            Self::TipFailed { .. } => "order.tip_failed",
        }
    }
}

/// The payload of any event of an order. What stands beside `data` is for those who only look on: whose order it is, and
/// where it stands after the event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Told {
    /// Who makes the order.
    pub restaurant: RestaurantId,
    /// Who ordered, when he is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PersonId>,
    /// When it happened.
    pub at: Time,
    /// Where the order stands after it.
    pub status: Status,
    /// Of `order.created`: the number that the counter gave with the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// What happened, by kind.
    pub data: Value,
}

/// An event that the log holds and that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("an event {kind} of an order cannot be read")]
pub struct Unreadable {
    /// Its kind.
    pub kind: String,
    /// Why.
    #[source]
    pub cause: serde_json::Error,
}

impl Event {
    /// The kind of the event.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.said.kind()
    }

    /// The payload of the event; `after` is the order that it leads to.
    ///
    /// # Errors
    /// It cannot be written as JSON, which no event can bring about.
    pub fn told(&self, after: &Order) -> Result<Told, Unreadable> {
        let unreadable = |cause| Unreadable {
            kind: self.kind().to_owned(),
            cause,
        };
        let mut tagged = serde_json::to_value(&self.said).map_err(unreadable)?;
        let data = tagged.get_mut("data").map(Value::take);
        Ok(Told {
            restaurant: after.restaurant,
            customer: after.customer,
            at: self.at,
            status: after.status,
            number: None,
            data: data.unwrap_or_default(),
        })
    }

    /// The event of this kind and payload, as the log holds them.
    ///
    /// # Errors
    /// The kind is not one of an order, or the payload is not one of its kind.
    pub fn read(kind: &str, payload: Value) -> Result<Self, Unreadable> {
        let unreadable = |cause| Unreadable {
            kind: kind.to_owned(),
            cause,
        };
        let told: Told = serde_json::from_value(payload).map_err(unreadable)?;
        let mut tagged = serde_json::Map::new();
        tagged.insert("kind".to_owned(), Value::from(kind));
        tagged.insert("data".to_owned(), told.data);
        let mut said = serde_json::from_value(Value::Object(tagged)).map_err(unreadable)?;
        if let (Said::Created(order), Some(number)) = (&mut said, told.number) {
            order.number = number;
        }
        Ok(Self { at: told.at, said })
    }
}
