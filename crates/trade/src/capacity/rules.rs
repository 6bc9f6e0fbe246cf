//! The rules of a restaurant's capacity, and what they say of a slot.

use std::fmt;

use base::Time;
use carte::{Channel, Days, TimeOfDay};
use serde::{Deserialize, Serialize};

use super::change::Refusal;
use super::clock::{Slot, is_within, later, slot_from};
use super::load::Load;
use domain::organisations::TimeZone;
use domain::venues::{AHEAD_DAYS, local};

/// The most rules of a restaurant.
pub const RULES_MAX: usize = 42;
/// The longest lead time: a week.
pub const LEAD_MINUTES_MAX: u32 = 10_080;
/// How many days ahead one can order at most.
pub const DAYS_AHEAD_MAX: u32 = AHEAD_DAYS.unsigned_abs();
/// The longest that an item takes of which the menu says nothing.
pub const ITEM_MINUTES_MAX: u32 = 1_440;
/// The most orders that a slot can be said to take.
pub const ORDERS_MAX: u32 = 10_000;
/// The most minutes of work that a slot can be said to take.
pub const WORK_MINUTES_MAX: u32 = 100_000;
/// The most money that a slot can be said to take, in minor units.
pub const MONEY_MINOR_MAX: i64 = 1_000_000_000_000;

/// What one slot takes, at some times of every week.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// The days on which its span begins.
    pub days: Days,
    /// The first minute.
    pub from: TimeOfDay,
    /// The minute that is not in it any more; of the day after, unless it is later than `from`.
    pub to: TimeOfDay,
    /// Of what one sales channel brings; none is of all channels together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// How many orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders_max: Option<u32>,
    /// How many minutes of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes_max: Option<u32>,
    /// For how much money, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money_minor_max: Option<i64>,
}

/// All that a restaurant says of its capacity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rules {
    /// How long before it is wanted an order must come, in minutes.
    pub lead_minutes: u32,
    /// How many days ahead one can order.
    pub days_ahead: u32,
    /// How long an item takes of which the menu says nothing, in minutes.
    pub item_minutes: u32,
    /// What slots take.
    pub rules: Vec<Rule>,
}

impl Default for Rules {
    /// Nothing is limited.
    fn default() -> Self {
        Rules {
            lead_minutes: 0,
            days_ahead: DAYS_AHEAD_MAX,
            item_minutes: 0,
            rules: Vec::new(),
        }
    }
}

/// What a slot takes at most; nothing said of a measure means that it is not limited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    /// Orders.
    pub orders: Option<i64>,
    /// Minutes of work.
    pub minutes: Option<i64>,
    /// Money, in minor units.
    pub money_minor: Option<i64>,
}

/// What a slot takes at most of all channels together, and of one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bounds {
    /// Of all.
    pub all: Limits,
    /// Of the channel; none where no rule speaks of it.
    pub channel: Option<Limits>,
}

/// What a slot has taken on of all channels together, and of one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// Of all.
    pub all: Load,
    /// Of the channel.
    pub channel: Load,
}

/// Why an order cannot be taken for a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// It is wanted sooner than the restaurant can do it.
    TooSoon,
    /// It is wanted later than the restaurant plans.
    TooFar {
        /// How many days ahead one can order.
        days: u32,
    },
    /// The slot has taken on all that it takes.
    Full,
}

impl Why {
    /// The code of the reason. It never changes its meaning.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Why::TooSoon => "too_soon",
            Why::TooFar { .. } => "too_far_ahead",
            Why::Full => "slot_full",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::TooSoon => f.write_str("The restaurant needs more time than that."),
            Why::TooFar { days } => write!(f, "Orders are taken at most {days} days ahead."),
            Why::Full => f.write_str("The kitchen has enough to do at that time."),
        }
    }
}

impl Rules {
    /// The same, if they can be meant.
    ///
    /// # Errors
    /// There are too many, a number is out of its range, or a rule is on no day or limits nothing.
    pub fn checked(self) -> Result<Self, Refusal> {
        if self.rules.len() > RULES_MAX {
            return Err(Refusal::TooMany);
        }
        let all = self.lead_minutes <= LEAD_MINUTES_MAX
            && (1..=DAYS_AHEAD_MAX).contains(&self.days_ahead)
            && self.item_minutes <= ITEM_MINUTES_MAX;
        if !all {
            return Err(Refusal::OutOfRange);
        }
        for rule in &self.rules {
            rule.check()?;
        }
        Ok(self)
    }

    /// What a slot takes of orders of this channel; `None` when no rule speaks of it. What any rule speaks of is counted
    /// over all channels, so that a rule that comes later finds it.
    #[must_use]
    pub fn bounds(&self, zone: TimeZone, slot: Slot, channel: &Channel) -> Option<Bounds> {
        if self.rules.is_empty() {
            return None;
        }
        let shown = local(zone, slot.begins());
        let mut speak = self
            .rules
            .iter()
            .filter(|rule| is_within(&rule.days, (rule.from, rule.to), &shown))
            .peekable();
        speak.peek()?;
        let mut bounds = Bounds::default();
        for rule in speak {
            match &rule.channel {
                None => bounds.all = bounds.all.least(rule.limits()),
                Some(one) if one == channel => {
                    let limits = bounds.channel.unwrap_or_default();
                    bounds.channel = Some(limits.least(rule.limits()));
                }
                Some(_) => {}
            }
        }
        Some(bounds)
    }

    /// Whether an order can be wanted for this time.
    ///
    /// # Errors
    /// It cannot, and why.
    pub fn admit(&self, now: Time, at: Time) -> Result<(), Why> {
        if at < self.earliest(now) {
            return Err(Why::TooSoon);
        }
        match at > self.latest(now) {
            true => Err(Why::TooFar {
                days: self.days_ahead,
            }),
            false => Ok(()),
        }
    }

    /// The first slot that an order can be wanted for.
    #[must_use]
    pub fn first(&self, now: Time) -> Slot {
        slot_from(self.earliest(now))
    }

    /// The earliest time that an order can be wanted for.
    #[must_use]
    pub fn earliest(&self, now: Time) -> Time {
        later(now, u64::from(self.lead_minutes))
    }

    /// The latest time that an order can be wanted for.
    #[must_use]
    pub fn latest(&self, now: Time) -> Time {
        later(now, u64::from(self.days_ahead).saturating_mul(1_440))
    }
}

impl Rule {
    fn check(&self) -> Result<(), Refusal> {
        if self.days.is_empty() {
            return Err(Refusal::NoDay);
        }
        if self.from.minutes() >= 1_440 {
            return Err(Refusal::OutOfRange);
        }
        let limits = [
            (self.orders_max.map(i64::from), i64::from(ORDERS_MAX)),
            (self.minutes_max.map(i64::from), i64::from(WORK_MINUTES_MAX)),
            (self.money_minor_max, MONEY_MINOR_MAX),
        ];
        if limits.iter().all(|(limit, _)| limit.is_none()) {
            return Err(Refusal::NoLimit);
        }
        let is_good = |(limit, most): &(Option<i64>, i64)| {
            limit.is_none_or(|limit| limit >= 1 && limit <= *most)
        };
        match limits.iter().all(is_good) {
            true => Ok(()),
            false => Err(Refusal::OutOfRange),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            orders: self.orders_max.map(i64::from),
            minutes: self.minutes_max.map(i64::from),
            money_minor: self.money_minor_max,
        }
    }
}

impl Limits {
    /// The stricter of both, measure by measure.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        let least = |one: Option<i64>, other: Option<i64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Limits {
            orders: least(self.orders, other.orders),
            minutes: least(self.minutes, other.minutes),
            money_minor: least(self.money_minor, other.money_minor),
        }
    }

    /// What an order is counted as: no more than a whole slot, so that an empty slot takes any order.
    #[must_use]
    pub fn counted(self, load: Load) -> Load {
        let count = |brings: i64, limit: Option<i64>| brings.max(0).min(limit.unwrap_or(i64::MAX));
        Load {
            orders: count(load.orders, self.orders),
            minutes: count(load.minutes, self.minutes),
            money_minor: count(load.money_minor, self.money_minor).min(MONEY_MINOR_MAX),
        }
    }

    /// Whether a slot that has taken on so much takes an order besides.
    #[must_use]
    pub fn hold(self, taken: Load, order: Load) -> bool {
        let all = taken.plus(self.counted(order));
        let holds = |sum: i64, limit: Option<i64>| limit.is_none_or(|limit| sum <= limit);
        holds(all.orders, self.orders)
            && holds(all.minutes, self.minutes)
            && holds(all.money_minor, self.money_minor)
    }
}

impl Bounds {
    /// Whether a slot that has taken on so much takes an order besides.
    #[must_use]
    pub fn hold(self, taken: Taken, order: Load) -> bool {
        let of_channel = self
            .channel
            .is_none_or(|limits| limits.hold(taken.channel, order));
        self.all.hold(taken.all, order) && of_channel
    }
}
