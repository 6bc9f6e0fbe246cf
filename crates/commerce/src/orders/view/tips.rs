//! Tips in the words of the public interface: for whom they are, those that are given later, and what restaurants say of it.

use base::{Currency, Money, Result, Time};
use carte::Service;
use domain::pricing::{Kind, Recipient};
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::orders::{MoneyLine, Order, Recipients, Tip, TipState, TipsFor};
use trade::payments::PaymentId;
use utoipa::ToSchema;

use super::paying::PaymentAsked;

/// For whom a tip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TipRecipient)]
pub(crate) enum RecipientName {
    /// Whoever brings it.
    Courier,
    /// Those who make it.
    Kitchen,
    /// Those who wait at the table and at the counter.
    Service,
}

/// A tip for an order that was accepted.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewTip)]
pub(crate) struct TipAsked {
    /// How much, in the currency of the order; above zero.
    #[schema(
        max_length = 11,
        pattern = "^[0-9]{1,6}(\\.[0-9]{1,4})?$",
        example = "2.00"
    )]
    amount: String,
    /// For whom it is; for all who serve when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient: Option<RecipientName>,
    /// How it is paid: by `card` or with `store_credit`, without an amount.
    pub(crate) payment: PaymentAsked,
}

/// A tip that was given after the order was placed.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tip)]
pub(crate) struct TipView {
    /// The payment that it is.
    #[schema(value_type = String, pattern = "^pay_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    payment_id: PaymentId,
    /// How much.
    #[schema(example = "2.00")]
    amount: String,
    /// For whom it is, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient: Option<RecipientName>,
    /// `asked` until its money was taken, `paid`, `failed`, or `returned` with an order that came to nothing.
    #[schema(example = "paid")]
    state: String,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Why it failed, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused_for: Option<String>,
}

/// For whom diners may say that a tip is, by service. Of a service of which nothing is said it is everybody who has to do with
/// it: the courier with `delivery` alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OrderTipsFor)]
pub(crate) struct TipsForView {
    /// When it is brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 3)]
    delivery: Option<Vec<RecipientName>>,
    /// When it is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 3)]
    pickup: Option<Vec<RecipientName>>,
    /// When it is eaten there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 3)]
    dine_in: Option<Vec<RecipientName>>,
}

impl From<Recipient> for RecipientName {
    fn from(recipient: Recipient) -> Self {
        match recipient {
            Recipient::Courier => Self::Courier,
            Recipient::Kitchen => Self::Kitchen,
            Recipient::Service => Self::Service,
        }
    }
}

impl From<RecipientName> for Recipient {
    fn from(name: RecipientName) -> Self {
        match name {
            RecipientName::Courier => Self::Courier,
            RecipientName::Kitchen => Self::Kitchen,
            RecipientName::Service => Self::Service,
        }
    }
}

impl TipAsked {
    /// How much.
    pub(crate) fn amount(&self, currency: Currency) -> Result<Money> {
        let amount = Money::parse(&self.amount, currency);
        let amount = amount.map_err(|error| wrong("amount", error.to_string()))?;
        match amount.minor() > 0 {
            true => Ok(amount),
            false => Err(wrong("amount", "it is above zero")),
        }
    }

    /// For whom.
    pub(crate) fn recipient(&self) -> Option<Recipient> {
        self.recipient.map(Recipient::from)
    }
}

impl TipView {
    /// A tip of an order.
    pub(crate) fn of(order: &Order, tip: &Tip) -> Self {
        let is_returned = order.gives_back() && tip.state != TipState::Failed;
        TipView {
            payment_id: tip.payment,
            amount: Money::new(tip.minor, order.currency).amount(),
            recipient: tip.recipient.map(RecipientName::from),
            state: match is_returned {
                true => "returned".to_owned(),
                false => tip.state.name().to_owned(),
            },
            at: tip.at,
            refused_for: tip.code.clone(),
        }
    }

    /// All tips of an order that were given after it was placed.
    pub(super) fn all(order: &Order) -> Vec<Self> {
        let tips = order.tips.iter();
        tips.map(|tip| TipView::of(order, tip)).collect()
    }
}

impl TipsForView {
    /// What a restaurant said.
    pub(crate) fn of(said: TipsFor) -> Option<Self> {
        let names = |service| said.said(service).map(names);
        let view = TipsForView {
            delivery: names(Service::Delivery),
            pickup: names(Service::Pickup),
            dine_in: names(Service::DineIn),
        };
        (said != TipsFor::default()).then_some(view)
    }

    /// What it says.
    pub(crate) fn said(&self) -> TipsFor {
        let recipients = |names: &Option<Vec<RecipientName>>| {
            names.as_deref().map(|names| Recipients {
                courier: names.contains(&RecipientName::Courier),
                kitchen: names.contains(&RecipientName::Kitchen),
                service: names.contains(&RecipientName::Service),
            })
        };
        TipsFor {
            delivery: recipients(&self.delivery),
            pickup: recipients(&self.pickup),
            dine_in: recipients(&self.dine_in),
        }
    }
}

fn names(recipients: Recipients) -> Vec<RecipientName> {
    let all = Recipient::ALL.into_iter();
    let held = all.filter(|recipient| recipients.hold(*recipient));
    held.map(RecipientName::from).collect()
}

/// For whom the tip in an order is, where that was said.
pub(super) fn recipient(order: &Order) -> Option<RecipientName> {
    order.money.iter().find_map(|line| match line.kind {
        Kind::TipFor(recipient) => Some(recipient.into()),
        _ => None,
    })
}

/// The same amounts, where the tip in them is for somebody.
pub(super) fn told_for(money: Vec<MoneyLine>, recipient: Option<Recipient>) -> Vec<MoneyLine> {
    let Some(recipient) = recipient else {
        return money;
    };
    let told = money.into_iter().map(|line| match line.kind {
        Kind::Tip => MoneyLine {
            kind: Kind::TipFor(recipient),
            ..line
        },
        _ => line,
    });
    told.collect()
}
