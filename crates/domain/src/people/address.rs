//! Addresses of people: where something is brought to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Line;

base::typed_id!(
    /// Names an address of a person.
    pub AddressId = "adr";
);

/// The most addresses that one person keeps.
pub const ADDRESSES_MAX: i64 = 20;

/// A place on the earth, in degrees.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    latitude: f64,
    longitude: f64,
}

/// Two numbers that are no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a place has a latitude from -90 to 90 and a longitude from -180 to 180")]
pub struct PointError;

impl Point {
    /// A place by its latitude and its longitude.
    ///
    /// # Errors
    /// They are out of range, or no numbers.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, PointError> {
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Self {
                latitude,
                longitude,
            })
        } else {
            Err(PointError)
        }
    }

    /// How far north.
    #[must_use]
    pub const fn latitude(&self) -> f64 {
        self.latitude
    }

    /// How far east.
    #[must_use]
    pub const fn longitude(&self) -> f64 {
        self.longitude
    }
}

/// Where something is brought to, as its person wrote it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// What the person calls it: home, work.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<Line>,
    /// Street and number.
    pub street: Line,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub city: Option<Line>,
    /// The post code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub post_code: Option<Line>,
    /// What the courier should know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instructions: Option<Line>,
    /// Where that is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub point: Option<Point>,
}

/// An address is personal: it is never printed by accident.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

/// A place is personal too.
impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Point")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_on_the_earth() {
        assert!(Point::new(90.0, -180.0).is_ok());
        for (latitude, longitude) in [
            (90.1, 0.0),
            (0.0, 180.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            assert_eq!(Point::new(latitude, longitude), Err(PointError));
        }
    }
}
