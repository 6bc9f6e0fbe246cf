//! What is asked of carts, and what is shown of one: its lines with what has become of them, and what it costs now.

use base::{Result, Time};
use carte::ItemId;
use domain::organisations::RestaurantId;
use domain::people::AddressId;
use domain::pricing::{Kind, PricedLine, Refused};
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::carts::{CartId, Since, compare};
use trade::orders::OrderId;
use utoipa::ToSchema;

use super::body::{Body, Found};
use crate::orders::{
    AddressAsked, Asked, Estimate, LineAsked, OptionAsked, Place, RecipientName, ServiceName,
};

/// A new cart: with these lines, or with what an earlier order had.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewCart {
    /// The restaurant.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) restaurant_id: RestaurantId,
    /// An order of the caller at this restaurant. What it had is in the cart, with the prices of then as what was seen.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) order_id: Option<OrderId>,
    /// How it is to reach the diner; it is brought when nothing is said, or as the order was.
    #[serde(default)]
    service_type: Option<ServiceName>,
    /// The sales channel; the platform's own when nothing is said, or that of the order.
    #[serde(default)]
    #[schema(max_length = 40, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<String>,
    /// What is in it from the beginning, besides what the order had.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub(super) items: Vec<LineAsked>,
}

/// All that a cart says but its lines. What is absent is not said any more.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CartDetails {
    /// The version that was read; if it has another one by now, nothing is changed. Without it, it is changed as it stands.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(super) version: Option<i64>,
    /// Whether the prices of now are taken for what was seen: no line is dearer or cheaper then.
    #[serde(default)]
    pub(super) accept_prices: bool,
    /// How it is to reach the diner; it is brought when nothing is said.
    #[serde(default)]
    service_type: Option<ServiceName>,
    /// The sales channel; the platform's own when nothing is said.
    #[serde(default)]
    #[schema(max_length = 40, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<String>,
    /// When it is to be served; as soon as can be when nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    wanted_at: Option<Time>,
    /// Where it is to be brought.
    #[serde(default)]
    delivery_address: Option<AddressAsked>,
    /// Instead of `deliveryAddress`: an address of the diner's address book, as it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^adr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    delivery_address_id: Option<AddressId>,
    /// Where that is.
    #[serde(default)]
    position: Option<Place>,
    /// What kitchen and courier should know.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    special_instructions: Option<String>,
    /// Whom to ask for.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    contact_name: Option<String>,
    /// Where to call when nobody opens.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    phone: Option<String>,
    /// The code of a coupon.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 32, pattern = "^[A-Za-z0-9-]{3,32}$")]
    coupon_code: Option<String>,
    /// What the diner gives to those who serve him.
    #[serde(default)]
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,12}(\\.[0-9]{1,4})?$",
        example = "1.50"
    )]
    tip: Option<String>,
    /// For whom it is; for all of them when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tip_for: Option<RecipientName>,
}

/// A line as it is to be in a cart.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CartLine {
    /// The version that was read; if the cart has another one by now, nothing is changed.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(super) version: Option<i64>,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    menu_item_id: ItemId,
    /// How many.
    #[schema(minimum = 1, maximum = 999)]
    quantity: u32,
    /// What is chosen with each of them; groups that are not named get what the menu chooses.
    #[serde(default)]
    #[schema(max_items = 200)]
    options: Vec<OptionAsked>,
    /// What the kitchen should know of this line.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    special_instructions: Option<String>,
}

/// A cart with what it costs now.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Cart)]
pub(super) struct CartView {
    /// Which one.
    #[schema(value_type = String, pattern = "^crt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: CartId,
    /// How often it was changed.
    #[schema(minimum = 1)]
    pub(super) version: i64,
    /// The restaurant.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant_id: RestaurantId,
    /// How it is to reach the diner.
    service_type: ServiceName,
    /// The sales channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// Its lines, in the order in which they were put in.
    items: Vec<CartLineView>,
    /// What all amounts are in.
    currency: String,
    /// Items and options.
    #[schema(example = "25.00")]
    subtotal: String,
    /// Bringing it.
    #[schema(example = "2.99")]
    delivery_fee: String,
    /// All other fees.
    #[schema(example = "0.00")]
    service_fee: String,
    /// All taxes, whether they are in the amounts or come on top.
    #[schema(example = "2.57")]
    tax: String,
    /// What those get who serve.
    #[schema(example = "0.00")]
    tip: String,
    /// All that is taken off.
    #[schema(example = "2.50")]
    discount: String,
    /// What would be paid for all that can be had.
    #[schema(example = "25.49")]
    total: String,
    /// Whether it can be ordered so: nothing is wrong, and nothing dearer than what was seen.
    orderable: bool,
    /// What is wrong with it, but for its lines.
    problems: Vec<CartProblem>,
    /// When it is to be served.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    wanted_at: Option<Time>,
    /// Where it is to be brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_address: Option<AddressAsked>,
    /// Where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Place>,
    /// What kitchen and courier should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    special_instructions: Option<String>,
    /// Whom to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_name: Option<String>,
    /// Where to call when nobody opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// The code of a coupon.
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_code: Option<String>,
    /// When it was changed last. A cart that nobody changes for 30 days goes.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

/// A line of a cart.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CartLineView {
    /// What it is called.
    line: String,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    menu_item_id: ItemId,
    /// What that is called, or was when it was put in.
    name: String,
    /// How many.
    quantity: u32,
    /// What is chosen with each of them.
    options: Vec<OptionAsked>,
    /// What the kitchen should know of this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    special_instructions: Option<String>,
    /// What has become of it since it was put in: `same`, `dearer`, `cheaper`, or `unavailable`.
    #[schema(example = "same")]
    since: &'static str,
    /// What one cost when it was put in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "12.00")]
    seen_price: Option<String>,
    /// What one costs now with what is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "12.50")]
    unit_price: Option<String>,
    /// What all of them cost now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "25.00")]
    amount: Option<String>,
    /// Why it cannot be had.
    problems: Vec<CartProblem>,
}

/// What is wrong, in the codes of a quote and of a coupon.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CartProblem {
    /// What is the matter, for programs.
    #[schema(example = "sold_out")]
    code: &'static str,
    /// What is the matter, for people.
    words: String,
}

/// The carts of a person.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Carts {
    /// There are at most 20.
    pub(super) items: Vec<CartBrief>,
}

/// A cart in a list.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CartBrief {
    /// Which one.
    #[schema(value_type = String, pattern = "^crt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: CartId,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: i64,
    /// The restaurant.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant_id: RestaurantId,
    /// How it is to reach the diner.
    service_type: ServiceName,
    /// How many pieces are in it.
    pieces: u64,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl NewCart {
    /// A cart that holds nothing but what is said here.
    pub(super) fn asked(&self) -> Asked {
        Asked {
            items: self.items.clone(),
            service_type: self.service_type,
            channel: self.channel.clone(),
            ..Asked::at(self.restaurant_id)
        }
    }

    /// What is said here of a cart that was made of an order.
    pub(super) fn over(&self, asked: &mut Asked) {
        asked.service_type = self.service_type.or(asked.service_type);
        if self.channel.is_some() {
            asked.channel.clone_from(&self.channel);
        }
    }
}

impl CartDetails {
    /// A cart that says this besides its lines.
    pub(super) fn over(self, asked: &mut Asked) {
        *asked = Asked {
            items: std::mem::take(&mut asked.items),
            service_type: self.service_type,
            channel: self.channel,
            wanted_at: self.wanted_at,
            delivery_address: self.delivery_address,
            delivery_address_id: self.delivery_address_id,
            position: self.position,
            special_instructions: self.special_instructions,
            contact_name: self.contact_name,
            phone: self.phone,
            coupon_code: self.coupon_code,
            tip: self.tip,
            tip_for: self.tip_for,
            ..Asked::at(asked.restaurant_id)
        };
    }
}

impl CartLine {
    /// The line, without a key.
    pub(super) fn asked(self) -> Result<LineAsked> {
        if self.quantity == 0 {
            return Err(wrong("quantity", "a line has one or more"));
        }
        Ok(LineAsked {
            line: None,
            menu_item_id: self.menu_item_id,
            quantity: self.quantity,
            options: self.options,
            special_instructions: self.special_instructions,
        })
    }
}

impl CartBrief {
    pub(super) fn of(found: &Found) -> Self {
        let asked = &found.body.asked;
        CartBrief {
            id: found.id,
            version: found.version,
            restaurant_id: asked.restaurant_id,
            service_type: asked.service_type.unwrap_or_default(),
            pieces: asked
                .items
                .iter()
                .map(|line| u64::from(line.quantity))
                .sum(),
            updated_at: found.at,
        }
    }
}

impl CartView {
    /// A cart as it stands, with what it costs now.
    pub(super) fn of(found: &Found, now: &Estimate) -> Self {
        let (asked, totals) = (&found.body.asked, &now.quote.totals);
        let items = asked.items.iter().enumerate();
        let items: Vec<CartLineView> = items
            .map(|(place, line)| line_view(&found.body, (place, line), now))
            .collect();
        let problems = problems(now);
        let is_same =
            |line: &CartLineView| line.since != Since::Dearer.name() && line.problems.is_empty();
        let fee = |is: fn(Kind) -> bool| {
            let fees = now.quote.fees.iter().filter(|fee| is(fee.kind));
            let minor = fees
                .map(|fee| fee.amount.minor())
                .fold(0, i64::saturating_add);
            base::Money::new(minor, now.quote.currency).amount()
        };
        CartView {
            id: found.id,
            version: found.version,
            restaurant_id: asked.restaurant_id,
            service_type: asked.service_type.unwrap_or_default(),
            channel: asked.channel.clone(),
            currency: now.quote.currency.code().to_owned(),
            subtotal: totals.items.amount(),
            delivery_fee: fee(|kind| kind == Kind::DeliveryFee),
            service_fee: fee(|kind| kind != Kind::DeliveryFee),
            tax: totals.tax.amount(),
            tip: totals.tip.amount(),
            discount: totals.discounts.amount(),
            total: totals.total.amount(),
            orderable: problems.is_empty() && items.iter().all(is_same),
            items,
            problems,
            wanted_at: asked.wanted_at,
            delivery_address: asked.delivery_address.clone(),
            position: asked.position,
            special_instructions: asked.special_instructions.clone(),
            contact_name: asked.contact_name.clone(),
            phone: asked.phone.clone(),
            coupon_code: asked.coupon_code.clone(),
            updated_at: found.at,
        }
    }
}

/// What is wrong with a cart as a whole.
fn problems(now: &Estimate) -> Vec<CartProblem> {
    let whole = now.quote.refusals.iter().filter(|one| one.line.is_none());
    let mut all: Vec<CartProblem> = whole.map(problem).collect();
    all.extend(now.address_missing.then(|| CartProblem {
        code: "address_missing",
        words: "A delivery needs an address.".to_owned(),
    }));
    all.extend(now.coupon.as_ref().map(|refused| CartProblem {
        code: refused.why.code(),
        words: refused.why.to_string(),
    }));
    all
}

fn problem(refused: &Refused) -> CartProblem {
    CartProblem {
        code: refused.reason.code(),
        words: refused.reason.to_string(),
    }
}

fn line_view(body: &Body, (place, asked): (usize, &LineAsked), now: &Estimate) -> CartLineView {
    let key = asked.line.clone().unwrap_or_default();
    let seen = body.seen.get(&key);
    let refused = now
        .quote
        .refusals
        .iter()
        .filter(|one| one.line == Some(place));
    let problems: Vec<CartProblem> = refused.map(problem).collect();
    let mut lines = now.quote.lines.iter();
    let priced: Option<&PricedLine> = lines.find(|line| line.line == place);
    let unit = priced
        .filter(|_| problems.is_empty())
        .map(|line| line.unit.minor());
    let shown = |minor: i64| base::Money::new(minor, now.quote.currency).amount();
    let name = now.name(asked.menu_item_id);
    CartLineView {
        name: match (name.is_empty(), seen) {
            (true, Some(seen)) => seen.name.clone(),
            (true, None) | (false, _) => name,
        },
        since: compare(seen.map(|seen| seen.unit_minor), unit).name(),
        seen_price: seen.map(|seen| shown(seen.unit_minor)),
        unit_price: priced.map(|line| line.unit.amount()),
        amount: priced.map(|line| line.amount.amount()),
        line: key,
        menu_item_id: asked.menu_item_id,
        quantity: asked.quantity,
        options: asked.options.clone(),
        special_instructions: asked.special_instructions.clone(),
        problems,
    }
}
