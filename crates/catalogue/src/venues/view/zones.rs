//! Where a restaurant delivers to.

use base::{Currency, Result};
use domain::organisations::Name;
use domain::venues::{Position, Shape, Zone, Zones};
use serde::{Deserialize, Serialize};
use slice::{TypedName, wrong};
use utoipa::ToSchema;

use super::hours::WeeklySpan;
use super::profile::VenuePosition;
use super::{amount, minor};
use crate::venues::app::Scene;

/// Where a restaurant delivers to, and for what: a radius around it, or everything within some corners.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DeliveryZone {
    /// What it is called.
    #[schema(value_type = TypedName)]
    name: String,
    /// So many metres around the restaurant; it needs the position in the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000)]
    radius_metres: Option<u32>,
    /// The corners in their order; the last is joined to the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 3, max_items = 200)]
    polygon: Option<Vec<VenuePosition>>,
    /// What delivery costs.
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    fee: String,
    /// What is delivered at least.
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    minimum: String,
    /// From what on delivery costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    free_from: Option<String>,
    /// How long the way takes, about.
    #[schema(minimum = 0, maximum = 600)]
    minutes: u16,
    /// When it is a zone; always when nothing is said. By days and times a place has other fees, or none at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 42)]
    times: Vec<WeeklySpan>,
}

/// Where a restaurant delivers to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ZonesView {
    /// The zones in their order: the first that has a place in it counts.
    zones: Vec<DeliveryZone>,
    /// What its amounts are in.
    currency: String,
    /// The version of the zones, to be sent along with the next change; 0 when nothing was said yet.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
}

/// Where a restaurant delivers to from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedZones {
    /// The zones in their order: the first that has a place in it counts.
    #[schema(max_items = 50)]
    zones: Vec<DeliveryZone>,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

impl DeliveryZone {
    fn zone(&self, currency: Currency) -> Result<Zone> {
        let shape = match (&self.radius_metres, &self.polygon) {
            (Some(metres), None) => Shape::Radius(*metres),
            (None, Some(corners)) => {
                let corners = corners
                    .iter()
                    .map(|corner| corner.position("zones.polygon"));
                Shape::Polygon(corners.collect::<Result<_>>()?)
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err(wrong(
                    "zones",
                    "a zone has a radius or a polygon, one of both",
                ));
            }
        };
        let free_from = self.free_from.as_deref();
        Ok(Zone {
            name: Name::parse(&self.name)
                .map_err(|error| wrong("zones.name", error.to_string()))?,
            shape,
            fee_minor: minor("zones.fee", &self.fee, currency)?,
            minimum_minor: minor("zones.minimum", &self.minimum, currency)?,
            free_from_minor: free_from
                .map(|typed| minor("zones.freeFrom", typed, currency))
                .transpose()?,
            minutes: self.minutes,
            times: WeeklySpan::week("zones.times", &self.times)?,
        })
    }

    fn of(zone: &Zone, currency: Currency) -> Result<Self> {
        let (radius_metres, polygon) = match &zone.shape {
            Shape::Radius(metres) => (Some(*metres), None),
            Shape::Polygon(corners) => {
                let corners = corners.iter().copied().map(Position::into);
                (None, Some(corners.collect()))
            }
        };
        Ok(DeliveryZone {
            name: zone.name.as_str().to_owned(),
            radius_metres,
            polygon,
            fee: amount(zone.fee_minor, currency),
            minimum: amount(zone.minimum_minor, currency),
            free_from: zone.free_from_minor.map(|minor| amount(minor, currency)),
            minutes: zone.minutes,
            times: zone.times.spans().iter().map(WeeklySpan::from).collect(),
        })
    }
}

impl ChangedZones {
    /// What it means, in this currency.
    pub(crate) fn zones(&self, currency: Currency) -> Result<Zones> {
        let zones = self.zones.iter().map(|zone| zone.zone(currency));
        let zones = Zones::new(zones.collect::<Result<_>>()?);
        zones.map_err(|refusal| wrong("zones", refusal.to_string()))
    }
}

impl ZonesView {
    /// What is shown of them.
    pub(crate) fn of(scene: &Scene) -> Result<Self> {
        let currency = scene.restaurant.details.currency;
        let zones = scene.venue.zones.all().iter();
        Ok(ZonesView {
            zones: zones
                .map(|zone| DeliveryZone::of(zone, currency))
                .collect::<Result<_>>()?,
            currency: currency.code().to_owned(),
            version: scene.venue.versions.zones,
        })
    }
}
