//! What somebody may do: permissions, and sets of them.
//!
//! A permission is one act on one sort of thing. Roles are sets of permissions; a grant gives a role at a place: an
//! organisation, a brand, a restaurant.

mod compiled;
mod place;
mod roles;
mod rules;

use std::fmt;

pub use compiled::{Access, Reach, compile};
pub use place::{Place, PlaceError};
pub use roles::{BuiltIn, RoleName, RoleNameError, Roles};
pub use rules::{
    GRANTS_MAX, Giver, INVITATIONS_MAX, ROLES_MAX, Refusal, change_role, define_role, give,
    give_into, revoke,
};

base::typed_id!(
    /// Names the membership of a person in an organisation, from joining to leaving.
    pub MemberId = "mbr";
    /// Names a role of an organisation.
    pub RoleId = "rol";
    /// Names a grant of a role to a member.
    pub GrantId = "grt";
    /// Names an invitation into an organisation.
    pub InvitationId = "inv";
    /// Names a key of an integrator.
    pub KeyId = "key";
    /// Names a paired device.
    pub DeviceId = "dev";
);

macro_rules! permissions {
    ($($(#[$doc:meta])* $permission:ident = $name:literal;)+) => {
        /// One act on one sort of thing.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Permission {
            $($(#[$doc])* $permission,)+
        }

        impl Permission {
            /// All of them, in the order of their bits.
            pub const ALL: &[Permission] = &[$(Permission::$permission,)+];

            /// The name that routes, roles and scopes are written with.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Permission::$permission => $name,)+
                }
            }

            /// The permission of this name.
            #[must_use]
            pub fn find(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.name() == name)
            }
        }
    };
}

// A bit never changes its meaning, so new ones come last.
permissions! {
    /// See the organisation, its brands and its restaurants.
    OrganisationRead = "organisation.read";
    /// Change the organisation itself.
    OrganisationChange = "organisation.change";
    /// Make and change brands.
    BrandsChange = "brands.change";
    /// See restaurants with what only their own people see.
    RestaurantsRead = "restaurants.read";
    /// Make and change restaurants.
    RestaurantsChange = "restaurants.change";
    /// See who belongs to the organisation, and with which roles.
    MembersRead = "members.read";
    /// Invite and remove members, grant and revoke roles.
    MembersChange = "members.change";
    /// Define roles.
    RolesChange = "roles.change";
    /// See the keys of integrators.
    KeysRead = "keys.read";
    /// Make and revoke keys of integrators.
    KeysChange = "keys.change";
    /// See paired devices.
    DevicesRead = "devices.read";
    /// Pair and revoke devices.
    DevicesChange = "devices.change";
    /// Read the audit log of the organisation.
    AuditRead = "audit.read";
    /// See menus as they are being worked on.
    MenusRead = "menus.read";
    /// Change menus and what is sold out.
    MenusChange = "menus.change";
    /// See orders.
    OrdersRead = "orders.read";
    /// Take orders and move them on.
    OrdersChange = "orders.change";
    /// Grant refunds.
    RefundsChange = "refunds.change";
    /// See takings and reports.
    ReportsRead = "reports.read";
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u64);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Permissions(0);

    /// Every permission that there is.
    #[must_use]
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether one is in the set.
    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Permissions(self.0 | (1 << permission as u8))
    }

    /// What is in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Permissions(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Permissions(self.0 & other.0)
    }

    /// Whether everything in it is in the other set too.
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Permissions(self.0 & !other.0)
    }

    /// The set as one number, a bit for each permission.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The set that a number stands for; bits without a permission are left out.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Permissions(bits).and(Self::all())
    }

    /// The set of these names; nothing when one of them names no permission.
    #[must_use]
    pub fn find<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        names.into_iter().map(Permission::find).collect()
    }

    /// What a key of an integrator or a device may hold at most: nothing that gives others rights.
    #[must_use]
    pub fn of_keys() -> Self {
        let giving = [
            Permission::OrganisationChange,
            Permission::MembersChange,
            Permission::RolesChange,
            Permission::KeysChange,
            Permission::DevicesChange,
        ];
        Self::all().without(giving.into_iter().collect())
    }

    /// Those in it, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.has(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Permission::name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_a_bit_and_a_name_of_its_own() {
        let mut names: Vec<_> = Permission::ALL.iter().map(|one| one.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Permission::ALL.len());
        assert!(Permission::ALL.len() <= 64);
        for one in Permission::ALL {
            assert_eq!(Permission::find(one.name()), Some(*one));
            assert_eq!(
                Permissions::NONE.with(*one).iter().collect::<Vec<_>>(),
                [*one]
            );
        }
    }
}
