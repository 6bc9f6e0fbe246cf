//! Whose menu it is: a brand's, which its restaurants sell, or a restaurant's own.

use std::fmt;
use std::str::FromStr;

use base::{Organisation, Uid};
use domain::organisations::{BrandId, RestaurantId};
use serde::{Deserialize, Serialize};

/// A brand or a restaurant. A place has one menu.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// A brand, whose restaurants sell its menu unless they have one of their own.
    Brand(BrandId),
    /// A restaurant.
    Restaurant(RestaurantId),
}

/// A text that names neither a brand nor a restaurant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaceError;

/// What has a stream of events of its own. Brands and restaurants have streams already, under their own ids, so the
/// streams here have ids that are made of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stream {
    /// The draft of a place.
    Draft,
    /// What is published of it.
    Published,
    /// What a restaurant sells of its brand's menu.
    Location,
    /// What has run out in a restaurant.
    Stock,
}

impl Place {
    /// The id without its type.
    #[must_use]
    pub const fn uid(&self) -> Uid {
        match self {
            Place::Brand(id) => id.uid(),
            Place::Restaurant(id) => id.uid(),
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn organisation(&self) -> Organisation {
        self.uid().organisation()
    }
}

impl Stream {
    /// The id of this stream of a brand or restaurant: its own, with other digits at the end, where an id has chance.
    #[must_use]
    pub(crate) fn of(self, place: Uid) -> Uid {
        let tag: [u8; 6] = match self {
            Stream::Draft => *b"mdraft",
            Stream::Published => *b"mpubli",
            Stream::Location => *b"mlocal",
            Stream::Stock => *b"mstock",
        };
        let mut bytes = *place.as_bytes();
        for (byte, other) in bytes.iter_mut().rev().zip(tag.iter().rev()) {
            *byte ^= other;
        }
        Uid::from_bytes(bytes)
    }
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a menu belongs to a brand or a restaurant")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Brand(id) => id.fmt(f),
            Place::Restaurant(id) => id.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let brand = text.parse().map(Place::Brand);
        brand
            .or_else(|_| text.parse().map(Place::Restaurant))
            .map_err(|_| PlaceError)
    }
}

impl From<BrandId> for Place {
    fn from(id: BrandId) -> Self {
        Place::Brand(id)
    }
}

impl From<RestaurantId> for Place {
    fn from(id: RestaurantId) -> Self {
        Place::Restaurant(id)
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base::text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_a_place_are_apart_and_name_its_organisation() {
        let id = Uid::from_bytes(*b"0123456789abcdef");
        let all = [
            Stream::Draft,
            Stream::Published,
            Stream::Location,
            Stream::Stock,
        ];
        let mut seen: Vec<Uid> = all.iter().map(|stream| stream.of(id)).collect();
        assert!(
            seen.iter()
                .all(|stream| stream.organisation() == id.organisation())
        );
        seen.push(id);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 5);
    }
}
