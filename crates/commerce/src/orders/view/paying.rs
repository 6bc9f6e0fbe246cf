//! How an order is paid, and who pays what of it, in the words of the public interface.

use base::{Currency, Money, Result, Time};
use domain::organisations::RestaurantId;
use rpc::providers::Token;
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::orders::{LineKey, Order, OrderId};
use trade::payments::{Act, AttemptState, Covers, Intent, PaymentId, Split, State};
use utoipa::ToSchema;

/// How an order, or a part of it, is paid.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderPayment)]
pub(crate) struct PaymentAsked {
    /// Where the money comes from.
    method: Method,
    /// How much, where an order is paid by several means. One of them may leave it out and gives the rest; `store_credit`
    /// gives of it what there is, and one `meal_voucher` what vouchers may pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,12}(\\.[0-9]{1,4})?$",
        example = "10.00"
    )]
    amount: Option<String>,
    /// For `card` and `meal_voucher`: what the payment provider made of the diner's means of payment. Never the number of a card.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 512, pattern = "^[A-Za-z0-9_.~:=+/$-]+$")]
    token: Option<String>,
    /// For `card` and `meal_voucher`: where the diner comes back to from the provider's page.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    return_url: Option<String>,
}

/// A bill that several share.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderSplit)]
pub(crate) struct SplitAsked {
    /// By what it is shared.
    by: SplitBy,
    /// What each pays. Together it is the total of the order.
    #[schema(min_items = 1, max_items = 20)]
    pub(crate) parts: Vec<SplitPartAsked>,
}

/// By what a bill is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderSplitBy)]
enum SplitBy {
    /// Each pays for his `lines`, and his part of fees and tip: as much of them as of the lines.
    Lines,
    /// Each pays a share, as large as his `weight`.
    Share,
    /// Each pays his `amount`.
    Amount,
}

/// What one pays of a bill that is shared.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewOrderSplitPart)]
pub(crate) struct SplitPartAsked {
    /// By lines: the lines that he pays. Every line of the order has one who pays it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    lines: Vec<LineName>,
    /// By share: how much it is beside the weights of the others; 1 when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    weight: Option<u32>,
    /// By amount: how much. One of them may leave it out and pays the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,12}(\\.[0-9]{1,4})?$",
        example = "10.00"
    )]
    amount: Option<String>,
    /// By which means, without an amount.
    pub(crate) payment: PaymentAsked,
}

/// What a line is called.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(as = OrderLineName, min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$")]
struct LineName(String);

/// A payment of an order.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderPayment)]
pub(crate) struct PaymentView {
    /// Which one it is; what is paid in cash has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^pay_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: Option<PaymentId>,
    /// Where the money comes from.
    method: Method,
    /// How much it is for.
    #[schema(example = "12.50")]
    amount: String,
    /// `open`, `action_needed`, `authorised`, `captured`, `partly_refunded`, `refunded`, `cancelled` or `failed`.
    #[schema(example = "authorised")]
    state: String,
    /// What was taken.
    #[schema(example = "0.00")]
    captured: String,
    /// What was given back the way it came.
    #[schema(example = "0.00")]
    refunded: String,
    /// The lines that it is for, where the bill is shared by lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<String>,
    /// Whether it is a tip that was given after the order was placed, which is no part of its total.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tip: bool,
    /// What the payer has to do before it goes on; shown to whoever placed the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<ActionView>,
    /// Why it was refused, or taking what it holds, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused_for: Option<String>,
}

/// What a payer has to do.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderPaymentAction)]
pub(crate) struct ActionView {
    /// What it is: `redirect`.
    #[serde(rename = "type")]
    #[schema(example = "redirect")]
    kind: String,
    /// The page that he goes to.
    pub(crate) url: String,
}

/// Where the money comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderPaymentMethod)]
pub(crate) enum Method {
    /// It is paid where it is handed over.
    #[default]
    Cash,
    /// Through a payment provider.
    Card,
    /// With credit that the diner has with the organisation.
    StoreCredit,
    /// With a meal voucher, through a payment provider.
    MealVoucher,
}

impl PaymentAsked {
    /// What is meant when nothing is said.
    pub(super) const CASH: &'static Self = &PaymentAsked {
        method: Method::Cash,
        amount: None,
        token: None,
        return_url: None,
    };

    /// Where the money comes from.
    pub(crate) const fn method(&self) -> Method {
        self.method
    }

    /// Whether it says how much.
    pub(crate) const fn has_amount(&self) -> bool {
        self.amount.is_some()
    }

    /// How much, if that is said.
    pub(crate) fn amount(&self, currency: Currency) -> Result<Option<Money>> {
        let amount = self.amount.as_deref();
        let amount = amount.map(|text| Money::parse(text, currency)).transpose();
        let amount = amount.map_err(|error| wrong("payments", error.to_string()))?;
        match amount.is_some_and(|amount| amount.minor() < 0) {
            true => Err(wrong("payments", "no amount is below zero")),
            false => Ok(amount),
        }
    }

    /// What stands for the diner's means of payment.
    pub(crate) fn token(&self) -> Result<Option<Token>> {
        self.token.as_deref().map(Token::parse).transpose()
    }

    /// Where the diner comes back to from the provider's page.
    pub(crate) fn return_url(&self) -> Option<String> {
        self.return_url.clone()
    }
}

impl SplitAsked {
    /// How a bill of so much is shared.
    pub(crate) fn how(&self, total: Money) -> Result<Split> {
        let is_fitting = self.parts.iter().all(|part| {
            (self.by == SplitBy::Lines) != part.lines.is_empty()
                && (self.by == SplitBy::Share || part.weight.is_none())
                && (self.by == SplitBy::Amount || part.amount.is_none())
                && part.payment.amount.is_none()
        });
        if !is_fitting {
            let said = "each part has what the bill is shared by, and no other amount";
            return Err(wrong("split", said));
        }
        let credit = |part: &&SplitPartAsked| part.payment.method == Method::StoreCredit;
        let mut parts = self.parts.iter();
        if parts.any(|part| part.payment.method == Method::MealVoucher) {
            let said = "who pays with a meal voucher says so in payments: a part of a bill is more than food";
            return Err(wrong("split", said));
        }
        if self.parts.iter().filter(credit).count() > 1 {
            return Err(wrong("split", "credit is there once"));
        }
        let parts = self.parts.iter();
        Ok(match self.by {
            SplitBy::Lines => {
                let lines = parts.map(SplitPartAsked::keys);
                Split::ByItem(lines.collect::<Result<Vec<_>>>()?)
            }
            SplitBy::Share => Split::ByShare(parts.map(|part| part.weight.unwrap_or(1)).collect()),
            SplitBy::Amount => Split::ByAmount(self.amounts(total)?),
        })
    }

    /// What each says that he pays; the rest of it where one says nothing.
    fn amounts(&self, total: Money) -> Result<Vec<i64>> {
        let parts = self.parts.iter().map(|part| {
            let amount = part.amount.as_deref();
            let amount = amount.map(|text| Money::parse(text, total.currency()));
            let amount = amount.transpose();
            amount.map_err(|error| wrong("split", error.to_string()))
        });
        let said = parts.collect::<Result<Vec<_>>>()?;
        if said.iter().filter(|amount| amount.is_none()).count() > 1 {
            return Err(wrong("split", "all parts but one say how much"));
        }
        let fixed = said.iter().flatten().map(|amount| amount.minor());
        let rest = total
            .minor()
            .saturating_sub(fixed.fold(0, i64::saturating_add));
        let amounts = said.into_iter();
        Ok(amounts
            .map(|amount| amount.map_or(rest, Money::minor))
            .collect())
    }
}

impl SplitPartAsked {
    /// What of the bill it is.
    pub(crate) fn covers(&self) -> Result<Covers> {
        Ok(match self.lines.is_empty() {
            true => Covers::Share,
            false => Covers::Lines(self.keys()?),
        })
    }

    fn keys(&self) -> Result<Vec<LineKey>> {
        let keys = self.lines.iter().map(|line| line.0.parse::<LineKey>());
        let keys = keys.collect::<std::result::Result<Vec<_>, _>>();
        keys.map_err(|error| wrong("split", error.to_string()))
    }
}

/// What was paid for an order, and what was given back of it.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaidOrder)]
pub(crate) struct PaidView {
    /// The order.
    #[schema(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order_id: OrderId,
    /// The restaurant.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant_id: RestaurantId,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// What all amounts are in.
    #[schema(example = "EUR")]
    currency: String,
    /// What it costs.
    #[schema(example = "25.49")]
    total: String,
    /// What it is paid by.
    payments: Vec<PaymentView>,
}

impl PaidView {
    /// An order with its payments.
    pub(crate) fn of(order: &Order, payments: Vec<PaymentView>) -> Self {
        PaidView {
            order_id: order.id,
            restaurant_id: order.restaurant,
            created_at: order.placed_at,
            currency: order.currency.code().to_owned(),
            total: Money::new(order.total_minor, order.currency).amount(),
            payments,
        }
    }
}

impl PaymentView {
    /// A payment, with where its payer has to go.
    pub(crate) fn of((intent, url): (&Intent, Option<String>)) -> Self {
        let shown = |minor: i64| Money::new(minor, intent.currency).amount();
        let last = intent.attempts.last();
        let is_credit = last.is_some_and(|attempt| attempt.provider.is_credit());
        PaymentView {
            id: Some(intent.id),
            method: match is_credit {
                true => Method::StoreCredit,
                false if intent.is_voucher() => Method::MealVoucher,
                false => Method::Card,
            },
            amount: shown(intent.minor),
            state: intent.state.name().to_owned(),
            captured: shown(intent.captured_minor),
            refunded: shown(intent.refunded_minor),
            lines: names(&intent.covers),
            tip: intent.covers.is_tip(),
            action: url.map(|url| ActionView {
                kind: "redirect".to_owned(),
                url,
            }),
            refused_for: intent.code.clone().or_else(|| not_taken(intent)),
        }
    }

    /// What is paid in cash, and how that stands.
    pub(crate) fn cash((amount, covers): (Money, &Covers), state: State) -> Self {
        let nothing = Money::zero(amount.currency());
        let captured = match state.is_secured() {
            true => amount,
            false => nothing,
        };
        PaymentView {
            id: None,
            method: Method::Cash,
            amount: amount.amount(),
            state: state.name().to_owned(),
            captured: captured.amount(),
            refunded: nothing.amount(),
            lines: names(covers),
            tip: false,
            action: None,
            refused_for: None,
        }
    }
}

/// Why what is held could not be taken, where the provider has said so last: the hold may have lapsed.
fn not_taken(intent: &Intent) -> Option<String> {
    let last = intent.attempts.last()?;
    let is_refused = last.act == Act::Capture && last.state == AttemptState::Refused;
    is_refused.then(|| last.code.clone()).flatten()
}

fn names(covers: &Covers) -> Vec<String> {
    let lines = covers.lines().iter();
    lines.map(|line| line.as_str().to_owned()).collect()
}

/// The means by which an order is paid: one alone, or several of which one may leave out how much, and of which credit
/// and cash are each there once.
pub(super) fn means<'a>(
    one: Option<&'a PaymentAsked>,
    several: &'a [PaymentAsked],
) -> Result<&'a [PaymentAsked]> {
    let all = match (one, several) {
        (None, []) => std::slice::from_ref(PaymentAsked::CASH),
        (Some(one), []) => std::slice::from_ref(one),
        (None, several) => several,
        (Some(_), _) => return Err(wrong("payments", "it is said instead of payment")),
    };
    let count = |is_one: fn(&PaymentAsked) -> bool| all.iter().filter(|part| is_one(part)).count();
    let is_open = |part: &PaymentAsked| {
        let gives_the_rest = !matches!(part.method, Method::StoreCredit | Method::MealVoucher);
        part.amount.is_none() && gives_the_rest
    };
    let is_open_voucher =
        |part: &PaymentAsked| part.amount.is_none() && part.method == Method::MealVoucher;
    if count(is_open) > 1
        || count(is_open_voucher) > 1
        || count(|part| part.method == Method::StoreCredit) > 1
        || count(|part| part.method == Method::Cash) > 1
    {
        let said = "all but one say how much, and credit and cash are there once";
        return Err(wrong("payments", said));
    }
    Ok(all)
}

/// Whether some of it is paid in cash; nothing where that depends on what the others leave of it.
pub(super) fn in_cash(all: &[PaymentAsked], split: Option<&SplitAsked>) -> Option<bool> {
    let is_cash = |part: &&PaymentAsked| part.method == Method::Cash;
    match split {
        None => match all.iter().find(is_cash) {
            None => Some(false),
            Some(cash) => (all.len() == 1 || cash.amount.is_some()).then_some(true),
        },
        Some(split) => {
            let mut parts = split.parts.iter();
            let cash = parts.find(|part| part.payment.method == Method::Cash);
            match cash {
                None => Some(false),
                Some(part) => part.amount.is_some().then_some(true),
            }
        }
    }
}
