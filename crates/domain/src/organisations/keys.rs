//! Keys of integrators: what a program of somebody else may do, and at which restaurants.
//!
//! A key never may what gives others rights, and never more than whoever makes it may there himself. Its stream is
//! `key.issued` and `key.revoked`.

use base::Time;
use serde::{Deserialize, Serialize};

use super::{BrandId, Name, RestaurantId};
use crate::access::{Access, Permission, Permissions, Place};

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

impl Issue {
    /// Whether somebody who holds this hands on no more than he has at each place. The brands are those of the
    /// restaurants that the key names, in their order.
    #[must_use]
    pub fn is_within(&self, held: &Access, brands: &[Option<BrandId>]) -> bool {
        let wanted = self.scopes.permissions();
        match &self.consent {
            Consent::All => wanted.within(held.everywhere()),
            Consent::Only(restaurants) => {
                let mut places = restaurants.iter().zip(brands);
                restaurants.len() == brands.len()
                    && places.all(|(id, brand)| {
                        wanted.within(held.held(&Place::Restaurant(*id), *brand))
                    })
            }
        }
    }
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
    use base::Uid;

    use super::*;
    use crate::access::{BuiltIn, RoleName, Roles, compile};

    #[test]
    fn nobody_hands_on_more_than_he_has() {
        let uid = |number| Uid::from_bytes([number; 16]);
        let (one, two) = (RestaurantId::from(uid(1)), RestaurantId::from(uid(2)));
        let brand = BrandId::from(uid(9));
        let issue = |names: &[&str], consent| Issue {
            label: Name::parse("POS").unwrap(),
            scopes: Scopes::parse(names.iter().copied()).unwrap(),
            consent,
            expires_at: None,
        };
        let read = |consent| issue(&["orders.read"], consent);
        let both = |consent| issue(&["orders.read", "menus.read"], consent);
        let orders = Permissions::NONE.with(Permission::OrdersRead);
        let (none, at_none) = ([None], [None, None]);

        let wide = Access::wide(orders);
        assert!(read(Consent::All).is_within(&wide, &[]));
        assert!(!both(Consent::All).is_within(&wide, &[]));
        assert!(read(Consent::Only(vec![one])).is_within(&wide, &none));
        assert!(!both(Consent::Only(vec![one])).is_within(&wide, &none));
        // Brands that are not known are no reason to believe.
        assert!(!read(Consent::Only(vec![one])).is_within(&wide, &[]));

        let narrow = Access::at_restaurants([one], orders);
        assert!(read(Consent::Only(vec![one])).is_within(&narrow, &none));
        assert!(!read(Consent::Only(vec![one, two])).is_within(&narrow, &at_none));
        assert!(!read(Consent::All).is_within(&narrow, &[]));

        let manager = (RoleName::BuiltIn(BuiltIn::Manager), Place::Brand(brand));
        let branded = compile([manager], &Roles::default());
        assert!(read(Consent::Only(vec![one])).is_within(&branded, &[Some(brand)]));
        assert!(!read(Consent::Only(vec![one])).is_within(&branded, &none));
        assert!(!read(Consent::All).is_within(&branded, &[]));
    }

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
