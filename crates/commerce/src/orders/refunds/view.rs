//! Refunds as they are asked for and shown.

use base::{Currency, Money, Result};
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::ledger::Bearer;
use trade::orders::{LineKey, LineKeyError, OrderId};
use trade::payments::RefundId;
use trade::refunds::{Reason, Refund, Share, Way};
use utoipa::ToSchema;

/// What is to be given back of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewRefund)]
pub(crate) struct RefundAsked {
    /// How much of which lines; all that is left of the order when none is named.
    #[serde(default)]
    #[schema(max_items = 201)]
    lines: Vec<ShareAsked>,
    /// Why.
    reason: ReasonName,
    /// Who bears it; the restaurant when nothing is said. Only the platform says that somebody else does.
    #[serde(default)]
    pub(super) bearer: Option<BearerName>,
    /// Which way it goes; the way it came when nothing is said.
    #[serde(default)]
    to: Option<WayName>,
}

/// How much of a line is to be given back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewRefundLine)]
struct ShareAsked {
    /// Which line; fees and the tip when none is named.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
    line: Option<String>,
    /// How much; all that is left of it when nothing is said.
    #[serde(default)]
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,12}(\\.[0-9]{1,4})?$",
        example = "2.50"
    )]
    amount: Option<String>,
}

/// Why money is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundReason)]
pub(in crate::orders) enum ReasonName {
    /// Something was not there.
    Missing,
    /// Something else was there.
    Wrong,
    /// It was not good.
    Quality,
    /// It came too late.
    Late,
    /// It did not come.
    NotDelivered,
    /// Somebody wants to be kind.
    Goodwill,
    /// Something else.
    Other,
}

/// Who bears what is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundBearer)]
pub(in crate::orders) enum BearerName {
    /// The restaurant.
    Restaurant,
    /// The platform.
    Platform,
    /// The courier.
    Courier,
    /// The provider of the payment.
    Provider,
}

impl From<BearerName> for Bearer {
    fn from(name: BearerName) -> Self {
        match name {
            BearerName::Restaurant => Self::Restaurant,
            BearerName::Platform => Self::Platform,
            BearerName::Courier => Self::Courier,
            BearerName::Provider => Self::Provider,
        }
    }
}

/// Which way money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundWay)]
enum WayName {
    /// The way it came.
    Back,
    /// To the diner's credit with the organisation, at once.
    Credit,
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refund)]
pub(crate) struct RefundView {
    /// Which one.
    #[schema(value_type = String, pattern = "^rfd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: RefundId,
    /// Of which order.
    #[schema(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order: OrderId,
    /// `asked` while a second person has to agree, `granted` when it is owed to the diner, `executed` when the money has
    /// moved, `declined` when it came to nothing.
    #[schema(example = "granted")]
    state: String,
    /// How much, with its tax.
    #[schema(example = "2.50")]
    amount: String,
    /// The tax in it.
    #[schema(example = "0.16")]
    tax: String,
    /// What all amounts are in.
    #[schema(example = "EUR")]
    currency: String,
    /// Line by line.
    lines: Vec<PartView>,
    /// Why.
    #[schema(example = "missing")]
    reason: String,
    /// Who bears it.
    #[schema(example = "restaurant")]
    bearer: String,
    /// `back` the way it came, or to the diner's `credit`.
    #[schema(example = "back")]
    to: String,
    /// Who asked for it.
    asked_by: String,
    /// Who decided it; whoever asked, where nobody else had to.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
}

/// What is given back of a line.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefundLine)]
struct PartView {
    /// Which line; fees and the tip where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    /// How much, with its tax.
    #[schema(example = "2.50")]
    amount: String,
}

/// The refunds of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Refunds)]
pub(crate) struct RefundsView {
    /// The oldest first.
    pub(super) items: Vec<RefundView>,
}

impl ReasonName {
    /// What it means.
    pub(in crate::orders) const fn reason(self) -> Reason {
        match self {
            ReasonName::Missing => Reason::Missing,
            ReasonName::Wrong => Reason::Wrong,
            ReasonName::Quality => Reason::Quality,
            ReasonName::Late => Reason::Late,
            ReasonName::NotDelivered => Reason::NotDelivered,
            ReasonName::Goodwill => Reason::Goodwill,
            ReasonName::Other => Reason::Other,
        }
    }
}

impl RefundAsked {
    /// What it asks, in a currency.
    pub(super) fn shares(&self, currency: Currency) -> Result<Vec<Share>> {
        let shares = self.lines.iter().map(|share| {
            let line = share.line.as_deref().map(str::parse::<LineKey>).transpose();
            let line = line.map_err(|error: LineKeyError| wrong("lines", error.to_string()))?;
            let amount = share.amount.as_deref();
            let amount = amount.map(|text| Money::parse(text, currency)).transpose();
            let amount = amount.map_err(|error| wrong("lines", error.to_string()))?;
            Ok(Share {
                line,
                minor: amount.map(Money::minor),
            })
        });
        shares.collect()
    }

    pub(super) fn reason(&self) -> Reason {
        self.reason.reason()
    }

    pub(super) fn to(&self) -> Way {
        match self.to {
            Some(WayName::Credit) => Way::Credit,
            Some(WayName::Back) | None => Way::Back,
        }
    }

    pub(super) fn bearer(&self) -> Bearer {
        self.bearer.map_or(Bearer::Restaurant, Bearer::from)
    }
}

impl RefundView {
    pub(crate) fn of(refund: &Refund) -> Self {
        let shown = |minor: i64| Money::new(minor, refund.currency).amount();
        let lines = refund.parts.iter().map(|part| PartView {
            line: part.line.as_ref().map(|line| line.as_str().to_owned()),
            amount: shown(part.minor),
        });
        RefundView {
            id: refund.id,
            order: refund.order,
            state: refund.state.name().to_owned(),
            amount: shown(refund.minor()),
            tax: shown(refund.tax_minor()),
            currency: refund.currency.code().to_owned(),
            lines: lines.collect(),
            reason: refund.reason.name().to_owned(),
            bearer: refund.bearer.name().to_owned(),
            to: refund.to.name().to_owned(),
            asked_by: refund.asked_by.clone(),
            decided_by: refund.decided_by.clone(),
        }
    }
}
