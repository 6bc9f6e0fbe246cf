//! What an order asks of a kitchen.

use base::Time;
use serde::{Deserialize, Serialize};

use super::clock::later;
use super::rules::Rules;

/// A line of an order, as far as a kitchen's time is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Goods {
    /// How long one of it takes, where the menu says so.
    pub minutes: Option<u16>,
    /// How many of it.
    pub quantity: u32,
}

/// How much a slot has taken on, or an order brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Load {
    /// Orders.
    pub orders: i64,
    /// Minutes of work.
    pub minutes: i64,
    /// What the items cost, in minor units.
    pub money_minor: i64,
}

impl Load {
    /// So much without the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Load {
            orders: self.orders.saturating_sub(other.orders),
            minutes: self.minutes.saturating_sub(other.minutes),
            money_minor: self.money_minor.saturating_sub(other.money_minor),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Load {
            orders: self.orders.saturating_add(other.orders),
            minutes: self.minutes.saturating_add(other.minutes),
            money_minor: self.money_minor.saturating_add(other.money_minor),
        }
    }
}

/// The minutes of work of an order: of each line, the minutes of its item times its quantity. Options take no time of
/// their own, and an item of which the menu says nothing takes as long as the rules say.
#[must_use]
pub fn make_minutes(rules: &Rules, goods: &[Goods]) -> i64 {
    let minutes = goods.iter().map(|line| {
        let each = line.minutes.map_or(rules.item_minutes, u32::from);
        i64::from(each).saturating_mul(i64::from(line.quantity))
    });
    minutes.fold(0_i64, i64::saturating_add)
}

/// When an order that is wanted as soon as possible is ready: after the time that its slowest item takes, but not before
/// the lead time of the restaurant, and so much later as the restaurant says that everything takes longer.
#[must_use]
pub fn ready_at(rules: &Rules, goods: &[Goods], busy_minutes: u16, now: Time) -> Time {
    let each = goods
        .iter()
        .map(|line| line.minutes.map_or(rules.item_minutes, u32::from));
    let longest = each.max().unwrap_or_default().max(rules.lead_minutes);
    later(
        now,
        u64::from(longest).saturating_add(u64::from(busy_minutes)),
    )
}
