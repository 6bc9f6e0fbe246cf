//! What restaurants look like from outside, and what is taken of them.

use base::{Currency, Result};
use domain::organisations::{
    Address, BrandId, Country, Details, Name, PostalCode, Restaurant, RestaurantId, State, TimeZone,
};
use serde::{Deserialize, Deserializer, Serialize};
use slice::{TypedName, wrong};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::organisations::view::StateName;

/// The name of a time zone in the IANA database, as it was typed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TypedZone(String);

/// The code of a currency by ISO 4217, as it was typed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TypedCurrency(String);

/// Where a restaurant is, as it was typed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TypedAddress {
    /// Street and number.
    pub(crate) street: TypedName,
    /// The postal code, where the country has them.
    #[serde(default)]
    #[schema(max_length = 12, pattern = "^[A-Z0-9]([A-Z0-9 -]*[A-Z0-9])?$")]
    pub(crate) postal_code: Option<String>,
    /// The city.
    pub(crate) city: TypedName,
    /// The country, by the two capital letters of ISO 3166.
    #[schema(pattern = "^[A-Z]{2}$")]
    pub(crate) country: String,
}

/// A new restaurant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewRestaurant {
    /// What it is called.
    pub(crate) name: TypedName,
    /// The brand that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) brand: Option<BrandId>,
    /// What another system of the organisation calls it; no two have the same.
    #[serde(default)]
    pub(crate) external_id: Option<TypedName>,
    /// The zone by which its hours are meant.
    pub(crate) time_zone: TypedZone,
    /// What its prices are in.
    pub(crate) currency: TypedCurrency,
    /// Where it is.
    pub(crate) address: TypedAddress,
}

/// All that is known of a restaurant from now on. What is left out it has no more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedRestaurant {
    /// What it is called.
    pub(crate) name: TypedName,
    /// The brand that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) brand: Option<BrandId>,
    /// What another system of the organisation calls it; no two have the same.
    #[serde(default)]
    pub(crate) external_id: Option<TypedName>,
    /// The zone by which its hours are meant.
    pub(crate) time_zone: TypedZone,
    /// What its prices are in.
    pub(crate) currency: TypedCurrency,
    /// Where it is.
    pub(crate) address: TypedAddress,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// What changes of what is known of a restaurant. What is left out stays; what is null goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RestaurantEdit {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<TypedName>,
    /// The brand that it belongs to.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    brand: Option<Option<BrandId>>,
    /// What another system of the organisation calls it; no two have the same.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<TypedName>)]
    external_id: Option<Option<TypedName>>,
    /// The zone by which its hours are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<TypedZone>,
    /// What its prices are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<TypedCurrency>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<TypedAddress>,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// A field that was given, be it with nothing in it.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Which version somebody has seen.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seen {
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// Where a restaurant is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestaurantAddress {
    /// Street and number.
    street: String,
    /// The postal code.
    postal_code: Option<String>,
    /// The city.
    city: String,
    /// The country, by the two capital letters of ISO 3166.
    country: String,
}

/// A restaurant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestaurantView {
    /// Which one.
    #[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: RestaurantId,
    /// The brand that it belongs to.
    #[schema(value_type = Option<String>, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) brand: Option<BrandId>,
    /// What it is called.
    pub(crate) name: String,
    /// What another system of the organisation calls it.
    pub(crate) external_id: Option<String>,
    /// The zone by which its hours are meant.
    pub(crate) time_zone: String,
    /// What its prices are in.
    pub(crate) currency: String,
    /// Where it is.
    pub(crate) address: RestaurantAddress,
    /// Whether it is open for business.
    #[schema(value_type = StateName)]
    pub(crate) state: State,
    /// Grows with every change; to be sent along with the next one.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: base::Time,
}

impl From<&Restaurant> for RestaurantView {
    fn from(restaurant: &Restaurant) -> Self {
        let details = &restaurant.details;
        let address = &details.address;
        let postal_code = address.postal_code.as_ref().map(PostalCode::as_str);
        RestaurantView {
            id: restaurant.id,
            brand: details.brand,
            name: details.name.as_str().to_owned(),
            external_id: details
                .external_id
                .as_ref()
                .map(|id| id.as_str().to_owned()),
            time_zone: details.time_zone.name().to_owned(),
            currency: details.currency.code().to_owned(),
            address: RestaurantAddress {
                street: address.street.as_str().to_owned(),
                postal_code: postal_code.map(str::to_owned),
                city: address.city.as_str().to_owned(),
                country: address.country.as_str().to_owned(),
            },
            state: restaurant.state,
            version: restaurant.version,
            created_at: restaurant.created_at,
        }
    }
}

impl NewRestaurant {
    /// What it means.
    pub(crate) fn details(&self) -> Result<Details> {
        Ok(Details {
            name: self.name.name()?,
            brand: self.brand,
            external_id: self
                .external_id
                .as_ref()
                .map(|id| line("externalId", id))
                .transpose()?,
            time_zone: self.time_zone.zone()?,
            currency: self.currency.currency()?,
            address: self.address.address()?,
        })
    }
}

impl ChangedRestaurant {
    /// What it means: everything that a new one says, and the version that was seen.
    pub(crate) fn details(self) -> Result<(Details, i64)> {
        let seen = crate::organisations::view::seen(self.version)?;
        let new = NewRestaurant {
            name: self.name,
            brand: self.brand,
            external_id: self.external_id,
            time_zone: self.time_zone,
            currency: self.currency,
            address: self.address,
        };
        Ok((new.details()?, seen))
    }
}

impl RestaurantEdit {
    /// What becomes of what is known.
    pub(crate) fn over(&self, was: &Details) -> Result<Details> {
        let mut next = was.clone();
        if let Some(name) = &self.name {
            next.name = name.name()?;
        }
        if let Some(brand) = self.brand {
            next.brand = brand;
        }
        if let Some(external_id) = &self.external_id {
            let typed = external_id.as_ref().map(|id| line("externalId", id));
            next.external_id = typed.transpose()?;
        }
        if let Some(zone) = &self.time_zone {
            next.time_zone = zone.zone()?;
        }
        if let Some(currency) = &self.currency {
            next.currency = currency.currency()?;
        }
        if let Some(address) = &self.address {
            next.address = address.address()?;
        }
        Ok(next)
    }
}

impl TypedZone {
    fn zone(&self) -> Result<TimeZone> {
        let zone = self.0.parse::<TimeZone>();
        zone.map_err(|error| wrong("timeZone", error.to_string()))
    }
}

impl TypedCurrency {
    fn currency(&self) -> Result<Currency> {
        let currency = self.0.parse::<Currency>();
        currency.map_err(|error| wrong("currency", error.to_string()))
    }
}

impl TypedAddress {
    fn address(&self) -> Result<Address> {
        let postal_code = self.postal_code.as_deref().map(PostalCode::parse);
        Ok(Address {
            street: line("address.street", &self.street)?,
            postal_code: postal_code
                .transpose()
                .map_err(|error| wrong("address.postalCode", error.to_string()))?,
            city: line("address.city", &self.city)?,
            country: Country::parse(&self.country)
                .map_err(|error| wrong("address.country", error.to_string()))?,
        })
    }
}

/// One line that is not called `name`.
fn line(field: &'static str, typed: &TypedName) -> Result<Name> {
    let said = "it is one line of at most 120 characters, with something to see in it";
    typed.name().map_err(|_| wrong(field, said))
}

impl PartialSchema for TypedZone {
    fn schema() -> RefOr<Schema> {
        one_of("Europe/Rome", TimeZone::names().iter().copied())
    }
}

impl ToSchema for TypedZone {
    fn name() -> std::borrow::Cow<'static, str> {
        "TimeZone".into()
    }
}

impl PartialSchema for TypedCurrency {
    fn schema() -> RefOr<Schema> {
        one_of("EUR", Currency::TABLE.iter().map(|known| known.code()))
    }
}

impl ToSchema for TypedCurrency {
    fn name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
}

/// A text that is one of these and nothing else.
fn one_of(example: &'static str, names: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(names))
        .examples([example])
        .into()
}
