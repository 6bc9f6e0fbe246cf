//! What keys look like from outside, and what is asked for when one is made.

use base::{Clock, Result, Time};
use domain::access::KeyId;
use domain::organisations::{Consent, Issue, RestaurantId, Scopes};
use serde::{Deserialize, Serialize};
use slice::{TypedName, wrong};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::store::Key;

const MICROS_PER_DAY: i64 = 86_400_000_000;
const DAYS_MAX: i64 = 3_650;

/// The name of a permission that a key may have, as it was typed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TypedScope(String);

/// A new key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewKey {
    /// What people call it.
    label: TypedName,
    /// What it may do; no more than whoever makes it may do himself.
    #[schema(min_items = 1, max_items = 64)]
    scopes: Vec<TypedScope>,
    /// The restaurants at which it may; left out, it is all of them, and the organisation itself.
    #[serde(default)]
    #[schema(value_type = Option<Vec<NamedRestaurant>>, min_items = 1, max_items = 100)]
    restaurants: Option<Vec<RestaurantId>>,
    /// After how many days it ends by itself; left out, never.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<i64>,
}

/// A key of an integrator.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    /// Which one.
    #[schema(value_type = String, pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: KeyId,
    /// What people call it.
    label: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// The restaurants at which it may; nothing for all of them, and the organisation itself.
    #[schema(value_type = Option<Vec<String>>)]
    restaurants: Option<Vec<RestaurantId>>,
    /// Who made it.
    created_by: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
    /// When it was used last, to about a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Time>,
}

/// A new key with its text.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issued {
    /// The key.
    pub(crate) key: KeyView,
    /// What the integrator sends behind `Bearer`. It is shown this once.
    pub(crate) secret: String,
}

impl From<&Key> for KeyView {
    fn from(key: &Key) -> Self {
        let restaurants = match &key.issue.consent {
            Consent::All => None,
            Consent::Only(restaurants) => Some(restaurants.clone()),
        };
        KeyView {
            id: key.id,
            label: key.issue.label.as_str().to_owned(),
            scopes: key.issue.scopes.names().collect(),
            restaurants,
            created_by: key.created_by.clone(),
            created_at: key.created_at,
            expires_at: key.issue.expires_at,
            used_at: key.used_at,
        }
    }
}

impl NewKey {
    /// What it means, asked for now.
    pub(crate) fn issue(self, clock: &Clock) -> Result<Issue> {
        let names = self.scopes.iter().map(|scope| scope.0.as_str());
        let scopes = Scopes::parse(names).map_err(|error| wrong("scopes", error.to_string()))?;
        let label = self.label.name();
        let label = label.map_err(|_| wrong("label", "it is one line with something to see"))?;
        let is_span = |days: &i64| (1..=DAYS_MAX).contains(days);
        if self.expires_in_days.is_some_and(|days| !is_span(&days)) {
            return Err(wrong(
                "expiresInDays",
                "it is a whole number from 1 to 3650",
            ));
        }
        let from_now = |days: i64| {
            let span = days.saturating_mul(MICROS_PER_DAY);
            Time::from_micros(clock.now().as_micros().saturating_add(span))
        };
        Ok(Issue {
            label,
            scopes,
            consent: consent(self.restaurants)?,
            expires_at: self.expires_in_days.map(from_now),
        })
    }
}

fn consent(restaurants: Option<Vec<RestaurantId>>) -> Result<Consent> {
    let Some(mut restaurants) = restaurants else {
        return Ok(Consent::All);
    };
    let most = domain::organisations::KEY_RESTAURANTS_MAX;
    if !(1..=most).contains(&restaurants.len()) {
        let said = format!("a key names 1 to {most} restaurants, or none for all");
        return Err(wrong("restaurants", said));
    }
    restaurants.sort_unstable();
    restaurants.dedup();
    Ok(Consent::Only(restaurants))
}

impl PartialSchema for TypedScope {
    fn schema() -> RefOr<Schema> {
        let names = domain::access::Permissions::of_keys();
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .enum_values(Some(names.iter().map(domain::access::Permission::name)))
            .examples(["orders.read"])
            .into()
    }
}

/// The id of a restaurant in a list, for the document.
pub(crate) enum NamedRestaurant {}

impl PartialSchema for NamedRestaurant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some("^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$"))
            .into()
    }
}

impl ToSchema for NamedRestaurant {
    fn name() -> std::borrow::Cow<'static, str> {
        "NamedRestaurant".into()
    }
}

impl ToSchema for TypedScope {
    fn name() -> std::borrow::Cow<'static, str> {
        "Scope".into()
    }
}
