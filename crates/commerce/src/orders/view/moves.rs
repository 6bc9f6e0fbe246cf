//! What can be said of an order that is there.

use std::collections::BTreeMap;

use base::{Result, Time};
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::orders::{Command, Order, Status, TicketId, Why};
use trade::payments::PaymentId;
use utoipa::ToSchema;

/// The most fields that a provider sends a payer back with.
const FIELDS_MAX: usize = 100;

/// Where an order is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderTarget)]
pub(crate) enum Target {
    /// The restaurant takes it.
    Confirmed,
    /// It does not.
    Rejected,
    /// A kitchen begins.
    Preparing,
    /// It can be taken.
    ReadyForPickup,
    /// It leaves the restaurant.
    OutForDelivery,
    /// It was brought.
    Delivered,
    /// It was fetched.
    Collected,
    /// It was brought to the table.
    Served,
    /// It comes back.
    Returned,
    /// It is taken back.
    Cancelled,
}

/// Why an order is not made, or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderWhy)]
pub(crate) enum WhyAsked {
    /// The diner thought better of it.
    ChangedMind,
    /// It was ordered by mistake, or twice.
    Mistake,
    /// It takes too long.
    TooSlow,
    /// Something that was ordered has run out.
    SoldOut,
    /// The kitchen has too much to do.
    TooBusy,
    /// The restaurant is closed.
    Closed,
    /// It cannot be brought there, or nobody can bring it.
    CannotDeliver,
    /// The diner asked for it.
    CustomerAsked,
    /// Nobody was there to take it.
    CustomerAbsent,
    /// Nobody came to fetch it.
    NotCollected,
    /// Whoever was there did not take it.
    NotTaken,
    /// It was damaged or lost.
    Damaged,
    /// It looks like fraud.
    Suspicious,
    /// Something else.
    Other,
}

/// What a restaurant says of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderMove)]
pub(crate) struct MoveAsked {
    /// Where it is to stand.
    status: Target,
    /// The version that was seen, if it matters that nothing has happened since.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: Option<i64>,
    /// Why, where it is rejected, cancelled or comes back; `other` when nothing is said.
    #[serde(default)]
    reason: Option<WhyAsked>,
    /// When the diner is told to have it: with `confirmed`, or later with the status that the order has.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    promised_at: Option<Time>,
    /// The ticket that a kitchen begins or has done; all when nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^tkt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    ticket: Option<TicketId>,
}

/// That a diner takes an order back.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderCancel)]
pub(crate) struct CancelAsked {
    /// Why: `changed_mind`, `mistake`, `too_slow` or `other`.
    #[serde(default)]
    reason: Option<DinerWhy>,
}

/// What a diner brought back from the page of the payment provider.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderPaymentReturn)]
pub(crate) struct Returned {
    /// The query of the address at which he came back: `redirectResult=…`.
    #[schema(max_length = 20_000)]
    query: String,
    /// The payment that he came back for; it has to be said where several wait for him.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^pay_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) payment: Option<PaymentId>,
}

/// Why a diner takes an order back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderDinerWhy)]
enum DinerWhy {
    /// He thought better of it.
    ChangedMind,
    /// It was ordered by mistake, or twice.
    Mistake,
    /// It takes too long.
    TooSlow,
    /// Something else.
    Other,
}

impl From<WhyAsked> for Why {
    fn from(why: WhyAsked) -> Self {
        match why {
            WhyAsked::ChangedMind => Why::ChangedMind,
            WhyAsked::Mistake => Why::Mistake,
            WhyAsked::TooSlow => Why::TooSlow,
            WhyAsked::SoldOut => Why::SoldOut,
            WhyAsked::TooBusy => Why::TooBusy,
            WhyAsked::Closed => Why::Closed,
            WhyAsked::CannotDeliver => Why::CannotDeliver,
            WhyAsked::CustomerAsked => Why::CustomerAsked,
            WhyAsked::CustomerAbsent => Why::CustomerAbsent,
            WhyAsked::NotCollected => Why::NotCollected,
            WhyAsked::NotTaken => Why::NotTaken,
            WhyAsked::Damaged => Why::Damaged,
            WhyAsked::Suspicious => Why::Suspicious,
            WhyAsked::Other => Why::Other,
        }
    }
}

impl Target {
    const fn status(self) -> Status {
        match self {
            Target::Confirmed => Status::Confirmed,
            Target::Rejected => Status::Rejected,
            Target::Preparing => Status::Preparing,
            Target::ReadyForPickup => Status::ReadyForPickup,
            Target::OutForDelivery => Status::OutForDelivery,
            Target::Delivered => Status::Delivered,
            Target::Collected => Status::Collected,
            Target::Served => Status::Served,
            Target::Returned => Status::Returned,
            Target::Cancelled => Status::Cancelled,
        }
    }
}

impl MoveAsked {
    /// What it asks of an order as it stands.
    pub(crate) fn command(&self, order: &Order) -> Result<Command> {
        let why = self.reason.map_or(Why::Other, Why::from);
        if let Some(at) = self.promised_at {
            if order.status == self.status.status() {
                return Ok(Command::Promise { at });
            }
            if self.status != Target::Confirmed {
                let said =
                    "a time is promised with the acceptance, or with the status that the order has";
                return Err(wrong("promisedAt", said));
            }
        }
        let ticket = self.ticket;
        Ok(match self.status {
            Target::Confirmed => Command::Accept {
                promised_at: self.promised_at,
            },
            Target::Rejected => Command::Reject { why },
            Target::Preparing => Command::Start { ticket },
            Target::ReadyForPickup => Command::Ready { ticket },
            Target::OutForDelivery => Command::Leave,
            Target::Delivered => Command::Deliver,
            Target::Collected => Command::Collect,
            Target::Served => Command::Serve,
            Target::Returned => Command::Return { why },
            Target::Cancelled => Command::Cancel { why },
        })
    }
}

impl Returned {
    /// The fields of the query.
    pub(crate) fn said(&self) -> BTreeMap<String, String> {
        let pairs = self.query.trim_start_matches('?').split('&');
        let pairs = pairs.filter(|pair| !pair.is_empty()).take(FIELDS_MAX);
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decoded(name), decoded(value))
            })
            .collect()
    }
}

/// A text as it was before it went into a query. What is no text then is not one that a provider wrote.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let both = high
                    .zip(low)
                    .map(|(high, low)| high.wrapping_mul(16).wrapping_add(low));
                both.and_then(|both| u8::try_from(both).ok())
                    .unwrap_or(b'?')
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl CancelAsked {
    /// What it asks.
    pub(crate) fn command(&self) -> Command {
        let why = match self.reason {
            Some(DinerWhy::ChangedMind) => Why::ChangedMind,
            Some(DinerWhy::Mistake) => Why::Mistake,
            Some(DinerWhy::TooSlow) => Why::TooSlow,
            Some(DinerWhy::Other) | None => Why::Other,
        };
        Command::Cancel { why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_as_providers_write_them() {
        let query = "?redirectResult=eyJ0%2Bx%3D%3D&a+b=&&%zz=%4".to_owned();
        let payment = None;
        let said = Returned { query, payment }.said();
        assert_eq!(said["redirectResult"], "eyJ0+x==");
        assert_eq!(said["a b"], "");
        assert_eq!(said["?"], "?");
    }
}
