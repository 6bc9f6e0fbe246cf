//! Time zones by their names in the IANA database (release 2025b): those of a place, and UTC.

use std::fmt;
use std::sync::LazyLock;

use base::text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All names in the order of their bytes.
static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("zones.txt").lines().collect());

/// The name of a time zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimeZone(&'static str);

/// A text that names no time zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a time zone is a name of the IANA database such as Europe/Rome")]
pub struct TimeZoneError;

impl TimeZone {
    /// All names that are known.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// The name as the database spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl std::str::FromStr for TimeZone {
    type Err = TimeZoneError;

    fn from_str(name: &str) -> Result<Self, TimeZoneError> {
        let place = NAMES.binary_search(&name).map_err(|_| TimeZoneError)?;
        NAMES.get(place).copied().map(Self).ok_or(TimeZoneError)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found() {
        assert!(NAMES.is_sorted() && NAMES.len() > 400);
        for name in TimeZone::names() {
            assert_eq!(name.parse::<TimeZone>().map(TimeZone::name), Ok(*name));
        }
        for name in [
            "",
            "europe/rome",
            "Europe/Roma",
            "Europe/Rome ",
            "CET",
            "+01:00",
        ] {
            assert_eq!(name.parse::<TimeZone>(), Err(TimeZoneError), "{name:?}");
        }
    }
}
