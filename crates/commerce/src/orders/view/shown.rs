//! An order as it is shown, in the words of the public interface: amounts are decimal texts.

use std::collections::BTreeMap;

use base::{Currency, Error, Money, Result, Time, codes};
use carte::{GroupId, ItemId, RevisionNumber};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use domain::pricing::Kind;
use rpc::fraud::{FraudScore, Recommendation, Risk};
use serde::{Deserialize, Serialize};
use trade::orders::{Line, LineKey, Order, OrderId, Ticket, TicketId};
use utoipa::ToSchema;

use super::asked::{AddressAsked, Asked, ServiceName};
use super::changes::{ChangedView, ProposalView};
use super::paying::PaymentView;
use super::tips::{self, RecipientName, TipView};

/// An order.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub(crate) struct OrderView {
    /// Which one it is.
    #[schema(value_type = String, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: OrderId,
    /// What people call it that day. The answer to placing an order does not know it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    /// Where it stands: `scheduled`, `pending`, `confirmed`, `preparing`, `ready_for_pickup`, `out_for_delivery`,
    /// `delivered`, `collected`, `served`, `cancelled`, `rejected`, `expired`, `returned`.
    #[schema(example = "pending")]
    status: String,
    /// How many things have happened to it.
    pub(crate) version: i64,
    /// The restaurant.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant_id: RestaurantId,
    /// Who ordered.
    #[schema(value_type = Option<String>, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    customer_id: Option<PersonId>,
    /// How it reaches the diner.
    service_type: ServiceName,
    /// The sales channel.
    channel: String,
    /// What was ordered.
    items: Vec<LineView>,
    /// What all amounts are in.
    #[schema(example = "EUR")]
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
    /// For whom that is, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tip_for: Option<RecipientName>,
    /// Tips that were given after it was placed; they are no part of `tip` and `total`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tips: Vec<TipView>,
    /// All that is taken off.
    #[schema(example = "2.50")]
    discount: String,
    /// The code of the coupon that took something off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32, pattern = "^[A-Z0-9-]+$", example = "SAVE10")]
    coupon_code: Option<String>,
    /// What is to be paid.
    #[schema(example = "25.49")]
    total: String,
    /// How sure its money is: `waiting`, `secured`, `on_delivery`, `failed`.
    #[schema(example = "on_delivery")]
    payment: String,
    /// Where the diner has to go before the payment is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_url: Option<String>,
    /// What it is paid by, where it is read by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) payments: Vec<PaymentView>,
    /// The tab that it is, where more is held than it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tab: Option<TabView>,
    /// The revision of the menu that it was sold by.
    #[schema(minimum = 1)]
    menu_revision: RevisionNumber,
    /// What the kitchens make of it.
    tickets: Vec<TicketView>,
    /// When the diner wants it; as soon as can be where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    wanted_at: Option<Time>,
    /// When the diner is told to have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    estimated_delivery_time: Option<Time>,
    /// When the diner had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    actual_delivery_time: Option<Time>,
    /// Until when the next answer must come: the payment, then that of the restaurant.
    #[schema(value_type = String, format = DateTime)]
    accept_by: Time,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Since when it stands where it stands.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// Why it ended as it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonView>,
    /// A change of its lines that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposal: Option<ProposalView>,
    /// The last changes of its lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangedView>,
    /// What it looked like when it was placed, where somebody looks: for those who make it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fraud: Option<FraudView>,
    /// Where it is brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_address: Option<AddressAsked>,
    /// What kitchen and courier should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    special_instructions: Option<String>,
    /// Whom to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_name: Option<String>,
    /// Where to call when nobody opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

/// What is held of a tab.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderTab)]
struct TabView {
    /// How much was held when it was opened.
    #[schema(example = "50.00")]
    hold: String,
    /// How much may still be ordered; nothing before the money is held, and nothing once the order is ready.
    #[schema(example = "37.50")]
    left: String,
}

/// What an order looks like to whoever knows fraud.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudScore)]
struct FraudView {
    /// From 0, which is beyond doubt, to 100.
    #[schema(maximum = 100)]
    score: u8,
    /// How much is at stake: `low`, `medium`, `high`.
    #[schema(value_type = String, example = "low")]
    risk: Risk,
    /// What stands out.
    flags: Vec<String>,
    /// What was recommended: `accept`, or `review`, which nobody but a human accepts.
    #[schema(value_type = String, example = "accept")]
    recommendation: Recommendation,
}

/// A line of an order.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderLine)]
pub(crate) struct LineView {
    /// What the client calls it, or its place, from 1.
    line: String,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    menu_item_id: ItemId,
    /// What it was called.
    name: String,
    /// How many.
    quantity: u32,
    /// What one costs with what is chosen.
    #[schema(example = "12.50")]
    unit_price: String,
    /// What all cost with what is chosen.
    #[schema(example = "25.00")]
    amount: String,
    /// What is taken off of it.
    #[schema(example = "0.00")]
    discount: String,
    /// The tax of it.
    #[schema(example = "2.27")]
    tax: String,
    /// What was chosen.
    options: Vec<OptionView>,
    /// `sold`, `removed` or `replaced`.
    #[schema(example = "sold")]
    state: String,
    /// What the kitchen should know of this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    special_instructions: Option<String>,
}

/// A choice with a line.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderOption)]
struct OptionView {
    /// The group that it was chosen in.
    #[schema(value_type = String, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    group: GroupId,
    /// What that was called.
    group_name: String,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// What that was called.
    name: String,
    /// How many, in all pieces of the line.
    quantity: u64,
    /// How deep it is nested: 1 in the groups of the item itself.
    depth: u8,
    /// What all of these cost.
    #[schema(example = "3.00")]
    amount: String,
}

/// What one kitchen makes of an order.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderTicket)]
struct TicketView {
    /// Which one it is.
    #[schema(value_type = String, pattern = "^tkt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: TicketId,
    /// The lines that are on it.
    lines: Vec<String>,
    /// `waiting`, `started`, `ready` or `void`.
    #[schema(example = "waiting")]
    state: String,
}

/// Why an order ended, and who said so.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderReason)]
struct ReasonView {
    /// Why, for programs.
    #[schema(example = "too_busy")]
    code: String,
    /// `diner`, `restaurant`, `courier`, `operator` or `platform`.
    #[schema(example = "restaurant")]
    by: String,
}

/// What is said of the diner, opened; nothing where it was erased or never said.
#[derive(Clone, Default)]
pub(crate) struct Personal {
    pub(crate) address: Option<String>,
    pub(crate) instructions: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) notes: Option<String>,
}

impl Personal {
    /// What a diner sent, as it is sealed.
    pub(crate) fn of(asked: &Asked, keys: &[LineKey]) -> Result<Self> {
        let address = asked.delivery_address.as_ref();
        let address = address.map(serde_json::to_string).transpose();
        let broken =
            |error| Error::internal(codes::INTERNAL, "an address is no JSON").caused_by(error);
        Ok(Personal {
            address: address.map_err(broken)?,
            instructions: asked.special_instructions.clone(),
            phone: asked.phone.clone(),
            contact: asked.contact_name.clone(),
            notes: asked.notes(keys),
        })
    }

    /// Where it is brought.
    pub(crate) fn address(&self) -> Result<Option<AddressAsked>> {
        let address = self.address.as_deref().map(serde_json::from_str);
        address.transpose().map_err(damaged)
    }

    /// What is said of single lines, by their keys.
    pub(crate) fn notes(&self) -> Result<BTreeMap<String, String>> {
        let notes = self.notes.as_deref().map(serde_json::from_str);
        Ok(notes.transpose().map_err(damaged)?.unwrap_or_default())
    }

    /// The texts in the order of the fields as they are stored.
    pub(crate) fn texts(&self) -> [Option<&str>; 5] {
        let fields = [
            &self.address,
            &self.instructions,
            &self.phone,
            &self.contact,
            &self.notes,
        ];
        fields.map(|field| field.as_deref())
    }

    /// The texts in the order of the fields as they are stored.
    pub(crate) fn of_texts(texts: [Option<String>; 5]) -> Self {
        let [address, instructions, phone, contact, notes] = texts;
        Personal {
            address,
            instructions,
            phone,
            contact,
            notes,
        }
    }
}

impl OrderView {
    /// An order without what is personal in it.
    pub(crate) fn of(order: &Order) -> Self {
        let sums = Sums::of(order);
        let shown = |minor: i64| Money::new(minor, order.currency).amount();
        OrderView {
            id: order.id,
            number: (order.number > 0).then_some(order.number),
            status: order.status.name().to_owned(),
            version: order.version,
            restaurant_id: order.restaurant,
            customer_id: order.customer,
            service_type: order.service.into(),
            channel: order.channel.to_string(),
            items: lines(order),
            currency: order.currency.code().to_owned(),
            subtotal: shown(sums.goods),
            delivery_fee: shown(sums.delivery),
            service_fee: shown(sums.service),
            tax: shown(sums.tax),
            tip: shown(sums.tip),
            tip_for: tips::recipient(order),
            tips: TipView::all(order),
            discount: shown(sums.discount.saturating_neg()),
            coupon_code: order.coupon_code().map(ToString::to_string),
            total: shown(order.total_minor),
            payment: order.paying.name().to_owned(),
            payment_url: None,
            payments: Vec::new(),
            tab: TabView::of(order),
            menu_revision: order.revision,
            tickets: order.tickets.iter().map(TicketView::of).collect(),
            wanted_at: order.wanted_at,
            estimated_delivery_time: order.promised_at,
            // Nothing moves an order that has ended.
            actual_delivery_time: order.status.is_fulfilled().then_some(order.moved_at),
            accept_by: order.accept_by,
            created_at: order.placed_at,
            updated_at: order.moved_at,
            reason: order.reason.map(|reason| ReasonView {
                code: reason.why.name().to_owned(),
                by: reason.by.name().to_owned(),
            }),
            proposal: order
                .proposal
                .as_deref()
                .map(|proposal| ProposalView::of(proposal, order.currency)),
            changes: order
                .changes
                .iter()
                .map(|done| ChangedView::of(done, order.currency))
                .collect(),
            fraud: None,
            delivery_address: None,
            special_instructions: None,
            contact_name: None,
            phone: None,
        }
    }

    /// The same with what it looked like.
    pub(crate) fn judged(mut self, score: Option<&FraudScore>) -> Self {
        self.fraud = score.map(|one| FraudView {
            score: one.score,
            risk: one.risk,
            flags: one.flags.clone(),
            recommendation: one.recommendation,
        });
        self
    }

    /// The same with what is said of the diner.
    pub(crate) fn with(mut self, personal: Personal) -> Result<Self> {
        self.delivery_address = personal.address()?;
        let mut notes = personal.notes()?;
        for line in &mut self.items {
            line.special_instructions = notes.remove(&line.line);
        }
        self.special_instructions = personal.instructions;
        self.contact_name = personal.contact;
        self.phone = personal.phone;
        Ok(self)
    }
}

/// What was sealed by us and is no longer what we seal: nobody is told that there was nothing.
#[track_caller]
fn damaged(error: serde_json::Error) -> Error {
    Error::internal(codes::DAMAGED, "what is said of a diner does not read").caused_by(error)
}

fn lines(order: &Order) -> Vec<LineView> {
    let lines = order.lines.iter();
    lines
        .map(|line| LineView::of(line, order.currency))
        .collect()
}

impl LineView {
    pub(crate) fn of(line: &Line, currency: Currency) -> Self {
        let shown = |minor: i64| Money::new(minor, currency).amount();
        let options = line.choices.iter().map(|choice| OptionView {
            group: choice.group,
            group_name: choice.group_name.clone(),
            item: choice.item,
            name: choice.name.clone(),
            quantity: choice.quantity,
            depth: choice.depth,
            amount: shown(choice.minor),
        });
        LineView {
            line: line.key.as_str().to_owned(),
            menu_item_id: line.item,
            name: line.name.clone(),
            quantity: line.quantity,
            unit_price: shown(line.unit_minor),
            amount: shown(line.minor),
            discount: shown(line.discount_minor),
            tax: shown(line.tax_minor),
            options: options.collect(),
            state: line.state.name().to_owned(),
            special_instructions: None,
        }
    }
}

impl TabView {
    fn of(order: &Order) -> Option<Self> {
        let shown = |minor: i64| Money::new(minor, order.currency).amount();
        Some(TabView {
            hold: shown(order.tab?.hold_minor),
            left: shown(order.tab_left_minor()?),
        })
    }
}

impl TicketView {
    fn of(ticket: &Ticket) -> Self {
        let lines = ticket.lines.iter().map(|key| key.as_str().to_owned());
        TicketView {
            id: ticket.id,
            lines: lines.collect(),
            state: ticket.state.name().to_owned(),
        }
    }
}

/// What the amounts of an order come to.
#[derive(Default)]
struct Sums {
    goods: i64,
    delivery: i64,
    service: i64,
    tax: i64,
    tip: i64,
    discount: i64,
}

impl Sums {
    fn of(order: &Order) -> Self {
        let mut sums = Sums::default();
        for line in &order.money {
            let sum = match line.kind {
                Kind::Item | Kind::Option => &mut sums.goods,
                Kind::DeliveryFee => &mut sums.delivery,
                Kind::SmallOrderFee | Kind::ServiceFee | Kind::PackagingFee | Kind::PaymentFee => {
                    &mut sums.service
                }
                Kind::TaxAdded | Kind::TaxIncluded => &mut sums.tax,
                Kind::Tip | Kind::TipFor(_) => &mut sums.tip,
                Kind::Discount(_) => &mut sums.discount,
            };
            // What was priced fits; the whole was summed with checks.
            *sum = sum.saturating_add(line.minor);
        }
        sums
    }
}
