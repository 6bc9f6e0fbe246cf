//! Roles: sets of permissions with a name. Some are built in, the others are an organisation's own.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Permission, Permissions, RoleId};

/// What each role of an organisation's own allows.
pub type Roles = BTreeMap<RoleId, Permissions>;

/// A role that every organisation has, and that nobody can change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BuiltIn {
    /// May do everything, whatever will be added; is given for the whole organisation only.
    Owner,
    /// Runs places: people, devices, menus, orders.
    Manager,
    /// Takes orders and sees the menu.
    Staff,
    /// Sees orders, moves them on, marks what is sold out.
    Kitchen,
    /// Sees takings, grants refunds.
    Finance,
    /// Answers diners: sees orders, grants refunds.
    Support,
}

/// The name of a role in a grant: a word for those built in, an id for an organisation's own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoleName {
    /// One that every organisation has.
    BuiltIn(BuiltIn),
    /// One of the organisation's own.
    Own(RoleId),
}

/// A text that names no role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a role is the id of a role, or one of those that are built in")]
pub struct RoleNameError;

impl BuiltIn {
    /// All of them, the mightiest first.
    pub const ALL: [BuiltIn; 6] = [
        BuiltIn::Owner,
        BuiltIn::Manager,
        BuiltIn::Staff,
        BuiltIn::Kitchen,
        BuiltIn::Finance,
        BuiltIn::Support,
    ];

    /// The word that grants are written with.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BuiltIn::Owner => "owner",
            BuiltIn::Manager => "manager",
            BuiltIn::Staff => "staff",
            BuiltIn::Kitchen => "kitchen",
            BuiltIn::Finance => "finance",
            BuiltIn::Support => "support",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it allows.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        use Permission as P;
        let seeing = [P::OrganisationRead, P::RestaurantsRead, P::MenusRead];
        let more: &[Permission] = match self {
            BuiltIn::Owner => return Permissions::all(),
            BuiltIn::Manager => &[
                P::RestaurantsChange,
                P::MembersRead,
                P::MembersChange,
                P::DevicesRead,
                P::DevicesChange,
                P::MenusChange,
                P::OrdersRead,
                P::OrdersChange,
                P::RefundsChange,
                P::ReportsRead,
            ],
            BuiltIn::Staff => &[P::OrdersRead, P::OrdersChange],
            BuiltIn::Kitchen => &[P::OrdersRead, P::OrdersChange, P::MenusChange],
            BuiltIn::Finance => &[P::OrdersRead, P::RefundsChange, P::ReportsRead],
            BuiltIn::Support => &[P::OrdersRead, P::RefundsChange],
        };
        seeing.into_iter().chain(more.iter().copied()).collect()
    }
}

impl RoleName {
    /// The role that may do everything.
    pub const OWNER: Self = RoleName::BuiltIn(BuiltIn::Owner);

    /// What it allows; nothing when the organisation has no such role.
    #[must_use]
    pub fn permissions(self, roles: &Roles) -> Option<Permissions> {
        match self {
            RoleName::BuiltIn(role) => Some(role.permissions()),
            RoleName::Own(id) => roles.get(&id).copied(),
        }
    }

    /// The id, where it is one of the organisation's own.
    #[must_use]
    pub const fn own(self) -> Option<RoleId> {
        match self {
            RoleName::BuiltIn(_) => None,
            RoleName::Own(id) => Some(id),
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoleName::BuiltIn(role) => f.write_str(role.name()),
            RoleName::Own(id) => id.fmt(f),
        }
    }
}

impl FromStr for RoleName {
    type Err = RoleNameError;

    fn from_str(text: &str) -> Result<Self, RoleNameError> {
        match BuiltIn::find(text) {
            Some(role) => Ok(RoleName::BuiltIn(role)),
            None => text.parse().map(RoleName::Own).map_err(|_| RoleNameError),
        }
    }
}

impl Serialize for RoleName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
