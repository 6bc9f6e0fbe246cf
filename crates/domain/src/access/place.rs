//! Where a grant holds: in the whole organisation, in a brand with all its restaurants, or in one restaurant.

use std::fmt;
use std::str::FromStr;

use base::Uid;
use serde::{Deserialize, Serialize};

use super::{Permission, Permissions};
use crate::organisations::{BrandId, OrganisationId, RestaurantId};

/// A place within an organisation, by its typed id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// Everything that belongs to the organisation, now and later.
    Organisation(OrganisationId),
    /// A brand and all its restaurants, now and later.
    Brand(BrandId),
    /// One restaurant.
    Restaurant(RestaurantId),
}

/// A text that names no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a place is the id of an organisation, a brand or a restaurant")]
pub struct PlaceError;

impl Place {
    /// The id without its type.
    #[must_use]
    pub const fn uid(&self) -> Uid {
        match self {
            Place::Organisation(id) => id.uid(),
            Place::Brand(id) => id.uid(),
            Place::Restaurant(id) => id.uid(),
        }
    }

    /// The number that a database keeps the sort of place as.
    #[must_use]
    pub const fn level(&self) -> i64 {
        match self {
            Place::Organisation(_) => 0,
            Place::Brand(_) => 1,
            Place::Restaurant(_) => 2,
        }
    }

    /// The place of a sort and an id, as a database gives them back.
    #[must_use]
    pub fn from_parts(level: i64, id: Uid) -> Option<Self> {
        match level {
            0 => Some(Place::Organisation(id.into())),
            1 => Some(Place::Brand(id.into())),
            2 => Some(Place::Restaurant(id.into())),
            _ => None,
        }
    }

    /// The permissions that mean something in such a place; others in a role are idle there.
    #[must_use]
    pub fn room(&self) -> Permissions {
        let all = Permissions::all();
        match self {
            Place::Organisation(_) => all,
            Place::Brand(_) => all.without(wide()),
            Place::Restaurant(_) => all.without(wide().with(Permission::BrandsChange)),
        }
    }
}

/// What concerns the organisation as a whole and cannot be had in a part of it.
fn wide() -> Permissions {
    let wide = [
        Permission::OrganisationChange,
        Permission::RolesChange,
        Permission::KeysRead,
        Permission::KeysChange,
        Permission::AuditRead,
    ];
    wide.into_iter().collect()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Organisation(id) => id.fmt(f),
            Place::Brand(id) => id.fmt(f),
            Place::Restaurant(id) => id.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let organisation = text.parse().map(Place::Organisation);
        organisation
            .or_else(|_| text.parse().map(Place::Brand))
            .or_else(|_| text.parse().map(Place::Restaurant))
            .map_err(|_| PlaceError)
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
