//! Who may give what: nobody more than he has, nobody to himself, and never the last owner away.

use base::{Error, codes};

use super::{Access, BuiltIn, Permission, Permissions, Place, RoleName};
use crate::organisations::BrandId;
use crate::people::PersonId;

/// The most grants of one member.
pub const GRANTS_MAX: usize = 100;
/// The most roles of an organisation's own.
pub const ROLES_MAX: i64 = 50;
/// The most invitations that are open at once.
pub const INVITATIONS_MAX: i64 = 100;

/// Who gives or takes: a member with his access, or an operator who acts for the organisation.
#[derive(Clone, Copy, Debug)]
pub enum Giver<'a> {
    /// A member.
    Member(PersonId, &'a Access),
    /// An operator, who may do everything; what he did can be read by the organisation.
    Operator,
}

/// Why rights were not given or taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// He may not change members there at all.
    #[error("the caller may not change who may do what there")]
    Forbidden,
    /// It is more than he has himself.
    #[error("nobody gives or takes what he may not do himself")]
    Beyond,
    /// It is for himself.
    #[error("nobody gives rights to himself")]
    Own,
    /// Owners own the whole.
    #[error("an owner owns the whole organisation: the place must be the organisation")]
    OwnerOfPart,
    /// Nobody would be left who may do everything.
    #[error("the last owner stays: make somebody else an owner first")]
    LastOwner,
    /// It has as many as anybody can need.
    #[error("a member has at most {GRANTS_MAX} grants")]
    TooManyGrants,
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        let said = refusal.to_string();
        match refusal {
            Refusal::Forbidden => Error::forbidden(codes::FORBIDDEN, said),
            Refusal::Beyond | Refusal::Own => Error::forbidden(codes::RIGHTS_EXCEEDED, said),
            Refusal::OwnerOfPart | Refusal::TooManyGrants => {
                Error::invalid(codes::FIELD_INVALID, said)
            }
            Refusal::LastOwner => Error::conflict(codes::LAST_OWNER, said),
        }
    }
}

impl Giver<'_> {
    /// What he may do in a place.
    #[must_use]
    pub fn held(&self, place: &Place, brand: Option<BrandId>) -> Permissions {
        match self {
            Giver::Member(_, access) => access.held(place, brand),
            Giver::Operator => Permissions::all(),
        }
    }
}

/// Decides whether he may give a role, of which the permissions are these, in a place that may belong to a brand.
///
/// # Errors
/// Why not.
pub fn give(
    giver: Giver<'_>,
    to: PersonId,
    (role, permissions): (RoleName, Permissions),
    (place, brand): (Place, Option<BrandId>),
) -> Result<(), Refusal> {
    if matches!(giver, Giver::Member(who, _) if who == to) {
        return Err(Refusal::Own);
    }
    give_into(giver, (role, permissions), (place, brand))
}

/// Decides the same for somebody who is not known yet, because he is only invited.
///
/// # Errors
/// Why not.
pub fn give_into(
    giver: Giver<'_>,
    (role, permissions): (RoleName, Permissions),
    (place, brand): (Place, Option<BrandId>),
) -> Result<(), Refusal> {
    let of_part = !matches!(place, Place::Organisation(_));
    if role == RoleName::BuiltIn(BuiltIn::Owner) && of_part {
        return Err(Refusal::OwnerOfPart);
    }
    revoke(giver, permissions, (place, brand))
}

/// Decides whether he may take a role away that has these permissions in a place: whoever could have given it may.
///
/// # Errors
/// Why not.
pub fn revoke(
    giver: Giver<'_>,
    permissions: Permissions,
    (place, brand): (Place, Option<BrandId>),
) -> Result<(), Refusal> {
    let held = giver.held(&place, brand);
    if !held.has(Permission::MembersChange) {
        return Err(Refusal::Forbidden);
    }
    match permissions.and(place.room()).within(held) {
        true => Ok(()),
        false => Err(Refusal::Beyond),
    }
}

/// Decides whether he may define a role with these permissions: it can be given anywhere, so he must have them
/// everywhere.
///
/// # Errors
/// Why not.
pub fn define_role(giver: Giver<'_>, permissions: Permissions) -> Result<(), Refusal> {
    let everywhere = match giver {
        Giver::Member(_, access) => access.everywhere(),
        Giver::Operator => Permissions::all(),
    };
    if !everywhere.has(Permission::RolesChange) {
        return Err(Refusal::Forbidden);
    }
    match permissions.within(everywhere) {
        true => Ok(()),
        false => Err(Refusal::Beyond),
    }
}

/// Decides whether he may change a role from these permissions to those: he gives what is new to all who have the role,
/// and takes what is gone.
///
/// # Errors
/// Why not.
pub fn change_role(
    giver: Giver<'_>,
    before: Permissions,
    after: Permissions,
) -> Result<(), Refusal> {
    define_role(giver, before.or(after))
}

#[cfg(test)]
mod tests {
    use base::Uid;
    use proptest::prelude::*;

    use super::*;
    use crate::access::{RoleId, Roles, compile};

    fn uid(number: u8) -> Uid {
        Uid::from_bytes([number; 16])
    }

    fn organisation() -> Place {
        Place::Organisation(uid(0).into())
    }

    fn restaurant() -> Place {
        Place::Restaurant(uid(7).into())
    }

    fn access(role: BuiltIn, place: Place) -> Access {
        compile([(RoleName::BuiltIn(role), place)], &Roles::new())
    }

    fn role(role: BuiltIn) -> (RoleName, Permissions) {
        (RoleName::BuiltIn(role), role.permissions())
    }

    #[test]
    fn nobody_gives_more_than_he_has() {
        let (me, you) = (PersonId::from(uid(1)), PersonId::from(uid(2)));
        let manager = access(BuiltIn::Manager, restaurant());
        let giver = Giver::Member(me, &manager);
        let here = (restaurant(), None);
        assert_eq!(give(giver, you, role(BuiltIn::Staff), here), Ok(()));
        assert_eq!(give(giver, you, role(BuiltIn::Manager), here), Ok(()));
        let there = (Place::Restaurant(uid(8).into()), None);
        assert_eq!(
            give(giver, you, role(BuiltIn::Staff), there),
            Err(Refusal::Forbidden)
        );
        let all = (organisation(), None);
        assert_eq!(
            give(giver, you, role(BuiltIn::Staff), all),
            Err(Refusal::Forbidden)
        );
        let wide = access(BuiltIn::Manager, organisation());
        let wide = Giver::Member(me, &wide);
        assert_eq!(
            give(wide, you, role(BuiltIn::Owner), all),
            Err(Refusal::Beyond)
        );
        assert_eq!(revoke(wide, Permissions::all(), all), Err(Refusal::Beyond));
        assert_eq!(give(wide, me, role(BuiltIn::Staff), all), Err(Refusal::Own));
    }

    #[test]
    fn an_owner_owns_the_whole() {
        let owner = access(BuiltIn::Owner, organisation());
        let owner = Giver::Member(uid(1).into(), &owner);
        let you = PersonId::from(uid(2));
        let part = give(owner, you, role(BuiltIn::Owner), (restaurant(), None));
        assert_eq!(part, Err(Refusal::OwnerOfPart));
        let whole = give(owner, you, role(BuiltIn::Owner), (organisation(), None));
        assert_eq!(whole, Ok(()));
    }

    proptest! {
        /// Whoever may give a role gives nobody a right that he did not have in that place.
        #[test]
        fn what_is_given_was_had(
            mine in any::<u64>(), given in any::<u64>(), level in 0_i64..3, at in 0_i64..3, brand in prop::option::of(3_u8..5),
        ) {
            let own = RoleId::from(uid(9));
            let roles = Roles::from([(own, Permissions::from_bits(mine))]);
            let there = Place::from_parts(level, uid(3)).unwrap();
            let access = compile([(RoleName::Own(own), there)], &roles);
            let place = Place::from_parts(at, uid(3)).unwrap();
            let brand = brand.filter(|_| at == 2).map(|id| BrandId::from(uid(id)));
            let giver = Giver::Member(uid(1).into(), &access);
            let permissions = Permissions::from_bits(given);
            let new = RoleName::Own(uid(10).into());
            if give(giver, uid(2).into(), (new, permissions), (place, brand)).is_ok() {
                let roles = Roles::from([(uid(10).into(), permissions)]);
                let theirs = compile([(new, place)], &roles);
                prop_assert!(theirs.held(&place, brand).within(access.held(&place, brand)));
            }
            if define_role(giver, permissions).is_ok() {
                prop_assert!(permissions.within(access.everywhere()));
            }
        }
    }
}
