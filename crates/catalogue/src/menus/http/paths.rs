//! The parameters of paths: whose menu, and what of it.

use carte::{CategoryId, GroupId, ItemId, PartId, RevisionNumber};
use domain::organisations::{BrandId, RestaurantId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::menus::place::Place;

/// A path that names a place.
pub(super) trait OfPlace: DeserializeOwned + Send + 'static {
    /// Whose menu it is about.
    fn place(&self) -> Place;
}

/// A path that names a part of a place's menu.
pub(super) trait OfPart: OfPlace {
    /// Which part.
    fn part(&self) -> PartId;
}

/// A path that names a revision of a place's menu.
pub(super) trait OfRevision: OfPlace {
    /// Which revision.
    fn revision(&self) -> RevisionNumber;
}

macro_rules! of_place {
    ($($name:ident { $field:ident: $id:ty, $pattern:literal, $about:literal })+) => {$(
        #[derive(Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub(super) struct $name {
            #[doc = $about]
            #[param(value_type = String, pattern = $pattern)]
            $field: $id,
        }

        impl OfPlace for $name {
            fn place(&self) -> Place {
                self.$field.into()
            }
        }
    )+};
}

of_place! {
    OfBrand { brand: BrandId, "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which brand." }
    OfRestaurant { restaurant: RestaurantId, "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which restaurant." }
}

macro_rules! of_part {
    ($($name:ident {
        $field:ident: $id:ty, $pattern:literal, $about:literal,
        $part:ident: $part_id:ty, $part_pattern:literal, $part_about:literal, $kind:ident
    })+) => {$(
        #[derive(Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub(super) struct $name {
            #[doc = $about]
            #[param(value_type = String, pattern = $pattern)]
            $field: $id,
            #[doc = $part_about]
            #[param(value_type = String, pattern = $part_pattern)]
            $part: $part_id,
        }

        impl OfPlace for $name {
            fn place(&self) -> Place {
                self.$field.into()
            }
        }

        impl OfPart for $name {
            fn part(&self) -> PartId {
                PartId::$kind(self.$part)
            }
        }
    )+};
}

of_part! {
    CategoryOfBrand {
        brand: BrandId, "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which brand.",
        category: CategoryId, "^cat_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which category.", Category
    }
    ItemOfBrand {
        brand: BrandId, "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which brand.",
        item: ItemId, "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which item.", Item
    }
    GroupOfBrand {
        brand: BrandId, "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which brand.",
        group: GroupId, "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which group.", Group
    }
    CategoryOfRestaurant {
        restaurant: RestaurantId, "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which restaurant.",
        category: CategoryId, "^cat_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which category.", Category
    }
    ItemOfRestaurant {
        restaurant: RestaurantId, "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which restaurant.",
        item: ItemId, "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which item.", Item
    }
    GroupOfRestaurant {
        restaurant: RestaurantId, "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which restaurant.",
        group: GroupId, "^grp_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which group.", Group
    }
}

macro_rules! of_revision {
    ($($name:ident { $field:ident: $id:ty, $pattern:literal, $about:literal })+) => {$(
        #[derive(Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub(super) struct $name {
            #[doc = $about]
            #[param(value_type = String, pattern = $pattern)]
            $field: $id,
            /// The number of the revision.
            #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
            revision: RevisionNumber,
        }

        impl OfPlace for $name {
            fn place(&self) -> Place {
                self.$field.into()
            }
        }

        impl OfRevision for $name {
            fn revision(&self) -> RevisionNumber {
                self.revision
            }
        }
    )+};
}

of_revision! {
    RevisionOfBrand { brand: BrandId, "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which brand." }
    RevisionOfRestaurant { restaurant: RestaurantId, "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$", "Which restaurant." }
}
