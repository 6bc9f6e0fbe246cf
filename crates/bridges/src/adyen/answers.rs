//! What Adyen answers: what became of a payment, of a pay-link, and that a modification was taken over.

use base::Money;
use rpc::providers::Answer;
use serde::Deserialize;

use super::amounts::{self, Amount};
use super::{LINK, OURS, codes};
use crate::Loopback;
use crate::said::{Reason, Said, name, page, unknown};

/// The answer to a payment or to what the payer brought back. What is not listed here is left alone.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paid {
    result_code: Option<String>,
    merchant_reference: Option<String>,
    psp_reference: Option<String>,
    refusal_reason_code: Option<String>,
    amount: Option<Amount>,
    action: Option<Action>,
}

#[derive(Deserialize, Debug)]
struct Action {
    #[serde(rename = "type")]
    kind: Option<String>,
    method: Option<String>,
    url: Option<String>,
}

/// The answer about a pay-link.
#[derive(Deserialize, Debug)]
pub(super) struct Link {
    id: Option<String>,
    status: Option<String>,
    url: Option<String>,
}

/// The answer to a capture, a cancel or a refund.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Modified {
    psp_reference: Option<String>,
    payment_psp_reference: Option<String>,
    status: Option<String>,
}

impl Paid {
    /// Whether it tells the outcome of another payment than this one of ours, or does not say of which. Payers bring back
    /// what they like, also what belongs to another payment of theirs.
    pub(super) fn is_elsewhere(&self, ours: &str) -> bool {
        let goes_on = self.result_code.as_deref() == Some("RedirectShopper");
        !goes_on && self.merchant_reference.as_deref() != Some(ours)
    }

    /// What became of it; where Adyen does not repeat the amount, it is the one asked for.
    pub(super) fn answer(&self, asked: Money, ours: &str, loopback: Loopback) -> Said<Answer> {
        match self.result_code.as_deref() {
            Some("Authorised" | "Success") => self.done(Some(asked)),
            // Less than was asked for: without saying how much, it is nothing that can be believed.
            Some("PartiallyAuthorised") => self.done(None),
            Some("Pending" | "Received") => Ok(Answer::Pending {
                reference: name(self.psp_reference.as_deref())?,
            }),
            Some("RedirectShopper") => self.redirect(ours, loopback),
            Some("Cancelled") => Ok(Reason::Abandoned.refuse("Cancelled")),
            Some("Refused" | "Error") => {
                let theirs = self.refusal_reason_code.as_deref().unwrap_or_default();
                Ok(codes::refusal(theirs).refuse(theirs))
            }
            _ => Err(unknown("it does not say what became of a payment")),
        }
    }

    fn done(&self, asked: Option<Money>) -> Said<Answer> {
        let amount = match &self.amount {
            Some(amount) => amounts::read(amount),
            None => asked,
        };
        Ok(Answer::Done {
            reference: name(self.psp_reference.as_deref())?,
            amount: amount.ok_or_else(|| unknown("its answer has no amount"))?,
        })
    }

    fn redirect(&self, ours: &str, loopback: Loopback) -> Said<Answer> {
        let action = self.action.as_ref();
        let action = action.filter(|action| action.kind.as_deref() == Some("redirect"));
        let is_get = |action: &&Action| action.method.as_deref().unwrap_or("GET") == "GET";
        let action = action.filter(is_get);
        let url = action.and_then(|action| action.url.as_deref());
        let url = page(url.unwrap_or_default(), loopback)?;
        // Before the payer has been there Adyen often has no name for it.
        let reference = match &self.psp_reference {
            Some(theirs) => name(Some(theirs))?,
            None => format!("{OURS}{ours}"),
        };
        Ok(Answer::Action { reference, url })
    }
}

impl Link {
    /// What became of it. That it was paid does not say by which payment: a notice does.
    pub(super) fn answer(&self, loopback: Loopback) -> Said<Answer> {
        let reference = format!("{LINK}{}", name(self.id.as_deref())?);
        match self.status.as_deref() {
            Some("active") => {
                let url = page(self.url.as_deref().unwrap_or_default(), loopback)?;
                Ok(Answer::Action { reference, url })
            }
            Some("completed" | "paid" | "paymentPending") => Ok(Answer::Pending { reference }),
            Some("expired") => Ok(Reason::Lapsed.refuse("expired")),
            _ => Err(unknown("it does not say what became of a pay-link")),
        }
    }

    /// Whether nobody can pay by it any more.
    pub(super) fn is_ended(&self) -> bool {
        self.status.as_deref() == Some("expired")
    }
}

impl Modified {
    /// It was taken over; its name is that of the payment and its own.
    pub(super) fn answer(&self) -> Said<Answer> {
        let own = name(self.psp_reference.as_deref())?;
        let reference = match &self.payment_psp_reference {
            Some(payment) => format!("{}/{own}", name(Some(payment))?),
            None => own,
        };
        match self.status.as_deref() {
            Some("received") => Ok(Answer::Pending { reference }),
            _ => Err(unknown("it does not say that it has taken it over")),
        }
    }
}
