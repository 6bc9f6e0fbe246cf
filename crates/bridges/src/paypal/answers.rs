//! What PayPal answers: orders with what was made of them, authorisations, captures and refunds.

use base::{Currency, Money};
use rpc::providers::Answer;
use serde::Deserialize;

use super::ORDER;
use crate::Loopback;
use crate::said::{Reason, Said, name, page, unknown};

/// An order. What is not listed here is left alone.
#[derive(Deserialize, Debug)]
pub(super) struct Order {
    pub(super) id: Option<String>,
    status: Option<String>,
    #[serde(default)]
    pub(super) purchase_units: Vec<Unit>,
    #[serde(default)]
    links: Vec<Link>,
}

/// The only part of an order; we never make two.
#[derive(Deserialize, Debug)]
pub(super) struct Unit {
    pub(super) custom_id: Option<String>,
    payments: Option<Payments>,
}

#[derive(Deserialize, Debug)]
struct Payments {
    #[serde(default)]
    authorizations: Vec<Thing>,
}

/// An authorisation, a capture or a refund: they are alike.
#[derive(Deserialize, Debug)]
pub(super) struct Thing {
    pub(super) id: Option<String>,
    pub(super) status: Option<String>,
    status_details: Option<Details>,
    amount: Option<Amount>,
    pub(super) custom_id: Option<String>,
    pub(super) invoice_id: Option<String>,
}

#[derive(Deserialize, Debug)]
struct Details {
    reason: Option<String>,
}

#[derive(Deserialize, Debug)]
struct Amount {
    currency_code: String,
    value: String,
}

#[derive(Deserialize, Debug)]
struct Link {
    href: String,
    rel: String,
}

/// What is next for an order.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing: this is what became of it.
    Answer(Answer),
    /// The payer has allowed it, so it is authorised now.
    Authorise(String),
}

impl Order {
    /// What was authorised of it, if anything was.
    pub(super) fn authorisation(&self) -> Option<&Thing> {
        let units = self.purchase_units.iter();
        let mut payments = units.filter_map(|unit| unit.payments.as_ref());
        payments.find_map(|payments| payments.authorizations.last())
    }

    /// What is next.
    pub(super) fn step(&self, loopback: Loopback) -> Said<Step> {
        if let Some(held) = self.authorisation() {
            return held.authorisation().map(Step::Answer);
        }
        let id = name(self.id.as_deref())?;
        match self.status.as_deref() {
            Some("APPROVED") => Ok(Step::Authorise(id)),
            Some("CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED") => {
                let is_page = |link: &&Link| link.rel == "payer-action" || link.rel == "approve";
                let link = self.links.iter().find(is_page);
                let url = page(link.map_or("", |link| &link.href), loopback)?;
                let reference = format!("{ORDER}{id}");
                Ok(Step::Answer(Answer::Action { reference, url }))
            }
            Some("VOIDED") => Ok(Step::Answer(Reason::Lapsed.refuse("VOIDED"))),
            _ => Err(unknown("it does not say what became of an order")),
        }
    }
}

impl Thing {
    /// Taken for an authorisation.
    pub(super) fn authorisation(&self) -> Said<Answer> {
        match self.status.as_deref() {
            Some("CREATED" | "CAPTURED" | "PARTIALLY_CAPTURED") => self.done(),
            Some("PENDING") => self.pending(),
            Some("DENIED") => Ok(self.refused(Reason::Declined)),
            Some("VOIDED") => Ok(self.refused(Reason::AlreadyCancelled)),
            _ => Err(unknown("it does not say what became of an authorisation")),
        }
    }

    /// Taken for a capture.
    pub(super) fn capture(&self) -> Said<Answer> {
        match self.status.as_deref() {
            Some("COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED") => self.done(),
            Some("PENDING") => self.pending(),
            Some("DECLINED" | "DENIED" | "FAILED") => Ok(self.refused(Reason::Declined)),
            _ => Err(unknown("it does not say what became of a capture")),
        }
    }

    /// Taken for a refund.
    pub(super) fn refund(&self) -> Said<Answer> {
        match self.status.as_deref() {
            Some("COMPLETED") => self.done(),
            Some("PENDING") => self.pending(),
            Some("CANCELLED" | "FAILED") => Ok(self.refused(Reason::Declined)),
            _ => Err(unknown("it does not say what became of a refund")),
        }
    }

    /// Taken for an authorisation that was let go of.
    pub(super) fn voided(&self) -> Said<Answer> {
        match self.status.as_deref() {
            Some("VOIDED") => self.done(),
            _ => Err(unknown("it does not say what became of an authorisation")),
        }
    }

    fn done(&self) -> Said<Answer> {
        let amount = self.money();
        Ok(Answer::Done {
            reference: name(self.id.as_deref())?,
            amount: amount.ok_or_else(|| unknown("its answer has no amount"))?,
        })
    }

    fn pending(&self) -> Said<Answer> {
        let reference = name(self.id.as_deref())?;
        Ok(Answer::Pending { reference })
    }

    fn refused(&self, reason: Reason) -> Answer {
        let details = self.status_details.as_ref();
        let theirs = details.and_then(|details| details.reason.as_deref());
        reason.refuse(theirs.or(self.status.as_deref()).unwrap_or_default())
    }

    fn money(&self) -> Option<Money> {
        let amount = self.amount.as_ref()?;
        let currency: Currency = amount.currency_code.parse().ok()?;
        Money::parse(&amount.value, currency).ok()
    }
}
