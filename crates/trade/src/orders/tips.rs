//! Tips that are given after an order was placed: beside its bill, each with a payment of its own.
//!
//! A tip is *asked* while its money is held and taken, then it is *paid*, or *failed* and has cost nothing. None of them
//! changes what the order costs. An order that comes to nothing gives back its tips with the rest.

use base::Time;
use carte::Service;
use serde::{Deserialize, Serialize};

use super::event::Said;
use super::policy::later;
use super::refusal::Refusal;
use super::types::{Order, Rules, named};
use crate::payments::PaymentId;
use domain::pricing::Recipient;

/// The most tips of an order that are given later, with those that failed.
pub const TIPS_MAX: usize = 20;
/// For how many days after its end an order takes tips.
pub const TIP_DAYS: u32 = 30;

named! {
    /// How far a tip is.
    TipState {
        /// Its money is asked for.
        Asked = "asked",
        /// Its money was taken.
        Paid = "paid",
        /// Its money did not come, and nothing was taken.
        Failed = "failed",
    }
}

/// A tip that was given after the order was placed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tip {
    /// The payment that it is, by which it is named.
    pub payment: PaymentId,
    /// How much, in minor units of the order's currency; above zero.
    pub minor: i64,
    /// For whom it is; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
    /// When it was given.
    pub at: Time,
    /// How far it is.
    #[serde(default = "asked", skip_serializing_if = "is_asked")]
    pub state: TipState,
    /// Why it failed: the provider's code, no words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Some of those who get tips.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Recipients {
    /// Whoever brings it.
    pub courier: bool,
    /// Those who make it.
    pub kitchen: bool,
    /// Those who wait.
    pub service: bool,
}

/// For whom a diner may say that his tip is, with each service. Where nothing is said that is everybody who has to do with
/// it: a courier with what is brought alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TipsFor {
    /// When it is brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Recipients>,
    /// When it is fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Recipients>,
    /// When it is eaten there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dine_in: Option<Recipients>,
}

impl Recipients {
    /// Whether this is one of them.
    #[must_use]
    pub const fn hold(self, recipient: Recipient) -> bool {
        match recipient {
            Recipient::Courier => self.courier,
            Recipient::Kitchen => self.kitchen,
            Recipient::Service => self.service,
        }
    }
}

impl TipsFor {
    /// What was said of a service.
    #[must_use]
    pub const fn said(self, service: Service) -> Option<Recipients> {
        match service {
            Service::Delivery => self.delivery,
            Service::Pickup => self.pickup,
            Service::DineIn => self.dine_in,
        }
    }

    /// Whether a tip may be for these with this service.
    #[must_use]
    pub fn hold(self, service: Service, recipient: Recipient) -> bool {
        let all = Recipients {
            courier: service == Service::Delivery,
            kitchen: true,
            service: true,
        };
        self.said(service).unwrap_or(all).hold(recipient)
    }

    pub(super) fn is_unsaid(&self) -> bool {
        *self == Self::default()
    }
}

impl Rules {
    /// Whether a tip is taken with a service, for these where that is said.
    ///
    /// # Errors
    /// None is taken, or none for them.
    pub fn tip(&self, service: Service, recipient: Option<Recipient>) -> Result<(), Refusal> {
        if self.no_tips.with(service) {
            return Err(Refusal::NoTips);
        }
        match recipient {
            Some(recipient) if !self.tips_for.hold(service, recipient) => {
                Err(Refusal::NoTipsFor(recipient))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Order {
    /// The tip that is this payment.
    #[must_use]
    pub fn tip(&self, payment: PaymentId) -> Option<&Tip> {
        self.tips.iter().find(|tip| tip.payment == payment)
    }

    /// Takes note of what became of a tip.
    pub(super) fn tip_goes(&mut self, payment: PaymentId, to: TipState, code: Option<&str>) {
        let tips = self.tips.iter_mut();
        for tip in tips.filter(|tip| tip.payment == payment) {
            (tip.state, tip.code) = (to, code.map(str::to_owned));
        }
    }
}

/// A diner gives a tip for what was accepted, and for a while after he had it.
pub(super) fn tip(
    order: &Order,
    (payment, minor): (PaymentId, i64),
    recipient: Option<Recipient>,
    at: Time,
) -> Result<Vec<Said>, Refusal> {
    if order.tip(payment).is_some() {
        return Ok(Vec::new());
    }
    let now = order.status;
    let seconds = TIP_DAYS.saturating_mul(86_400);
    let is_over = now.is_final() && later(order.moved_at, seconds) < at;
    if now.is_void() || is_over {
        return Err(Refusal::Closed { now });
    }
    if !now.is_accepted() {
        return Err(Refusal::Moved { now });
    }
    order.rules.tip(order.service, recipient)?;
    if minor <= 0 {
        return Err(Refusal::Amounts("a tip is above zero"));
    }
    if order.tips.len() >= TIPS_MAX {
        return Err(Refusal::TooManyTips { most: TIPS_MAX });
    }
    Ok(vec![Said::TipAsked(Tip {
        payment,
        minor,
        recipient,
        at,
        state: TipState::Asked,
        code: None,
    })])
}

/// The money of a tip was taken, or will not come. What came to nothing with its order is left as it was.
pub(super) fn settle(
    order: &Order,
    (payment, to): (PaymentId, TipState),
    said: Said,
) -> Result<Vec<Said>, Refusal> {
    let tip = order.tip(payment).ok_or(Refusal::NoTip)?;
    match tip.state {
        state if state == to => Ok(Vec::new()),
        TipState::Asked if order.gives_back() => Err(Refusal::Closed { now: order.status }),
        TipState::Asked => Ok(vec![said]),
        TipState::Paid | TipState::Failed => Err(Refusal::NoTip),
    }
}

const fn asked() -> TipState {
    TipState::Asked
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
const fn is_asked(state: &TipState) -> bool {
    matches!(state, TipState::Asked)
}
