//! What an offer gives, to whom and when.

use std::collections::BTreeSet;

use base::{Currency, Time};
use carte::{ItemId, Sold};
use serde::{Deserialize, Serialize};

use super::change::Refusal;
use domain::organisations::{BrandId, Name, RestaurantId};
use domain::pricing::Funder;
use domain::venues::Weekly;

/// All of it, in millionths.
pub const WHOLE_MILLIONTHS: i64 = 1_000_000;
/// The largest amount of an offer, in minor units.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// The most items that an offer names.
pub const ITEMS_MAX: usize = 500;
/// The most restaurants that an offer names.
pub const RESTAURANTS_MAX: usize = 500;
/// The most brands that an offer names.
pub const BRANDS_MAX: usize = 100;
/// The most spans of the week that an offer names.
pub const HOURS_MAX: usize = 42;
/// The most pieces that a bundle asks for, or gives.
pub const BUNDLE_MAX: u32 = 100;
/// The most uses that a limit can say.
pub const USES_MAX: u32 = 1_000_000_000;

/// What an offer takes off.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Gives {
    /// A part of the price of some items, or of all.
    Percent {
        /// Which part, in millionths.
        millionths: i64,
        /// No more than this, in minor units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most_minor: Option<i64>,
        /// Of these items; of all when none is named.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        items: BTreeSet<ItemId>,
    },
    /// An amount off the price of all items.
    Amount {
        /// How much, in minor units.
        minor: i64,
    },
    /// The delivery fee.
    Delivery {
        /// No more than this, in minor units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most_minor: Option<i64>,
    },
    /// Who buys some pieces gets others for less: of every `buy + get` pieces, the `get` cheapest.
    Bundle {
        /// How many are paid in full.
        buy: u32,
        /// How many besides cost less.
        get: u32,
        /// What is taken off those, in millionths.
        millionths: i64,
        /// Pieces of these items; of all when none is named.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        items: BTreeSet<ItemId>,
    },
}

/// The terms of an offer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Terms {
    /// What it is called, for diners.
    pub name: Name,
    /// What it takes off.
    pub gives: Gives,
    /// Who pays for it.
    pub funder: Funder,
    /// What its amounts are in; it applies to orders in this currency alone.
    pub currency: Currency,
    /// What the items must cost at least, before anything is taken off, in minor units.
    pub minimum_minor: i64,
    /// From when on it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// From when on it can be used no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// For which times of the week an order must be wanted; for all when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Weekly>,
    /// In which services and channels; in all when none is named.
    pub sold: Sold,
    /// In which restaurants; in all of the organisation when neither one nor a brand is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub restaurants: BTreeSet<RestaurantId>,
    /// Besides, in all restaurants of these brands, whichever they are then.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub brands: BTreeSet<BrandId>,
    /// How often it can be used in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_max: Option<u32>,
    /// How often one person can use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_uses_max: Option<u32>,
    /// Whether it is for a person's first order in the organisation; then a person can use it once.
    #[serde(default)]
    pub first_order: bool,
}

impl Terms {
    /// The same, if they can be meant.
    ///
    /// # Errors
    /// A number is out of its range, or there are too many of something; the refusal names the field.
    pub fn checked(self) -> Result<Self, Refusal> {
        self.gives.check()?;
        field(
            "minimum",
            (0..=AMOUNT_MINOR_MAX).contains(&self.minimum_minor),
        )?;
        let is_span = |from: Time| self.until.is_none_or(|until| from < until);
        field("until", self.from.is_none_or(is_span))?;
        field("hours", self.hours.len() <= HOURS_MAX)?;
        for span in &self.hours {
            let is_good = !span.days.is_empty() && span.from.minutes() < 1_440;
            field("hours", is_good)?;
        }
        field("restaurants", self.restaurants.len() <= RESTAURANTS_MAX)?;
        field("brands", self.brands.len() <= BRANDS_MAX)?;
        let is_limit = |most: Option<u32>| most.is_none_or(|most| (1..=USES_MAX).contains(&most));
        field("usesMax", is_limit(self.uses_max))?;
        field("personUsesMax", is_limit(self.person_uses_max))?;
        Ok(self)
    }

    /// How often one person can use it.
    #[must_use]
    pub const fn person_most(&self) -> Option<u32> {
        match self.first_order {
            true => Some(1),
            false => self.person_uses_max,
        }
    }

    /// Whether it can be used a limited number of times.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.uses_max.is_some() || self.person_most().is_some()
    }
}

impl Gives {
    fn check(&self) -> Result<(), Refusal> {
        let is_amount = |minor: i64| (1..=AMOUNT_MINOR_MAX).contains(&minor);
        let is_part = |millionths: i64| (1..=WHOLE_MILLIONTHS).contains(&millionths);
        let is_count = |count: u32| (1..=BUNDLE_MAX).contains(&count);
        match self {
            Gives::Percent {
                millionths,
                most_minor,
                items,
            } => {
                field("percent", is_part(*millionths))?;
                field("most", most_minor.is_none_or(is_amount))?;
                field("items", items.len() <= ITEMS_MAX)
            }
            Gives::Amount { minor } => field("amount", is_amount(*minor)),
            Gives::Delivery { most_minor } => field("most", most_minor.is_none_or(is_amount)),
            Gives::Bundle {
                buy,
                get,
                millionths,
                items,
            } => {
                field("buy", is_count(*buy))?;
                field("get", is_count(*get))?;
                field("percent", is_part(*millionths))?;
                field("items", items.len() <= ITEMS_MAX)
            }
        }
    }
}

fn field(name: &'static str, is_good: bool) -> Result<(), Refusal> {
    match is_good {
        true => Ok(()),
        false => Err(Refusal::OutOfRange(name)),
    }
}
