//! Positions on the ground, how far they are apart, and the zones that a restaurant delivers to.
//!
//! Positions are whole millionths of a degree (11 cm at most), so that whoever reads one back has the same. Distances are
//! great circles over a round earth, in whole metres: half a percent from the truth at worst.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::date::Local;
use super::hours::Week;
use crate::organisations::Name;

/// The most corners of a polygon.
pub const CORNERS_MAX: usize = 200;
/// The longest radius.
pub const RADIUS_METRES_MAX: u32 = 100_000;
/// The most zones of a restaurant.
pub const ZONES_MAX: usize = 50;
/// The most corners of all zones of a restaurant.
pub const ALL_CORNERS_MAX: usize = 2_000;
/// How far corners of a polygon lie from its first one at most.
const REACH_METRES_MAX: u32 = 300_000;
/// The longest time that is said of a zone.
pub const MINUTES_MAX: u16 = 600;
const LAT_MAX: i32 = 90_000_000;
const LNG_MAX: i32 = 180_000_000;
const AROUND: i64 = 360_000_000;
const EARTH_METRES: f64 = 6_371_008.8;

/// A place on the ground, in millionths of a degree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Degrees", into = "Degrees")]
pub struct Position {
    lat: i32,
    lng: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Degrees {
    lat: i32,
    lng: i32,
}

impl Position {
    /// The position of these millionths of a degree, north and east.
    ///
    /// # Errors
    /// It is not on the globe.
    pub fn new(lat: i32, lng: i32) -> Result<Self, Refusal> {
        let on_globe = lat.unsigned_abs() <= LAT_MAX.unsigned_abs()
            && lng.unsigned_abs() <= LNG_MAX.unsigned_abs();
        on_globe
            .then_some(Position { lat, lng })
            .ok_or(Refusal::NoPosition)
    }

    /// The position of these degrees, to the nearest millionth.
    ///
    /// # Errors
    /// It is not on the globe.
    pub fn of_degrees(lat: f64, lng: f64) -> Result<Self, Refusal> {
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lng) {
            return Err(Refusal::NoPosition);
        }
        #[allow(clippy::cast_possible_truncation, reason = "it was just bounded")]
        let micro = |degrees: f64| (degrees * 1e6).round() as i32;
        Position::new(micro(lat), micro(lng))
    }

    /// Millionths of a degree north of the equator.
    #[must_use]
    pub const fn lat(self) -> i32 {
        self.lat
    }

    /// Millionths of a degree east of Greenwich.
    #[must_use]
    pub const fn lng(self) -> i32 {
        self.lng
    }

    /// Degrees north and east.
    #[must_use]
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lat) / 1e6, f64::from(self.lng) / 1e6)
    }

    /// How far another place is, over ground, in whole metres.
    #[must_use]
    pub fn metres_to(self, other: Position) -> u32 {
        let (lat, lng) = self.degrees();
        let (other_lat, other_lng) = other.degrees();
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let flat = lat.to_radians().cos() * other_lat.to_radians().cos();
        let a = half(other_lat - lat) + flat * half(other_lng - lng);
        let metres = 2.0 * EARTH_METRES * a.clamp(0.0, 1.0).sqrt().asin();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "half the way around the earth at most, and never negative"
        )]
        let whole = metres.round() as u32;
        whole
    }
}

impl TryFrom<Degrees> for Position {
    type Error = Refusal;

    fn try_from(degrees: Degrees) -> Result<Self, Refusal> {
        Position::new(degrees.lat, degrees.lng)
    }
}

impl From<Position> for Degrees {
    fn from(position: Position) -> Self {
        Degrees {
            lat: position.lat,
            lng: position.lng,
        }
    }
}

/// The form of a zone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum Shape {
    /// Everything within these corners; the last one is joined to the first.
    Polygon(Vec<Position>),
    /// Everything within so many metres of the restaurant.
    Radius(u32),
}

/// Where a restaurant delivers to, and for what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Zone {
    /// What it is called.
    pub name: Name,
    /// What it covers.
    pub shape: Shape,
    /// What delivery costs, in minor units of the restaurant's currency.
    pub fee_minor: i64,
    /// What is delivered at least, in minor units.
    pub minimum_minor: i64,
    /// From what on delivery costs nothing, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_from_minor: Option<i64>,
    /// How long the way takes, about.
    pub minutes: u16,
    /// When it is a zone; always when nothing is said.
    #[serde(default, skip_serializing_if = "Week::is_empty")]
    pub times: Week,
}

/// Where a restaurant delivers to: the first zone that has a place in it then counts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zones(Vec<Zone>);

impl Zones {
    /// These zones, in this order.
    ///
    /// # Errors
    /// There are too many, or one is no area that anybody could deliver to.
    pub fn new(zones: Vec<Zone>) -> Result<Self, Refusal> {
        if zones.len() > ZONES_MAX {
            return Err(Refusal::TooMany("zones", ZONES_MAX));
        }
        let corners: usize = zones.iter().map(Zone::corners).sum();
        if corners > ALL_CORNERS_MAX {
            return Err(Refusal::TooMany("corners of all zones", ALL_CORNERS_MAX));
        }
        for zone in &zones {
            zone.check()?;
        }
        Ok(Zones(zones))
    }

    /// All zones in their order.
    #[must_use]
    pub fn all(&self) -> &[Zone] {
        &self.0
    }

    /// The zones that there are when calendar and clock show this, in their order.
    pub fn on(&self, local: Local) -> impl Iterator<Item = &Zone> {
        let is_on = move |zone: &&Zone| zone.times.is_empty() || zone.times.is_on(local);
        self.0.iter().filter(is_on)
    }

    /// The first zone that has this place in it when calendar and clock show this, for a restaurant that is here. Without knowing
    /// where the restaurant is, zones with a radius have nothing in them.
    #[must_use]
    pub fn at(&self, restaurant: Option<Position>, place: Position, local: Local) -> Option<&Zone> {
        self.on(local).find(|zone| zone.has(restaurant, place))
    }
}

impl Zone {
    /// How many corners it has.
    #[must_use]
    pub fn corners(&self) -> usize {
        match &self.shape {
            Shape::Polygon(corners) => corners.len(),
            Shape::Radius(_) => 0,
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        match &self.shape {
            Shape::Polygon(corners) => {
                let first = corners.first().copied();
                let is_far = |corner: &Position| {
                    first.is_some_and(|first| first.metres_to(*corner) > REACH_METRES_MAX)
                };
                if !(3..=CORNERS_MAX).contains(&corners.len()) || corners.iter().any(is_far) {
                    return Err(Refusal::NoArea);
                }
            }
            Shape::Radius(metres) if (1..=RADIUS_METRES_MAX).contains(metres) => {}
            Shape::Radius(_) => return Err(Refusal::NoArea),
        }
        let sums = [
            Some(self.fee_minor),
            Some(self.minimum_minor),
            self.free_from_minor,
        ];
        if sums.into_iter().flatten().any(|minor| minor < 0) || self.minutes > MINUTES_MAX {
            return Err(Refusal::OutOfRange);
        }
        Ok(())
    }

    fn has(&self, restaurant: Option<Position>, place: Position) -> bool {
        match &self.shape {
            Shape::Radius(metres) => {
                restaurant.is_some_and(|centre| centre.metres_to(place) <= *metres)
            }
            Shape::Polygon(corners) => is_within(corners, place),
        }
    }
}

/// Whether a line from the place to the east crosses the border an odd number of times. Longitudes are taken as seen
/// from the place, so that a zone may lie on both sides of the date line.
fn is_within(corners: &[Position], place: Position) -> bool {
    let seen = |corner: &Position| {
        let east = i64::from(corner.lng) - i64::from(place.lng);
        let east = (east + AROUND / 2).rem_euclid(AROUND) - AROUND / 2;
        (i64::from(corner.lat) - i64::from(place.lat), east)
    };
    let ends = corners.iter().cycle().skip(1);
    let crossings = corners.iter().zip(ends).filter(|(from, to)| {
        let ((from_north, from_east), (to_north, to_east)) = (seen(from), seen(to));
        if (from_north > 0) == (to_north > 0) {
            return false;
        }
        // The border is at the place's latitude at an east of cross / rise; both are below 2^58.
        let cross = from_east * to_north - to_east * from_north;
        let rise = to_north - from_north;
        (cross > 0) == (rise > 0) && cross != 0
    });
    crossings.count() % 2 == 1
}
