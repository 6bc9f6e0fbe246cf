//! What has run out ("86"): until a time, for good, or by a count. It changes by the minute and is no part of a menu.

use std::collections::{BTreeMap, BTreeSet};

use base::Time;
use serde::{Deserialize, Serialize};

use super::{ItemId, Remark};

/// How far ahead the end of being off may lie, in microseconds: 400 days.
const UNTIL_MICROS_MAX: i64 = 400 * 86_400 * 1_000_000;

/// What is off or counted in a restaurant.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Availability {
    /// How often it has changed.
    pub version: i64,
    /// The items of which something is to be said.
    #[serde(default)]
    pub off: BTreeMap<ItemId, Off>,
}

/// That an item is off, or how many are left of it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Off {
    /// When this ends by itself; none means not before somebody ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// How many are left; none means that it is off altogether.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Why, for those who work there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Remark>,
}

/// When something that is off comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// When somebody says so.
    Further,
    /// At a time.
    At(Time),
    /// When the next business day begins.
    Tomorrow,
}

/// What somebody says of an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    /// When it comes back.
    pub until: Until,
    /// How many can still be sold; none means that there are none at all.
    pub left: Option<u32>,
    /// Why.
    pub reason: Option<Remark>,
}

/// When a decision is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Today {
    /// The time.
    pub now: Time,
    /// When the next business day of the restaurant begins.
    pub next_day: Time,
}

/// What changes; the event `menu.stock_changed` carries it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StockChange {
    /// The item.
    pub item: ItemId,
    /// What is to be said of it from then on; none means that it is sold without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Off>,
}

/// Why nothing changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StockRefusal {
    /// The time is past, or too far away.
    #[error("the time until which something is off lies ahead, by at most 400 days")]
    Until,
}

impl Off {
    /// Whether it has ended by itself.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether the item cannot be sold.
    #[must_use]
    pub fn is_off(&self, now: Time) -> bool {
        !self.is_over(now) && self.left.unwrap_or(0) == 0
    }
}

impl Availability {
    /// Whether an item cannot be sold.
    #[must_use]
    pub fn is_off(&self, item: ItemId, now: Time) -> bool {
        self.off.get(&item).is_some_and(|off| off.is_off(now))
    }

    /// How many of an item can be sold; `None` means without limit.
    #[must_use]
    pub fn left(&self, item: ItemId, now: Time) -> Option<u32> {
        let off = self.off.get(&item).filter(|off| !off.is_over(now))?;
        Some(off.left.unwrap_or(0))
    }

    /// What cannot be sold.
    #[must_use]
    pub fn off_at(&self, now: Time) -> BTreeSet<ItemId> {
        let off = self.off.iter().filter(|(_, off)| off.is_off(now));
        off.map(|(item, _)| *item).collect()
    }

    /// What is to be said at a time: what is off or counted and has not ended by itself.
    pub fn standing(&self, now: Time) -> impl Iterator<Item = (&ItemId, &Off)> {
        self.off.iter().filter(move |(_, off)| !off.is_over(now))
    }

    /// When the next of what is said now ends by itself.
    #[must_use]
    pub fn changes_at(&self, now: Time) -> Option<Time> {
        self.standing(now).filter_map(|(_, off)| off.until).min()
    }

    /// Of what there is less than wanted, with what is left of it.
    #[must_use]
    pub fn short(&self, wanted: &BTreeMap<ItemId, u64>, now: Time) -> Vec<(ItemId, u32)> {
        let left = |(item, count): (&ItemId, &u64)| {
            let left = self.left(*item, now)?;
            (u64::from(left) < *count).then_some((*item, left))
        };
        wanted.iter().filter_map(left).collect()
    }

    /// Decides that an item is off or counted; `None` when exactly that is said already.
    ///
    /// # Errors
    /// The time until then is past or too far away.
    pub fn stop(
        &self,
        item: ItemId,
        stop: Stop,
        today: Today,
    ) -> Result<Option<StockChange>, StockRefusal> {
        let until = match stop.until {
            Until::Further => None,
            Until::At(time) => Some(time),
            Until::Tomorrow => Some(today.next_day),
        };
        let now = today.now.as_micros();
        let latest = now.saturating_add(UNTIL_MICROS_MAX);
        let fits = |time: Time| now < time.as_micros() && time.as_micros() <= latest;
        if !until.is_none_or(fits) {
            return Err(StockRefusal::Until);
        }
        let off = Off {
            until,
            left: stop.left,
            reason: stop.reason,
        };
        let is_new = self.off.get(&item) != Some(&off);
        Ok(is_new.then_some(StockChange {
            item,
            off: Some(off),
        }))
    }

    /// Decides that an item is sold without limit again; `None` when it is so already.
    #[must_use]
    pub fn resume(&self, item: ItemId) -> Option<StockChange> {
        let is_said = self.off.contains_key(&item);
        is_said.then_some(StockChange { item, off: None })
    }

    /// How it stands after a change.
    pub fn follow(&mut self, change: &StockChange) {
        match &change.off {
            Some(off) => self.off.insert(change.item, off.clone()),
            None => self.off.remove(&change.item),
        };
        self.version = self.version.saturating_add(1);
    }
}
