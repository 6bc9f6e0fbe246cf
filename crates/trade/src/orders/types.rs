//! What an order is made of. Nothing in it is personal: where to bring it and what was said is sealed beside it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base::{Currency, Time};
use carte::{Channel, GroupId, ItemId, Key, RevisionNumber, Service};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::change::{Done, Proposal};
use super::reason::Coded;
use super::tabs::{Tab, Tabs};
use super::tips::{Tip, TipsFor};
use super::vouchers::MealVouchers;
use crate::offers::{Code, Given, OfferId};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use domain::pricing::Kind;

base::typed_id!(
    /// Names an order.
    pub OrderId = "ord";
    /// Names what one kitchen makes of an order.
    pub TicketId = "tkt";
);

/// The most lines of an order, with those that were removed from it.
pub const LINES_MAX: usize = 200;
/// The most tickets of an order.
pub const TICKETS_MAX: usize = 20;
/// The most characters of the key of a line.
pub const LINE_KEY_CHARS_MAX: usize = 40;

/// What the client calls a line of its order: letters, digits, `_` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineKey(String);

/// A text that is no key of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the key of a line has 1 to {LINE_KEY_CHARS_MAX} letters, digits, _ and -")]
pub struct LineKeyError;

impl LineKey {
    /// The key of the line at this place, from 0, when the client gave none.
    #[must_use]
    pub fn numbered(place: usize) -> Self {
        Self(place.saturating_add(1).to_string())
    }

    /// The key as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LineKey {
    type Err = LineKeyError;

    fn from_str(text: &str) -> Result<Self, LineKeyError> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let is_key = (1..=LINE_KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_known);
        match is_key {
            true => Ok(Self(text.to_owned())),
            false => Err(LineKeyError),
        }
    }
}

impl fmt::Display for LineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for LineKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LineKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base::text::deserialize(deserializer)
    }
}

/// Makes enums whose values have names that are written, read and listed.
macro_rules! named {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $text:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $value,)+
        }

        impl $name {
            /// All of them, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// How it is written.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }

            /// The one of this name.
            #[must_use]
            pub fn find(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    )+};
}
pub(super) use named;

named! {
    /// Where an order stands.
    Status {
        /// It is for later; the restaurant is asked when its time comes.
        Scheduled = "scheduled",
        /// The restaurant has not answered.
        Pending = "pending",
        /// The restaurant has accepted it.
        Confirmed = "confirmed",
        /// It is being made.
        Preparing = "preparing",
        /// It can be taken.
        ReadyForPickup = "ready_for_pickup",
        /// It is being brought.
        OutForDelivery = "out_for_delivery",
        /// It was brought.
        Delivered = "delivered",
        /// It was fetched.
        Collected = "collected",
        /// It was brought to the table.
        Served = "served",
        /// Somebody took it back.
        Cancelled = "cancelled",
        /// The restaurant did not want it.
        Rejected = "rejected",
        /// The payment or the restaurant's answer did not come in time.
        Expired = "expired",
        /// It was brought and nobody took it.
        Returned = "returned",
    }
    /// Who does something with an order.
    Actor {
        /// Whoever ordered.
        Diner = "diner",
        /// The people and devices of the restaurant.
        Restaurant = "restaurant",
        /// Whoever brings it.
        Courier = "courier",
        /// The people who run the platform.
        Operator = "operator",
        /// The platform by itself: payments, time and rules.
        Platform = "platform",
    }
    /// How sure the money of an order is.
    Paying {
        /// It is not there yet.
        Waiting = "waiting",
        /// It is authorised or paid, or nothing is to be paid.
        Secured = "secured",
        /// It is paid when the order is handed over.
        OnDelivery = "on_delivery",
        /// It will not come.
        Failed = "failed",
    }
    /// How far a kitchen is.
    TicketState {
        /// It has not begun.
        Waiting = "waiting",
        /// It works on it.
        Started = "started",
        /// It is done.
        Ready = "ready",
        /// There is nothing to be made.
        Void = "void",
    }
    /// What becomes of a change that nobody answers.
    Lapse {
        /// The order stays as it was.
        Keep = "keep",
        /// What was to be replaced is taken out.
        Remove = "remove",
    }
    /// When the money of an order is taken that is held since it was placed.
    Taking {
        /// When the restaurant accepts it.
        Accepted = "accepted",
        /// When it can be taken.
        Ready = "ready",
    }
    /// What has become of a line.
    LineState {
        /// It is sold.
        Sold = "sold",
        /// It was taken out of the order.
        Removed = "removed",
        /// Another line stands for it.
        Replaced = "replaced",
    }
}

impl Status {
    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Scheduled
            | Self::Pending
            | Self::Confirmed
            | Self::Preparing
            | Self::ReadyForPickup
            | Self::OutForDelivery => false,
            Self::Delivered
            | Self::Collected
            | Self::Served
            | Self::Cancelled
            | Self::Rejected
            | Self::Expired
            | Self::Returned => true,
        }
    }

    /// Whether the diner got what was ordered.
    #[must_use]
    pub const fn is_fulfilled(self) -> bool {
        matches!(self, Self::Delivered | Self::Collected | Self::Served)
    }

    /// Whether the order has ended without it. Whether money is owed then, [`Order::gives_back`] says.
    #[must_use]
    pub const fn is_void(self) -> bool {
        self.is_final() && !self.is_fulfilled()
    }

    /// Whether the restaurant has bound itself to it.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        match self {
            Self::Confirmed
            | Self::Preparing
            | Self::ReadyForPickup
            | Self::OutForDelivery
            | Self::Delivered
            | Self::Collected
            | Self::Served
            | Self::Returned => true,
            Self::Scheduled | Self::Pending | Self::Cancelled | Self::Rejected | Self::Expired => {
                false
            }
        }
    }

    /// Whether it is made, wherever it went from there.
    #[must_use]
    pub const fn is_made(self) -> bool {
        match self {
            Self::ReadyForPickup
            | Self::OutForDelivery
            | Self::Delivered
            | Self::Collected
            | Self::Served
            | Self::Returned => true,
            Self::Scheduled
            | Self::Pending
            | Self::Confirmed
            | Self::Preparing
            | Self::Cancelled
            | Self::Rejected
            | Self::Expired => false,
        }
    }
}

impl Paying {
    /// Whether the restaurant may rely on it.
    #[must_use]
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Secured | Self::OnDelivery)
    }
}

/// A choice with an item, as it was sold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Choice {
    /// The group that it was chosen in.
    pub group: GroupId,
    /// What that was called.
    pub group_name: String,
    /// The item that was chosen.
    pub item: ItemId,
    /// What that was called.
    pub name: String,
    /// How many, in all pieces of the line.
    pub quantity: u64,
    /// How deep it is nested: 1 in the groups of the item itself.
    pub depth: u8,
    /// What all of these cost, in minor units.
    pub minor: i64,
    /// Its tax class.
    pub tax: Key,
    /// The rate of it, in millionths.
    pub rate: i64,
}

/// A line of an order, as it was sold. All amounts are minor units and of all pieces together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Line {
    /// What the client calls it.
    pub key: LineKey,
    /// The item.
    pub item: ItemId,
    /// What that was called.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// What one costs with what is chosen.
    pub unit_minor: i64,
    /// What all cost with what is chosen.
    pub minor: i64,
    /// What is taken off of it; not below zero.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discount_minor: i64,
    /// The tax of it, in the price or on top as the money lines say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tax_minor: i64,
    /// The tax class of the item.
    pub tax: Key,
    /// The rate of it, in millionths.
    pub rate: i64,
    /// How old its buyer must be, by the item or by what is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_min: Option<u8>,
    /// What is chosen, each before what is nested in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// The revision of the menu that it was sold by, when that is not the one of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<RevisionNumber>,
    /// What has become of it.
    #[serde(default = "sold", skip_serializing_if = "is_sold")]
    pub state: LineState,
}

impl Line {
    /// Whether it is still a part of the order.
    #[must_use]
    pub const fn is_sold(&self) -> bool {
        is_sold(&self.state)
    }
}

/// One amount of an order and what it is for. Parts of one line that are for the same are one amount.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MoneyLine {
    /// What it is for.
    pub kind: Kind,
    /// The line that it belongs to; none for what belongs to the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<LineKey>,
    /// How much, in minor units of the order's currency; a discount is below zero.
    pub minor: i64,
}

/// What one kitchen makes of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Ticket {
    /// Which one it is.
    pub id: TicketId,
    /// The lines that are on it.
    pub lines: Vec<LineKey>,
    /// How far it is.
    #[serde(default = "waiting", skip_serializing_if = "is_waiting")]
    pub state: TicketState,
}

/// The rules of the restaurant as they were when the order was placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rules {
    /// Whether an order is accepted by itself once its money is safe.
    pub auto_accept: bool,
    /// How long the restaurant has for its answer.
    pub accept_seconds: u32,
    /// How long the diner has to pay.
    pub pay_seconds: u32,
    /// How long before its time a scheduled order is shown to the restaurant.
    pub wake_seconds: u32,
    /// How long after the acceptance the diner may still cancel, as long as nobody has begun.
    pub cancel_seconds: u32,
    /// How long the diner has to answer when something is to be changed.
    pub consent_seconds: u32,
    /// What becomes of a change that he does not answer.
    #[serde(default = "keep", skip_serializing_if = "is_kept")]
    pub lapse: Lapse,
    /// Up to how much of an order one person may give back alone, in hundredths of the currency; none is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunds_alone: Option<i64>,
    /// Whether a delivery says where it goes to on the earth; one that does not is refused then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub place_needed: bool,
    /// With which services no tip is taken.
    #[serde(default, skip_serializing_if = "NoTips::is_none")]
    pub no_tips: NoTips,
    /// When the money that is held is taken.
    #[serde(default = "at_acceptance", skip_serializing_if = "is_at_acceptance")]
    pub take_money: Taking,
    /// For whom tips are with the others.
    #[serde(default, skip_serializing_if = "TipsFor::is_unsaid")]
    pub tips_for: TipsFor,
    /// Whether and up to how much it is paid with meal vouchers; none are taken where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meal_vouchers: Option<MealVouchers>,
    /// Whether it takes tabs at its tables, and how much is held of one; none are taken where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tabs: Option<Tabs>,
}

/// Services with which no tip is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct NoTips {
    /// When it is brought.
    pub delivery: bool,
    /// When it is fetched.
    pub pickup: bool,
    /// When it is eaten there.
    pub dine_in: bool,
}

impl NoTips {
    /// Whether none is taken with this service.
    #[must_use]
    pub const fn with(self, service: Service) -> bool {
        match service {
            Service::Delivery => self.delivery,
            Service::Pickup => self.pickup,
            Service::DineIn => self.dine_in,
        }
    }

    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Rules {
    /// Up to how much of an order one person may give back alone, in minor units of its currency.
    #[must_use]
    pub fn refunds_alone(&self, currency: Currency) -> Option<i64> {
        let hundredths = self.refunds_alone?;
        Some(of_hundredths(hundredths, currency))
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            auto_accept: false,
            accept_seconds: 5 * 60,
            pay_seconds: 15 * 60,
            wake_seconds: 60 * 60,
            cancel_seconds: 60,
            consent_seconds: 5 * 60,
            lapse: Lapse::Keep,
            refunds_alone: None,
            place_needed: false,
            no_tips: NoTips::default(),
            take_money: Taking::Accepted,
            tips_for: TipsFor::default(),
            meal_vouchers: None,
            tabs: None,
        }
    }
}

/// An order as it stands after its last event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Order {
    /// Which one it is.
    pub id: OrderId,
    /// Who makes it.
    pub restaurant: RestaurantId,
    /// Who ordered, when he is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PersonId>,
    /// How it reaches the diner.
    pub service: Service,
    /// Where it was ordered.
    pub channel: Channel,
    /// What people call it that day; 0 until the counter has given one.
    #[serde(default, skip_serializing_if = "is_no_number")]
    pub number: u32,
    /// When it was placed.
    pub placed_at: Time,
    /// When the diner wants it; none is as soon as can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted_at: Option<Time>,
    /// Until when the next answer must come: first the payment, then that of the restaurant.
    pub accept_by: Time,
    /// When the diner is told to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<Time>,
    /// Where it stands.
    pub status: Status,
    /// Since when it stands there.
    pub moved_at: Time,
    /// How many events it has had.
    pub version: i64,
    /// The revision of the menu that it was sold by.
    pub revision: RevisionNumber,
    /// What all amounts are in.
    pub currency: Currency,
    /// What was ordered, with the lines that were taken out again.
    pub lines: Vec<Line>,
    /// All amounts of what is sold.
    pub money: Vec<MoneyLine>,
    /// What is to be paid: the sum of the amounts.
    pub total_minor: i64,
    /// What of it is paid with meal vouchers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub vouchers_minor: i64,
    /// The tab that it is, where more is held than it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tab: Option<Tab>,
    /// What the kitchens make of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<Ticket>,
    /// How sure its money is.
    pub paying: Paying,
    /// Why it ended as it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Coded>,
    /// A change that waits for the diner or for its money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Box<Proposal>>,
    /// The number of the last proposal whose money came, so that saying it twice does nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paid_proposal: i64,
    /// The last changes of its lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Done>,
    /// Tips that were given after it was placed, which are no part of its amounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tips: Vec<Tip>,
    /// The rules that it was placed under.
    pub rules: Rules,
    /// The coupon and the promotions that took something off when it was placed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Used>,
}

/// An offer that took something off an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Used {
    /// Which one.
    pub offer: OfferId,
    /// The code of a coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_code: Option<Code>,
    /// What it took off, in minor units.
    pub minor: i64,
}

impl From<&Given> for Used {
    fn from(given: &Given) -> Self {
        Used {
            offer: given.offer,
            coupon_code: given.code.clone(),
            minor: given.minor,
        }
    }
}

impl Order {
    /// The code of the coupon that took something off.
    #[must_use]
    pub fn coupon_code(&self) -> Option<&Code> {
        self.offers
            .iter()
            .find_map(|used| used.coupon_code.as_ref())
    }

    /// Whether the restaurant may see it: its money is safe, or was when it ended.
    #[must_use]
    pub const fn is_shown(&self) -> bool {
        self.paying.is_safe()
    }

    /// Whether it has ended so that nothing is to be paid: what is held is let go, what was taken is given back. What was
    /// made and brought in vain stays paid where that lies with the diner; who is to be paid on delivery never was.
    #[must_use]
    pub fn gives_back(&self) -> bool {
        let is_of_diner = self.reason.is_some_and(|reason| reason.why.is_of_diner());
        match self.status {
            Status::Cancelled | Status::Rejected | Status::Expired => true,
            Status::Returned => self.paying == Paying::OnDelivery || !is_of_diner,
            Status::Scheduled
            | Status::Pending
            | Status::Confirmed
            | Status::Preparing
            | Status::ReadyForPickup
            | Status::OutForDelivery
            | Status::Delivered
            | Status::Collected
            | Status::Served => false,
        }
    }

    /// Whether it has come to where its money is taken: that of a tab when it was served, that of others by the rule that they
    /// were placed under.
    #[must_use]
    pub fn takes_money(&self) -> bool {
        match self.rules.take_money {
            _ if self.tab.is_some() && !base::planted("tab_taken_early") => {
                self.status.is_fulfilled()
            }
            Taking::Ready if !base::planted("taken_when_accepted") => self.status.is_made(),
            Taking::Accepted | Taking::Ready => self.status.is_accepted(),
        }
    }

    /// The line of this key.
    #[must_use]
    pub fn line(&self, key: &LineKey) -> Option<&Line> {
        self.lines.iter().find(|line| line.key == *key)
    }

    /// The lines that are still a part of it.
    pub fn sold(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.is_sold())
    }

    /// When a scheduled order is shown to the restaurant.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let before = Duration::from_secs(u64::from(self.rules.wake_seconds));
        self.wanted_at?.minus(before)
    }
}

/// A plain amount of whichever currency in its minor units.
pub(super) fn of_hundredths(hundredths: i64, currency: Currency) -> i64 {
    let digits = u32::from(currency.exponent());
    let whole = hundredths.saturating_mul(10_i64.saturating_pow(digits));
    whole.checked_div(100).unwrap_or(0)
}

const fn keep() -> Lapse {
    Lapse::Keep
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
const fn is_kept(lapse: &Lapse) -> bool {
    matches!(lapse, Lapse::Keep)
}

const fn at_acceptance() -> Taking {
    Taking::Accepted
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
const fn is_at_acceptance(taking: &Taking) -> bool {
    matches!(taking, Taking::Accepted)
}

const fn sold() -> LineState {
    LineState::Sold
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
const fn is_sold(state: &LineState) -> bool {
    matches!(state, LineState::Sold)
}

const fn waiting() -> TicketState {
    TicketState::Waiting
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
const fn is_waiting(state: &TicketState) -> bool {
    matches!(state, TicketState::Waiting)
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
pub(super) const fn is_zero(minor: &i64) -> bool {
    *minor == 0
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
const fn is_no_number(number: &u32) -> bool {
    *number == 0
}
