//! What of an offer is to be others: fields that are left out stay as they are, and `null` takes away what need not be.

use base::{Result, Time};
use carte::Channel;
use domain::organisations::{BrandId, RestaurantId};
use domain::pricing::Funder;
use serde::{Deserialize, Deserializer, Serialize};
use slice::{TypedName, VERSION_MAX, wrong};
use trade::offers::{Offer, Terms};
use utoipa::ToSchema;

use super::view::{FunderName, ServiceName, TypedGives, minimum};
use crate::capacity::TypedSpan;

/// What of an offer changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct OfferEdit {
    /// What it is called, for diners.
    #[serde(default)]
    name: Option<TypedName>,
    /// What it takes off.
    #[serde(default)]
    gives: Option<TypedGives>,
    /// Who pays for it.
    #[serde(default)]
    funder: Option<FunderName>,
    /// What the items must cost at least, before anything is taken off.
    #[serde(default)]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    minimum: Option<String>,
    /// From when on it can be used.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Option<Time>>,
    /// From when on it can be used no more.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Option<Time>>,
    /// For which times of the week an order must be wanted; for all when none is named.
    #[serde(default)]
    #[schema(max_items = 42)]
    hours: Option<Vec<TypedSpan>>,
    /// For which services; for all when none is named.
    #[serde(default)]
    #[schema(max_items = 3)]
    services: Option<Vec<ServiceName>>,
    /// In which sales channels; in all when none is named.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    channels: Option<Vec<Channel>>,
    /// In which restaurants; in all of the organisation when none is named.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 500)]
    restaurants: Option<Vec<RestaurantId>>,
    /// Besides, in all restaurants of these brands.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    brands: Option<Vec<BrandId>>,
    /// How often it can be used in all. What was used already counts.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    uses_max: Option<Option<u32>>,
    /// How often one person can use it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    person_uses_max: Option<Option<u32>>,
    /// Whether it is for a person's first order in the organisation.
    #[serde(default)]
    first_order: Option<bool>,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
}

/// A field that was given, be it with nothing in it: a field that was left out stays as it is.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl OfferEdit {
    /// The version that was seen.
    pub(super) fn seen(&self) -> Result<i64> {
        match (0..=VERSION_MAX).contains(&self.version) {
            true => Ok(self.version),
            false => Err(wrong("version", "a version is a whole number from 0")),
        }
    }

    /// The terms of an offer with what is to be others.
    pub(super) fn over(&self, offer: &Offer) -> Result<Terms> {
        let mut terms = offer.terms.clone();
        let currency = terms.currency;
        if let Some(name) = &self.name {
            terms.name = name.name()?;
        }
        if let Some(gives) = &self.gives {
            terms.gives = gives.gives(currency)?;
        }
        if let Some(funder) = self.funder {
            terms.funder = Funder::from(funder);
        }
        if self.minimum.is_some() {
            terms.minimum_minor = minimum(self.minimum.as_deref(), currency)?;
        }
        if let Some(hours) = &self.hours {
            let hours = hours.iter().map(|span| span.weekly("hours"));
            terms.hours = hours.collect::<Result<_>>()?;
        }
        if let Some(services) = &self.services {
            terms.sold.services = ServiceName::services(services);
        }
        if let Some(channels) = &self.channels {
            terms.sold.channels = channels.iter().cloned().collect();
        }
        if let Some(restaurants) = &self.restaurants {
            terms.restaurants = restaurants.iter().copied().collect();
        }
        if let Some(brands) = &self.brands {
            terms.brands = brands.iter().copied().collect();
        }
        terms.from = self.from.unwrap_or(terms.from);
        terms.until = self.until.unwrap_or(terms.until);
        terms.uses_max = self.uses_max.unwrap_or(terms.uses_max);
        terms.person_uses_max = self.person_uses_max.unwrap_or(terms.person_uses_max);
        terms.first_order = self.first_order.unwrap_or(terms.first_order);
        Ok(terms)
    }
}
