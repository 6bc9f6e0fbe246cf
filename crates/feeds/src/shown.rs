//! An event as the outside sees it: in the feed and in the body of a webhook alike.

use base::{Time, Uid, uid};
use domain::organisations::{BrandId, RestaurantId};
use serde::Serialize;
use serde_json::Value as Json;
use store::Logged;
use utoipa::ToSchema;

use crate::kinds;

/// Something that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventView {
    /// Which one. Whoever gets the same id twice has got the same event twice.
    pub(crate) id: String,
    /// What happened.
    #[schema(example = "order.confirmed")]
    pub(crate) kind: &'static str,
    /// The version of the data of this kind.
    pub(crate) version: u32,
    /// What it happened to: an order, a payment.
    pub(crate) stream: String,
    /// Its place among all events of that, from 1. Some of them may be of kinds that are not shown.
    pub(crate) sequence: i64,
    /// The restaurant that it is about, if it is about one.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) restaurant: Option<RestaurantId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Time,
    /// The facts, without anything that is said of people.
    #[schema(value_type = Object)]
    pub(crate) data: Json,
}

/// What an event is about, as far as it matters who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A restaurant.
    Restaurant(RestaurantId),
    /// All restaurants of a brand.
    Brand(BrandId),
    /// The whole organisation.
    House,
}

impl About {
    /// The id of the place, if it is one.
    pub(crate) fn place(self) -> Option<Uid> {
        match self {
            About::Restaurant(id) => Some(id.uid()),
            About::Brand(id) => Some(id.uid()),
            About::House => None,
        }
    }

    fn of(data: &Json) -> Self {
        let text = |field: &str| data.get(field).and_then(Json::as_str);
        if let Some(id) = text("restaurant").and_then(|text| text.parse().ok()) {
            return About::Restaurant(id);
        }
        let place = text("place").unwrap_or_default();
        match (place.parse(), place.parse()) {
            (Ok(id), _) => About::Restaurant(id),
            (_, Ok(id)) => About::Brand(id),
            _ => About::House,
        }
    }
}

/// The checksum of the row held, so it was written like this: nobody outside can be told, and somebody must look.
fn damaged(event: &Logged) {
    metrics::counter!("store_damaged_rows_total", "table" => "log").increment(1);
    tracing::error!(
        position = event.position,
        organisation = %event.organisation,
        kind = event.kind,
        "an event of the log is no JSON, and is not shown"
    );
}

/// The event as it is shown; nothing if it stays inside, or is damaged.
pub(crate) fn shown(event: &Logged) -> Option<(EventView, About)> {
    let public = kinds::find(&event.kind)?;
    let Ok(mut data) = serde_json::from_str::<Json>(&event.payload) else {
        damaged(event);
        return None;
    };
    kinds::without_people(&mut data);
    let about = About::of(&data);
    let view = EventView {
        id: engine::event_id(event),
        kind: public.kind,
        version: public.version,
        stream: uid::spell(public.stream, event.stream).to_string(),
        sequence: event.version,
        restaurant: match about {
            About::Restaurant(id) => Some(id),
            About::Brand(_) | About::House => None,
        },
        at: event.at,
        data,
    };
    Some((view, about))
}
