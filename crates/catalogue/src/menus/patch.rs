//! Changes of single parts: the fields that are given are taken, all others stay.

use std::collections::BTreeSet;

use base::{Currency, Result};
use carte::{
    Allergen, Category, CategoryId, Diet, ExternalId, Group, GroupId, Item, ItemId, Key, Metadata,
    Part, PartId, PictureId, Sold, Words,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::schema::{AllergenName, DietName, SoldView, WordsView};
use super::typed::{
    TypedCategory, TypedChoice, TypedGroup, TypedHead, TypedItem, TypedParts, TypedPrices,
};

/// A change of a draft. All of it is taken, or nothing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DraftEdit {
    /// The version that was read, 0 where nothing was ever said; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
    /// What holds for the whole menu, anew.
    #[serde(default)]
    pub(crate) head: Option<TypedHead>,
    /// Categories that are new, or replace those of the same id.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) categories: Vec<TypedCategory>,
    /// Groups that are new, or replace those of the same id.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) groups: Vec<TypedGroup>,
    /// Items that are new, or replace those of the same id. In all there are at most 500 parts in a change.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) items: Vec<TypedItem>,
    /// Parts that go.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 500)]
    pub(crate) removes: Vec<PartId>,
}

/// What a change of a draft has made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EditView {
    /// The version that the draft has now.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
    /// The ids of the categories that were put, in the order in which they were sent.
    #[schema(value_type = Vec<String>)]
    pub(crate) categories: Vec<CategoryId>,
    /// The ids of the groups that were put.
    #[schema(value_type = Vec<String>)]
    pub(crate) groups: Vec<GroupId>,
    /// The ids of the items that were put.
    #[schema(value_type = Vec<String>)]
    pub(crate) items: Vec<ItemId>,
}

/// What changes of a category. What is not named stays; `null` takes away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CategoryChange {
    /// The version of the draft that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
    /// What it is called.
    #[schema(value_type = Option<WordsView>)]
    name: Option<Words>,
    /// What is said of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<WordsView>)]
    description: Option<Option<Words>>,
    /// What it shows, in this order.
    #[schema(value_type = Option<Vec<String>>, max_items = 5000)]
    items: Option<Vec<ItemId>>,
    /// The part of the day in which its items are sold.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    daypart: Option<Option<Key>>,
    /// The services and channels in which it is shown.
    #[schema(value_type = Option<SoldView>)]
    sold: Option<Sold>,
    /// What another system calls it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    external_id: Option<Option<ExternalId>>,
    /// What the owner's programs keep with it, all of it.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    metadata: Option<Metadata>,
}

/// What changes of an item. What is not named stays; `null` takes away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ItemChange {
    /// The version of the draft that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
    /// What it is called.
    #[schema(value_type = Option<WordsView>)]
    name: Option<Words>,
    /// What is said of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<WordsView>)]
    description: Option<Option<Words>>,
    /// What it costs.
    price: Option<TypedPrices>,
    /// What can or must be chosen with it, in this order.
    #[schema(value_type = Option<Vec<String>>, max_items = 30)]
    groups: Option<Vec<GroupId>>,
    /// The tax class of it.
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    tax: Option<Key>,
    /// The services and channels in which it is sold.
    #[schema(value_type = Option<SoldView>)]
    sold: Option<Sold>,
    /// What is in it that must be declared in the European Union.
    #[schema(value_type = Option<Vec<AllergenName>>)]
    allergens: Option<BTreeSet<Allergen>>,
    /// Who may eat it.
    #[schema(value_type = Option<Vec<DietName>>)]
    diets: Option<BTreeSet<Diet>>,
    /// How old a buyer must be, in years.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 99)]
    age_min: Option<Option<u8>>,
    /// What it looks like.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    picture: Option<Option<PictureId>>,
    /// How long it takes to make.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>, minimum = 0, maximum = 1440)]
    prep_minutes: Option<Option<u16>>,
    /// Whether it can be ordered by itself.
    alone: Option<bool>,
    /// What another system calls it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    external_id: Option<Option<ExternalId>>,
    /// What the owner's programs keep with it, all of it.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    metadata: Option<Metadata>,
}

/// What changes of a group. What is not named stays; `null` takes away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GroupChange {
    /// The version of the draft that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
    /// What it is called.
    #[schema(value_type = Option<WordsView>)]
    name: Option<Words>,
    /// How many must be chosen, counted with their quantities.
    #[schema(maximum = 1000)]
    min: Option<u16>,
    /// How many may be chosen.
    #[schema(maximum = 1000)]
    max: Option<u16>,
    /// How many of the chosen cost nothing.
    #[schema(maximum = 1000)]
    free: Option<u16>,
    /// What there is to choose from, in this order; all of it.
    #[schema(max_items = 200)]
    choices: Option<Vec<TypedChoice>>,
    /// What another system calls it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    external_id: Option<Option<ExternalId>>,
    /// What the owner's programs keep with it, all of it.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    metadata: Option<Metadata>,
}

/// A field that is there, be it `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    reader: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(reader).map(Some)
}

/// Takes what is given.
fn take<T>(field: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *field = given;
    }
}

/// A change of a part of some kind.
pub(crate) trait Changes: Serialize + Sync {
    /// The version of the draft that was read.
    fn version(&self) -> i64;

    /// The part after it, in a menu with this currency; nothing where the part is of another kind.
    fn changed(&self, part: Part, currency: Currency) -> Result<Option<Part>>;
}

impl Changes for CategoryChange {
    fn version(&self) -> i64 {
        self.version
    }

    fn changed(&self, part: Part, _currency: Currency) -> Result<Option<Part>> {
        let Part::Category(mut category) = part else {
            return Ok(None);
        };
        let Category {
            id: _,
            name,
            description,
            items,
            daypart,
            sold,
            external_id,
            metadata,
        } = &mut category;
        take(name, self.name.clone());
        take(description, self.description.clone());
        take(items, self.items.clone());
        take(daypart, self.daypart.clone());
        take(sold, self.sold.clone());
        take(external_id, self.external_id.clone());
        take(metadata, self.metadata.clone());
        Ok(Some(Part::Category(category)))
    }
}

impl Changes for ItemChange {
    fn version(&self) -> i64 {
        self.version
    }

    fn changed(&self, part: Part, currency: Currency) -> Result<Option<Part>> {
        let Part::Item(mut item) = part else {
            return Ok(None);
        };
        let prices = self.price.as_ref();
        let prices = prices.map(|price| price.prices(currency, "price"));
        let Item {
            id: _,
            name,
            description,
            price,
            groups,
            tax,
            sold,
            allergens,
            diets,
            age_min,
            picture,
            prep_minutes,
            alone,
            external_id,
            metadata,
        } = &mut item;
        take(name, self.name.clone());
        take(description, self.description.clone());
        take(price, prices.transpose()?);
        take(groups, self.groups.clone());
        take(tax, self.tax.clone());
        take(sold, self.sold.clone());
        take(allergens, self.allergens.clone());
        take(diets, self.diets.clone());
        take(age_min, self.age_min);
        take(picture, self.picture);
        take(prep_minutes, self.prep_minutes);
        take(alone, self.alone);
        take(external_id, self.external_id.clone());
        take(metadata, self.metadata.clone());
        Ok(Some(Part::Item(item)))
    }
}

impl Changes for GroupChange {
    fn version(&self) -> i64 {
        self.version
    }

    fn changed(&self, part: Part, currency: Currency) -> Result<Option<Part>> {
        let Part::Group(mut group) = part else {
            return Ok(None);
        };
        let all = self.choices.clone();
        let all = all.map(|choices| TypedChoice::choices(choices, currency));
        let Group {
            id: _,
            name,
            min,
            max,
            free,
            choices,
            external_id,
            metadata,
        } = &mut group;
        take(name, self.name.clone());
        take(min, self.min);
        take(max, self.max);
        take(free, self.free);
        take(choices, all.transpose()?);
        take(external_id, self.external_id.clone());
        take(metadata, self.metadata.clone());
        Ok(Some(Part::Group(group)))
    }
}

impl DraftEdit {
    /// Its parts by their kinds.
    pub(crate) fn typed(&self) -> TypedParts {
        TypedParts {
            head: self.head.clone(),
            categories: self.categories.clone(),
            groups: self.groups.clone(),
            items: self.items.clone(),
        }
    }
}

impl EditView {
    /// What these parts were named.
    pub(crate) fn of(version: i64, parts: &[Part]) -> Self {
        let mut view = EditView {
            version,
            categories: Vec::new(),
            groups: Vec::new(),
            items: Vec::new(),
        };
        for part in parts {
            match part {
                Part::Head(_) => {}
                Part::Category(one) => view.categories.push(one.id),
                Part::Group(one) => view.groups.push(one.id),
                Part::Item(one) => view.items.push(one.id),
            }
        }
        view
    }
}
