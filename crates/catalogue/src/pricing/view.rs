//! What is asked of pricing, and what it answers: amounts as decimal texts, reasons in codes and words.

use base::{Result, Time};
use carte::{Channel, GroupId, Item, ItemId, Menu, RevisionNumber, Service, Wanted};
use domain::organisations::RestaurantId;
use domain::pricing::{self as nouns, Note, PricedLine, PricedPart, Quote, Refused};
use domain::venues::Position;
use rpc::places::PlaceHeld;
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

/// How it is to reach the diner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ServiceName {
    /// It is brought.
    Delivery,
    /// It is fetched.
    Pickup,
    /// It is eaten there.
    DineIn,
}

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuoteWishPosition)]
struct Place {
    /// North of the equator.
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    /// East of Greenwich.
    #[schema(minimum = -180, maximum = 180)]
    lng: f64,
}

/// An order that somebody would like to give.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = QuoteWish)]
pub(super) struct Wish {
    /// How it is to reach the diner.
    service: ServiceName,
    /// The sales channel; the platform's own when nothing is said.
    #[serde(default)]
    #[schema(max_length = 40, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<String>,
    /// When it is to be served; now when nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) at: Option<Time>,
    /// Where it is to be brought; for deliveries.
    #[serde(default)]
    position: Option<Place>,
    /// Whether it is to be paid in cash, which costs a fee in some restaurants.
    #[serde(default)]
    pub(super) cash: bool,
    /// What is to be ordered.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<LineWish>,
}

/// A line of an order that somebody would like to give.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = QuoteWishLine)]
struct LineWish {
    /// What the caller calls the line; the answer calls it the same.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    line: Option<String>,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// How many.
    #[schema(minimum = 1, maximum = 999)]
    quantity: u32,
    /// What is chosen with each of them; groups that are not named get what the menu chooses.
    #[serde(default)]
    #[schema(max_items = 200)]
    choices: Vec<ChoiceWish>,
}

/// A choice.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = QuoteWishChoice)]
struct ChoiceWish {
    /// The group that it is chosen in.
    #[schema(value_type = String, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    group: GroupId,
    /// The item that is chosen.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// How many for each; none says that what the menu chooses in the group is not wanted.
    #[schema(minimum = 0, maximum = 999)]
    quantity: u32,
    /// What is chosen for the choice itself.
    #[serde(default)]
    #[schema(max_items = 200, no_recursion)]
    choices: Vec<ChoiceWish>,
}

impl Wish {
    pub(super) const fn service(&self) -> Service {
        match self.service {
            ServiceName::Delivery => Service::Delivery,
            ServiceName::Pickup => Service::Pickup,
            ServiceName::DineIn => Service::DineIn,
        }
    }

    pub(super) fn channel(&self) -> Result<Option<Channel>> {
        let channel = self.channel.as_deref().map(str::parse::<Channel>);
        let channel = channel.transpose();
        channel.map_err(|error| wrong("channel", error.to_string()))
    }

    pub(super) fn position(&self) -> Result<Option<Position>> {
        let degrees = |place: &Place| Position::of_degrees(place.lat, place.lng);
        let position = self.position.as_ref().map(degrees).transpose();
        position.map_err(|error| wrong("position", error.to_string()))
    }

    pub(super) fn lines(&self) -> Vec<nouns::WantedLine> {
        let lines = self.lines.iter().map(|line| nouns::WantedLine {
            item: line.item,
            quantity: line.quantity,
            choices: line.choices.iter().map(ChoiceWish::wanted).collect(),
        });
        lines.collect()
    }

    /// What the caller calls a line: as he said, or its place in what he asked for, from 0.
    fn line(&self, place: usize) -> String {
        let said = self.lines.get(place).and_then(|line| line.line.clone());
        said.unwrap_or_else(|| place.to_string())
    }
}

impl ChoiceWish {
    /// The reader of JSON bounds how deep this goes.
    fn wanted(&self) -> Wanted {
        Wanted {
            group: self.group,
            item: self.item,
            quantity: self.quantity,
            choices: self.choices.iter().map(ChoiceWish::wanted).collect(),
        }
    }
}

/// What an order would cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Quote)]
pub(super) struct QuoteView {
    /// The restaurant.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
    /// The revision of the menu by which this was found.
    #[schema(minimum = 1)]
    revision: RevisionNumber,
    /// What all amounts are in.
    currency: &'static str,
    /// Whether taxes are in the amounts (`included`) or come on top (`added`).
    taxes: &'static str,
    /// How it is to reach the diner.
    service: ServiceName,
    /// When it is to be served.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Whether it can be ordered so: nothing is refused.
    orderable: bool,
    /// Names this quote in an order, which is refused then if it costs more. Nothing is kept aside for
    /// it but the place that `heldUntil` speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote_id: Option<String>,
    /// Until when an order may name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
    /// Until when the place is held for the order that names this quote. Missing where none was asked for, and where
    /// nothing is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    held_until: Option<Time>,
    /// The lines that have a price.
    lines: Vec<LineView>,
    /// What is taken besides.
    fees: Vec<FeeView>,
    /// The taxes, a class each.
    tax_sums: Vec<TaxView>,
    /// The sums.
    totals: TotalsView,
    /// Why it cannot be ordered.
    refusals: Vec<RefusalView>,
    /// What the diner should know.
    notes: Vec<NoteView>,
}

/// A line with its price.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuoteLine)]
struct LineView {
    /// What the caller calls it, or its place in what he asked for, from 0.
    line: String,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// What it is called, in the language of the menu.
    name: String,
    /// How many.
    quantity: u32,
    /// What one costs with what is chosen.
    #[schema(example = "12.50")]
    unit: String,
    /// What all of them cost.
    #[schema(example = "25.00")]
    amount: String,
    /// The tax of it.
    #[schema(example = "2.27")]
    tax: String,
    /// The item by itself, then what is chosen with it.
    parts: Vec<PartView>,
}

/// The item of a line, or an option.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotePart)]
struct PartView {
    /// `item` or `option`.
    kind: &'static str,
    /// The item that it is.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// The group in which it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    group: Option<GroupId>,
    /// What it is called, in the language of the menu.
    name: String,
    /// How deep among the options it is: 0 for the item of the line.
    depth: usize,
    /// How many of it, in all pieces of the line.
    quantity: u64,
    /// What they cost.
    #[schema(example = "1.50")]
    amount: String,
    /// Its tax class.
    tax_class: String,
    /// The tax of it.
    #[schema(example = "0.14")]
    tax: String,
}

/// What is taken besides the price of what is sold.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuoteFee)]
struct FeeView {
    /// `delivery_fee`, `small_order_fee`, `service_fee`, `packaging_fee` or `payment_fee`.
    kind: &'static str,
    /// How much.
    #[schema(example = "2.50")]
    amount: String,
    /// The tax of it.
    #[schema(example = "0.23")]
    tax: String,
}

/// What is owed of one tax class.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuoteTax)]
struct TaxView {
    /// The class.
    class: String,
    /// Its rate in percent.
    #[schema(example = "8.875")]
    percent: String,
    /// What it is taken of: with the tax where the amounts hold it, else without.
    #[schema(example = "27.50")]
    base: String,
    /// The tax.
    #[schema(example = "2.50")]
    tax: String,
}

/// The sums of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuoteTotals)]
struct TotalsView {
    /// Items and options.
    #[schema(example = "25.00")]
    items: String,
    /// All fees.
    #[schema(example = "2.50")]
    fees: String,
    /// All that is taken off.
    #[schema(example = "0.00")]
    discounts: String,
    /// All taxes, whether they come on top or not.
    #[schema(example = "2.50")]
    tax: String,
    /// What is to be paid.
    #[schema(example = "27.50")]
    total: String,
}

/// Why it cannot be ordered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuoteRefusal)]
struct RefusalView {
    /// What is the matter, for programs.
    #[schema(example = "sold_out")]
    code: &'static str,
    /// What is the matter, for people.
    words: String,
    /// The line that it is about; none when it is the whole order.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    /// The item that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: Option<ItemId>,
    /// The group of choices that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    group: Option<GroupId>,
    /// What exactly is wrong with a choice, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'static str>,
}

/// What the diner should know.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuoteNote)]
struct NoteView {
    /// What it is about, for programs: `age_restricted`, `busy`.
    #[schema(example = "age_restricted")]
    code: &'static str,
    /// The same for people.
    words: String,
    /// The line that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
}

/// A quote, and what is needed to show it.
pub(super) struct Shown<'a> {
    pub(super) restaurant: RestaurantId,
    pub(super) revision: RevisionNumber,
    pub(super) menu: &'a Menu,
    pub(super) wish: &'a Wish,
    pub(super) at: Time,
    pub(super) quote: &'a Quote,
    /// By which name an order may refer to it, and until when.
    pub(super) promised: Option<(String, Time)>,
    /// The place that was asked for.
    pub(super) place: &'a PlaceHeld,
}

impl QuoteView {
    pub(super) fn of(shown: &Shown<'_>) -> Self {
        let quote = shown.quote;
        let taxes = quote.taxes.iter().map(|tax| TaxView {
            class: tax.class.as_str().to_owned(),
            percent: percent(tax.rate_millionths),
            base: tax.base.amount(),
            tax: tax.tax.amount(),
        });
        let fees = quote.fees.iter().map(|fee| FeeView {
            kind: fee.kind.name(),
            amount: fee.amount.amount(),
            tax: fee.tax.amount(),
        });
        let totals = &quote.totals;
        QuoteView {
            restaurant: shown.restaurant,
            revision: shown.revision,
            currency: quote.currency.code(),
            taxes: quote.taxes_included.name(),
            service: shown.wish.service,
            at: shown.at,
            orderable: shown.promised.is_some(),
            quote_id: shown.promised.as_ref().map(|(id, _)| id.clone()),
            expires_at: shown.promised.as_ref().map(|(_, until)| *until),
            held_until: match shown.place {
                PlaceHeld::Until { until, .. } => Some(*until),
                PlaceHeld::Unlimited | PlaceHeld::Refused { .. } => None,
            },
            lines: quote.lines.iter().map(|line| shown.line(line)).collect(),
            fees: fees.collect(),
            tax_sums: taxes.collect(),
            totals: TotalsView {
                items: totals.items.amount(),
                fees: totals.fees.amount(),
                discounts: totals.discounts.amount(),
                tax: totals.tax.amount(),
                total: totals.total.amount(),
            },
            refusals: quote
                .refusals
                .iter()
                .map(|one| shown.refusal(one))
                .chain(shown.no_place())
                .collect(),
            notes: quote.notes.iter().map(|note| shown.note(note)).collect(),
        }
    }
}

impl Shown<'_> {
    fn name(&self, item: ItemId) -> String {
        let item: Option<&Item> = self.menu.item(item);
        item.map(|item| item.name.main().to_owned())
            .unwrap_or_default()
    }

    fn line(&self, line: &PricedLine) -> LineView {
        LineView {
            line: self.wish.line(line.line),
            item: line.item,
            name: self.name(line.item),
            quantity: line.quantity,
            unit: line.unit.amount(),
            amount: line.amount.amount(),
            tax: line.tax.amount(),
            parts: line.parts.iter().map(|part| self.part(part)).collect(),
        }
    }

    fn part(&self, part: &PricedPart) -> PartView {
        PartView {
            kind: part.kind.name(),
            item: part.item,
            group: part.group,
            name: self.name(part.item),
            depth: part.depth,
            quantity: part.quantity,
            amount: part.amount.amount(),
            tax_class: part.class.as_str().to_owned(),
            tax: part.tax.amount(),
        }
    }

    fn refusal(&self, refused: &Refused) -> RefusalView {
        let (group, what) = match &refused.reason {
            nouns::Reason::Options { group, what, .. } => (*group, Some(*what)),
            _ => (None, None),
        };
        RefusalView {
            code: refused.reason.code(),
            words: refused.reason.to_string(),
            line: refused.line.map(|line| self.wish.line(line)),
            item: refused.reason.item(),
            group,
            what,
        }
    }

    /// Why no place could be held.
    fn no_place(&self) -> Option<RefusalView> {
        match self.place {
            PlaceHeld::Refused { code, words } => Some(RefusalView {
                code,
                words: words.clone(),
                line: None,
                item: None,
                group: None,
                what: None,
            }),
            PlaceHeld::Unlimited | PlaceHeld::Until { .. } => None,
        }
    }

    fn note(&self, note: &Note) -> NoteView {
        NoteView {
            code: note.code(),
            words: note.to_string(),
            line: note.line().map(|line| self.wish.line(line)),
        }
    }
}

/// A rate in percent, without digits that say nothing: 88,750 millionths are `8.875`.
#[must_use]
pub fn percent(millionths: i64) -> String {
    let text = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
