//! What a person's grants come to: permissions everywhere, by brand, by restaurant, found without looking at roles.

use base::Uid;

use super::{Permission, Permissions, Place, RoleName, Roles};
use crate::organisations::{BrandId, RestaurantId};

/// What one person may do in one organisation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Access {
    /// In the whole organisation.
    everywhere: Permissions,
    /// In brands, by id.
    brands: Vec<(Uid, Permissions)>,
    /// In restaurants, by id.
    restaurants: Vec<(Uid, Permissions)>,
}

/// How far a permission reaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// The whole organisation.
    All,
    /// These brands and restaurants; the list may be empty.
    Only(Vec<Uid>),
}

/// What these grants come to. A role that the organisation does not have gives nothing.
pub fn compile(grants: impl IntoIterator<Item = (RoleName, Place)>, roles: &Roles) -> Access {
    let mut access = Access::default();
    for (role, place) in grants {
        let given = role.permissions(roles).unwrap_or_default();
        access.add(place, given.and(place.room()));
    }
    access
}

impl Access {
    /// These permissions in the whole organisation.
    #[must_use]
    pub fn wide(permissions: Permissions) -> Self {
        Access {
            everywhere: permissions,
            ..Access::default()
        }
    }

    /// These permissions at these restaurants, as far as they mean something in a restaurant, and nothing elsewhere.
    #[must_use]
    pub fn at_restaurants(
        restaurants: impl IntoIterator<Item = RestaurantId>,
        permissions: Permissions,
    ) -> Self {
        let mut access = Access::default();
        for restaurant in restaurants {
            let place = Place::Restaurant(restaurant);
            access.add(place, permissions.and(place.room()));
        }
        access
    }

    /// Whether something may be done in a place. A restaurant comes with the brand that it belongs to, if to any.
    #[must_use]
    pub fn may(&self, permission: Permission, place: &Place, brand: Option<BrandId>) -> bool {
        self.held(place, brand).has(permission)
    }

    /// All that may be done in a place.
    #[must_use]
    pub fn held(&self, place: &Place, brand: Option<BrandId>) -> Permissions {
        let of_brand = |id: &BrandId| find(&self.brands, id.uid());
        match place {
            Place::Organisation(_) => self.everywhere,
            Place::Brand(id) => self.everywhere.or(of_brand(id)),
            Place::Restaurant(id) => self
                .everywhere
                .or(brand.as_ref().map(of_brand).unwrap_or_default())
                .or(find(&self.restaurants, id.uid())),
        }
    }

    /// What may be done in the whole organisation.
    #[must_use]
    pub const fn everywhere(&self) -> Permissions {
        self.everywhere
    }

    /// Whether it may be done somewhere in the organisation.
    #[must_use]
    pub fn anywhere(&self, permission: Permission) -> bool {
        let parts = self.brands.iter().chain(&self.restaurants);
        self.everywhere.has(permission) || parts.into_iter().any(|(_, held)| held.has(permission))
    }

    /// Where it may be done.
    #[must_use]
    pub fn places(&self, permission: Permission) -> Reach {
        if self.everywhere.has(permission) {
            return Reach::All;
        }
        let parts = self.brands.iter().chain(&self.restaurants);
        let there = parts.filter(|(_, held)| held.has(permission));
        Reach::Only(there.map(|(id, _)| *id).collect())
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let parts = self.brands.len().saturating_add(self.restaurants.len());
        size_of::<Self>().saturating_add(parts.saturating_mul(size_of::<(Uid, Permissions)>()))
    }

    fn add(&mut self, place: Place, permissions: Permissions) {
        let parts = match place {
            Place::Organisation(_) => {
                self.everywhere = self.everywhere.or(permissions);
                return;
            }
            Place::Brand(_) => &mut self.brands,
            Place::Restaurant(_) => &mut self.restaurants,
        };
        match parts.binary_search_by_key(&place.uid(), |(id, _)| *id) {
            Ok(at) => {
                if let Some((_, held)) = parts.get_mut(at) {
                    *held = held.or(permissions);
                }
            }
            Err(at) => parts.insert(at, (place.uid(), permissions)),
        }
    }
}

fn find(parts: &[(Uid, Permissions)], id: Uid) -> Permissions {
    let found = parts.binary_search_by_key(&id, |(known, _)| *known);
    let found = found.ok().and_then(|at| parts.get(at));
    found.map(|(_, held)| *held).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::access::{BuiltIn, RoleId};

    fn uid(number: u8) -> Uid {
        Uid::from_bytes([number; 16])
    }

    fn places() -> impl Strategy<Value = Place> {
        (0_i64..3, 1_u8..5).prop_map(|(level, id)| Place::from_parts(level, uid(id)).unwrap())
    }

    fn names() -> impl Strategy<Value = RoleName> {
        let built_in = prop::sample::select(&BuiltIn::ALL[..]).prop_map(RoleName::BuiltIn);
        let own = (10_u8..14).prop_map(|id| RoleName::Own(RoleId::from(uid(id))));
        prop_oneof![built_in, own]
    }

    fn roles() -> impl Strategy<Value = Roles> {
        let one = (10_u8..13, any::<u64>());
        let roles = vec(one, 0..4);
        roles.prop_map(|all| {
            let each = all.into_iter();
            each.map(|(id, bits)| (RoleId::from(uid(id)), Permissions::from_bits(bits)))
                .collect()
        })
    }

    fn grants() -> impl Strategy<Value = Vec<(RoleName, Place)>> {
        vec((names(), places()), 0..8)
    }

    /// What the grants say, one by one, without compiling them.
    fn slowly(
        grants: &[(RoleName, Place)],
        roles: &Roles,
        place: &Place,
        brand: Option<BrandId>,
    ) -> Permissions {
        let reaches = |given: &Place| match given {
            Place::Organisation(_) => true,
            Place::Brand(id) => given == place || brand == Some(*id),
            Place::Restaurant(_) => given == place,
        };
        let all = grants.iter().filter(|(_, given)| reaches(given));
        all.map(|(role, given)| {
            role.permissions(roles)
                .unwrap_or_default()
                .and(given.room())
        })
        .fold(Permissions::NONE, Permissions::or)
    }

    fn brand_for(place: &Place, brand: Option<u8>) -> Option<BrandId> {
        let of_restaurant = matches!(place, Place::Restaurant(_));
        brand.filter(|_| of_restaurant).map(|id| uid(id).into())
    }

    proptest! {
        #[test]
        fn compiled_says_what_the_grants_say(
            grants in grants(), roles in roles(), place in places(), brand in prop::option::of(1_u8..5),
        ) {
            let access = compile(grants.iter().copied(), &roles);
            let place = match place { Place::Organisation(_) => Place::Organisation(uid(1).into()), other => other };
            let brand = brand_for(&place, brand);
            prop_assert_eq!(access.held(&place, brand), slowly(&grants, &roles, &place, brand));
        }

        #[test]
        fn one_more_grant_never_takes_anything_away(
            grants in grants(), more in (names(), places()), roles in roles(), place in places(),
            brand in prop::option::of(1_u8..5),
        ) {
            let brand = brand_for(&place, brand);
            let before = compile(grants.iter().copied(), &roles);
            let after = compile(grants.iter().copied().chain([more]), &roles);
            prop_assert!(before.held(&place, brand).within(after.held(&place, brand)));
        }

        #[test]
        fn giving_and_revoking_leaves_what_was(
            grants in grants(), at in any::<prop::sample::Index>(), more in (names(), places()), roles in roles(),
        ) {
            let before = compile(grants.iter().copied(), &roles);
            let mut all = grants.clone();
            let at = at.index(all.len() + 1);
            all.insert(at, more);
            all.remove(at);
            prop_assert_eq!(compile(all, &roles), before);
            let mut turned = grants;
            turned.reverse();
            prop_assert_eq!(compile(turned.clone(), &roles), { turned.reverse(); compile(turned, &roles) });
        }

        #[test]
        fn places_are_where_it_may_be_done(
            grants in grants(), roles in roles(), permission in prop::sample::select(Permission::ALL),
        ) {
            let access = compile(grants, &roles);
            match access.places(permission) {
                Reach::All => prop_assert!(access.everywhere().has(permission)),
                Reach::Only(places) => {
                    prop_assert_eq!(!places.is_empty(), access.anywhere(permission));
                    for number in 1..5 {
                        let brand = access.may(permission, &Place::Brand(uid(number).into()), None);
                        let restaurant = access.may(permission, &Place::Restaurant(uid(number).into()), None);
                        prop_assert_eq!(places.contains(&uid(number)), brand || restaurant);
                    }
                }
            }
        }
    }

    #[test]
    fn what_concerns_the_whole_cannot_be_had_in_a_part() {
        let place = Place::Restaurant(uid(1).into());
        let access = compile([(RoleName::OWNER, place)], &Roles::new());
        assert!(access.may(Permission::OrdersChange, &place, None));
        for wide in [
            Permission::RolesChange,
            Permission::KeysChange,
            Permission::AuditRead,
        ] {
            assert!(!access.anywhere(wide), "{wide:?}");
        }
        // The same goes for a key that was let into one restaurant.
        let key = Access::at_restaurants([uid(1).into()], Permissions::all());
        assert!(key.may(Permission::OrdersChange, &place, None));
        for wide in [
            Permission::AuditRead,
            Permission::KeysRead,
            Permission::BrandsChange,
        ] {
            assert!(!key.anywhere(wide), "{wide:?}");
        }
    }
}
