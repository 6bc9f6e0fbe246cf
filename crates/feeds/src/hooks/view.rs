//! What hooks look like from outside, and what is asked for when one is made or changed.

use base::{Result, Time};
use domain::organisations::RestaurantId;
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

use super::reach::Target;
use super::store::{Delivery, Hook, State};
use super::{DeliveryId, HookId};
use crate::kinds::TypedKind;

/// An address as it was typed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    max_length = 500,
    pattern = "^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?(:(443|102[4-9]|10[3-9][0-9]|1[1-9][0-9]{2}|[2-9][0-9]{3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$",
    example = "https://hooks.example.com/comanda"
)]
pub(super) struct TypedUrl(String);

impl TypedUrl {
    pub(super) fn url(&self) -> Result<String> {
        match Target::parse(&self.0) {
            Some(_) => Ok(self.0.clone()),
            None => Err(wrong(
                "url",
                "it must be https, with a host by its name and no user",
            )),
        }
    }
}

/// A new hook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewHook {
    /// Where to tell.
    pub(super) url: TypedUrl,
    /// Kinds and families of events; left out, all.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub(super) kinds: Vec<TypedKind>,
    /// The restaurants; left out, all of them, and the organisation itself.
    #[serde(default)]
    #[schema(value_type = Vec<HookRestaurant>, max_items = 100)]
    pub(super) restaurants: Vec<RestaurantId>,
}

/// The id of a restaurant.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
#[allow(dead_code, reason = "it describes the items of a list in the document")]
pub(crate) struct HookRestaurant(String);

/// What is changed of a hook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct HookEdit {
    /// The version that was read.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(super) version: i64,
    /// Where to tell.
    #[serde(default)]
    pub(super) url: Option<TypedUrl>,
    /// Kinds and families of events; an empty list is all.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub(super) kinds: Option<Vec<TypedKind>>,
    /// The restaurants; an empty list is all of them, and the organisation itself.
    #[serde(default)]
    #[schema(value_type = Option<Vec<HookRestaurant>>, max_items = 100)]
    pub(super) restaurants: Option<Vec<RestaurantId>>,
    /// Whether it is told anything. Enabling it again also tells what it was not told when it was disabled.
    #[serde(default)]
    pub(super) enabled: Option<bool>,
}

/// A hook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HookView {
    /// Which one.
    #[schema(value_type = String, pattern = "^hok_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: HookId,
    /// Where it is told.
    url: String,
    /// Kinds and families of events; none for all.
    kinds: Vec<String>,
    /// The restaurants; none for all of them, and the organisation itself.
    #[schema(value_type = Vec<String>)]
    restaurants: Vec<RestaurantId>,
    /// Whether it is told anything.
    enabled: bool,
    /// Why it is not, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_because: Option<String>,
    /// How many calls failed since the last that went well.
    failures: i64,
    /// Until when calls are signed with the secret before as well.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rotates_until: Option<Time>,
    /// Its version; it grows with every change.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl HookView {
    pub(super) fn of(hook: &Hook, now: Time) -> Self {
        HookView {
            id: hook.id.into(),
            url: hook.url.clone(),
            kinds: hook.kinds.clone(),
            restaurants: hook.restaurants.clone(),
            enabled: hook.is_active,
            disabled_because: (!hook.is_active).then(|| hook.why.clone()),
            failures: hook.failures,
            rotates_until: (hook.previous_until > now).then_some(hook.previous_until),
            version: hook.version,
            created_at: hook.created_at,
        }
    }
}

/// A hook with a new secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HookWithSecret {
    /// The hook.
    pub(super) hook: HookView,
    /// With what its calls are signed. It is shown this once.
    pub(super) secret: String,
}

/// Which deliveries are told again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Redriven {
    /// Those that were given up.
    #[default]
    Dead,
    /// Those that were not told because the hook was disabled.
    Held,
}

impl Redriven {
    pub(super) fn state(self) -> State {
        match self {
            Redriven::Dead => State::Dead,
            Redriven::Held => State::Held,
        }
    }
}

/// What is told again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Redrive {
    /// In which state it is now; what was given up, if nothing is said.
    #[serde(default)]
    pub(super) state: Redriven,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DeliveryState {
    /// It is to be told, or told again.
    Waiting,
    /// It was told.
    Delivered,
    /// It could not be told, and is given up.
    Dead,
    /// Its hook was disabled before it was told.
    Held,
}

impl DeliveryState {
    pub(super) fn state(self) -> State {
        match self {
            DeliveryState::Waiting => State::Waiting,
            DeliveryState::Delivered => State::Delivered,
            DeliveryState::Dead => State::Dead,
            DeliveryState::Held => State::Held,
        }
    }
}

/// One event for one hook.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    /// Which one; calls carry it in the header `comanda-delivery`.
    #[schema(value_type = String)]
    id: DeliveryId,
    /// The id of the event.
    event: String,
    /// What happened.
    kind: String,
    /// How far it is.
    #[schema(value_type = DeliveryState)]
    state: &'static str,
    /// How often it was tried.
    tries: i64,
    /// The status of the last answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i64>,
    /// Why the last try failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// When it was tried last.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tried_at: Option<Time>,
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        let stream = base::uid::spell("evt", delivery.stream);
        DeliveryView {
            id: delivery.id.into(),
            event: format!("{stream}.{}", delivery.version),
            kind: delivery.kind.clone(),
            state: delivery.state.name(),
            tries: delivery.tries,
            status: (delivery.status != 0).then_some(delivery.status),
            error: (!delivery.error.is_empty()).then(|| delivery.error.clone()),
            at: delivery.at,
            tried_at: (delivery.tried_at != Time::EPOCH).then_some(delivery.tried_at),
        }
    }
}
