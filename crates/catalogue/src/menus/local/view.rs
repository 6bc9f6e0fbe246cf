//! What a restaurant sells of its brand's menu, as it is typed and shown.

use std::collections::{BTreeMap, BTreeSet};

use base::{Currency, Result};
use carte::{GroupId, ItemId, Location, PartId};
use serde::{Deserialize, Serialize};
use slice::{VERSION_MAX, wrong};
use utoipa::ToSchema;

use crate::menus::typed::TypedPrices;

/// What a restaurant sells of its brand's menu from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedLocation {
    /// The version that was read, 0 where nothing was ever said; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// Categories, items and groups that it does not sell.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 10000)]
    hidden: BTreeSet<PartId>,
    /// What items cost there.
    #[serde(default)]
    #[schema(max_items = 10000)]
    prices: Vec<LocalPrice>,
    /// What items cost there as choices of a group.
    #[serde(default)]
    #[schema(max_items = 10000)]
    choice_prices: Vec<LocalChoicePrice>,
}

/// What an item costs in a restaurant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LocalPrice {
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// What it costs.
    price: TypedPrices,
}

/// What an item costs in a restaurant as a choice of a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LocalChoicePrice {
    /// The group.
    #[schema(value_type = String, pattern = "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    group: GroupId,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
    /// What it costs.
    price: TypedPrices,
}

/// What a restaurant sells of its brand's menu.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LocationView {
    /// Grows with every change; 0 while nothing was ever said.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
    /// Categories, items and groups that it does not sell.
    #[schema(value_type = Vec<String>)]
    hidden: BTreeSet<PartId>,
    /// What items cost there.
    prices: Vec<LocalPrice>,
    /// What items cost there as choices of a group.
    choice_prices: Vec<LocalChoicePrice>,
}

/// The most that a restaurant says of each sort.
const SAID_MAX: usize = 10_000;

impl ChangedLocation {
    /// What it means in a currency, and the version that was seen.
    pub(super) fn location(self, currency: Currency) -> Result<(Location, i64)> {
        if !(0..=VERSION_MAX).contains(&self.version) {
            return Err(wrong("version", "a version is a whole number from 0"));
        }
        let counts = [
            self.hidden.len(),
            self.prices.len(),
            self.choice_prices.len(),
        ];
        if counts.iter().any(|count| *count > SAID_MAX) {
            return Err(wrong("hidden", "at most 10,000 of each sort can be said"));
        }
        let mut location = Location {
            hidden: self.hidden,
            ..Location::default()
        };
        for LocalPrice { item, price } in self.prices {
            let price = price.prices(currency, "prices")?;
            if location.prices.insert(item, price).is_some() {
                return Err(wrong("prices", format!("{item} is there twice")));
            }
        }
        let choices: &mut BTreeMap<_, BTreeMap<_, _>> = &mut location.choice_prices;
        for LocalChoicePrice { group, item, price } in self.choice_prices {
            let price = price.prices(currency, "choicePrices")?;
            let own = choices.entry(group).or_default();
            if own.insert(item, price).is_some() {
                return Err(wrong("choicePrices", format!("{item} is there twice")));
            }
        }
        Ok((location, self.version))
    }
}

impl LocationView {
    /// How it is shown in a currency.
    pub(super) fn of(location: &Location, version: i64, currency: Currency) -> Self {
        let prices = location.prices.iter();
        let prices = prices.map(|(item, prices)| LocalPrice {
            item: *item,
            price: TypedPrices::of(prices, currency),
        });
        let choices = location.choice_prices.iter().flat_map(|(group, own)| {
            own.iter().map(|(item, prices)| LocalChoicePrice {
                group: *group,
                item: *item,
                price: TypedPrices::of(prices, currency),
            })
        });
        LocationView {
            version,
            hidden: location.hidden.clone(),
            prices: prices.collect(),
            choice_prices: choices.collect(),
        }
    }
}
