//! Keys of integrators: what a program of somebody else may do, and at which restaurants.
//!
//! A key never may what gives others rights, and never more than whoever makes it may there himself. Its stream is
//! `key.issued` and `key.revoked`.

use base::Time;
use serde::{Deserialize, Serialize};

use super::{Name, RestaurantId};
use crate::access::{Permission, Permissions};

/// The most restaurants that a key names one by one; one that is meant for more is meant for all.
pub const KEY_RESTAURANTS_MAX: usize = 100;

/// The restaurants at which the organisation lets a key act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consent {
    /// All, also those to come, and the organisation itself.
    All,
    /// These alone.
    Only(Vec<RestaurantId>),
}

/// What the first event of a key says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Issue {
    /// What people call it.
    pub label: Name,
    /// The names of what it may do.
    pub scopes: Scopes,
    /// Where.
    pub consent: Consent,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// What a key may do: at least one thing, and nothing that gives others rights.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Scopes(Permissions);

/// Why names are no scopes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScopeError {
    /// There are none.
    #[error("a key may do at least one thing")]
    None,
    /// One names nothing that there is.
    #[error("there is no permission {0:?}")]
    Unknown(String),
    /// One is for people alone.
    #[error("no key may have the permission {0}")]
    ForPeople(&'static str),
}

impl Scopes {
    /// Reads the names of permissions.
    ///
    /// # Errors
    /// There are none, or one of them is unknown or for people alone.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ScopeError> {
        let mut scopes = Permissions::NONE;
        for name in names {
            let one = Permission::find(name).ok_or_else(|| ScopeError::Unknown(name.to_owned()))?;
            if !Permissions::of_keys().has(one) {
                return Err(ScopeError::ForPeople(one.name()));
            }
            scopes = scopes.with(one);
        }
        match scopes.is_empty() {
            true => Err(ScopeError::None),
            false => Ok(Self(scopes)),
        }
    }

    /// The names, in the order of permissions.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(Permission::name)
    }

    /// The permissions.
    #[must_use]
    pub const fn permissions(self) -> Permissions {
        self.0
    }
}

impl TryFrom<Vec<String>> for Scopes {
    type Error = ScopeError;

    fn try_from(names: Vec<String>) -> Result<Self, ScopeError> {
        Self::parse(names.iter().map(String::as_str))
    }
}

impl From<Scopes> for Vec<String> {
    fn from(scopes: Scopes) -> Self {
        scopes.names().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_what_gives_nobody_rights() {
        let scopes = Scopes::parse(["orders.read", "menus.read", "orders.read"]).unwrap();
        assert_eq!(
            scopes.names().collect::<Vec<_>>(),
            ["menus.read", "orders.read"]
        );
        assert_eq!(Scopes::parse([]), Err(ScopeError::None));
        let unknown = ScopeError::Unknown("orders".to_owned());
        assert_eq!(Scopes::parse(["orders.read", "orders"]), Err(unknown));
        for barred in [
            "members.change",
            "roles.change",
            "keys.change",
            "devices.change",
        ] {
            assert_eq!(Scopes::parse([barred]), Err(ScopeError::ForPeople(barred)));
        }
    }
}
