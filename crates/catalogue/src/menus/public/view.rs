//! The form of the answers, for the document. What is sent is compiled elsewhere, from the types of the domain; a test
//! holds the one against the other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A menu, or what has changed since one that was read before.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicMenu)]
pub(super) struct MenuView {
    /// What this is, to be sent back as `since`.
    #[schema(max_length = 64)]
    mark: String,
    /// The number of the revision.
    #[schema(minimum = 1)]
    revision: i64,
    /// The service that it is for.
    service: ServiceView,
    /// Whether it is a whole menu. If not, `changes` say how to make it from the menu `since`.
    whole: bool,
    /// The language that it is in.
    language: String,
    /// The revision that the changes begin at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// What has changed since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changes: Option<ChangesView>,
    /// What prices are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// Whether taxes are in the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taxes_included: Option<TaxesView>,
    /// Parts of the day that prices and categories are limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dayparts: Option<Vec<DaypartView>>,
    /// The categories, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<CategoryView>>,
    /// Items of these and of all choices, in the order of their ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<Vec<ItemView>>,
    /// Groups of choices, in the order of their ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupView>>,
}

/// How what is ordered reaches the diner.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PublicService)]
pub(super) enum ServiceView {
    /// It is brought.
    #[default]
    Delivery,
    /// It is fetched.
    Pickup,
    /// It is eaten there.
    DineIn,
}

/// Whether taxes are in the prices or come on top.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PublicTaxes)]
pub(super) enum TaxesView {
    /// In the prices.
    Included,
    /// On top of them.
    Added,
}

/// The way from an old menu to a new one: take away what is removed, put what is here, sort items and groups by their
/// ids and the categories by `order` if it is there; new categories stand at the end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicMenuChanges)]
pub(super) struct ChangesView {
    /// What holds for all of it, if that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<HeadView>,
    /// All categories in their new order, if it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<Vec<String>>,
    /// Ids of categories, items and groups that are gone.
    removed: Vec<String>,
    /// Categories that are new or different.
    categories: Vec<CategoryView>,
    /// Items that are new or different.
    items: Vec<ItemView>,
    /// Groups that are new or different.
    groups: Vec<GroupView>,
}

/// What holds for a whole menu.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicMenuHead)]
pub(super) struct HeadView {
    /// What prices are in.
    currency: String,
    /// The language that it is in.
    language: String,
    /// Whether taxes are in the prices.
    taxes_included: TaxesView,
    /// Parts of the day that prices and categories are limited to.
    dayparts: Vec<DaypartView>,
}

/// A part of the day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicDaypart)]
pub(super) struct DaypartView {
    /// What prices and categories call it by.
    key: String,
    /// What it is called.
    name: String,
    /// The business days on which it is.
    days: Vec<String>,
    /// When it begins.
    from: String,
    /// When it ends, perhaps on the next day.
    to: String,
}

/// A category.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicCategory)]
pub(super) struct CategoryView {
    /// Which one it is.
    id: String,
    /// What it is called.
    name: String,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The part of the day in which its items are sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    daypart: Option<String>,
    /// What it shows, in order.
    items: Vec<String>,
}

/// An item, which may also be a choice.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicItem)]
pub(super) struct ItemView {
    /// Which one it is.
    id: String,
    /// What it is called.
    name: String,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The amount, where no other holds.
    #[schema(examples("25.49"))]
    price: String,
    /// Amounts in parts of the day; the first whose part of the day is on holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prices: Vec<PriceView>,
    /// What can or must be chosen with it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// What is in it that must be declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allergens: Vec<String>,
    /// Who may eat it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    diets: Vec<String>,
    /// How old a buyer must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age_min: Option<u8>,
    /// What it looks like; `/api/pictures/{picture}/{size}` shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    /// How long it takes to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prep_minutes: Option<u16>,
}

/// An amount in a part of the day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicPrice)]
pub(super) struct PriceView {
    /// The part of the day.
    daypart: String,
    /// The amount.
    #[schema(examples("9.90"))]
    price: String,
}

/// Choices that go together.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicGroup)]
pub(super) struct GroupView {
    /// Which one it is.
    id: String,
    /// What it is called.
    name: String,
    /// How many must be chosen.
    min: u16,
    /// How many may be chosen.
    max: u16,
    /// How many of the chosen cost nothing.
    free: u16,
    /// What there is to choose from, in order.
    choices: Vec<ChoiceView>,
}

/// An item that a group offers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicChoice)]
pub(super) struct ChoiceView {
    /// The item.
    item: String,
    /// What it costs as this choice.
    price: String,
    /// Amounts in parts of the day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prices: Vec<PriceView>,
    /// How many of it may be chosen.
    max: u16,
    /// How many of it are chosen where nothing is chosen in the group.
    preset: u16,
}

/// The categories of a menu.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicCategories)]
pub(super) struct CategoriesView {
    /// What this is.
    #[schema(max_length = 64)]
    mark: String,
    /// The number of the revision.
    #[schema(minimum = 1)]
    revision: i64,
    /// The service that it is for.
    service: ServiceView,
    /// The language that it is in.
    language: String,
    /// The categories, in order.
    categories: Vec<CategoryView>,
}

/// What has run out, or is counted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicAvailability)]
pub(super) struct AvailabilityView {
    /// How often it has changed; answers of the menu name it in `x-availability`.
    #[schema(minimum = 0)]
    version: i64,
    /// The items of which something is to be said; all others are sold.
    items: Vec<AvailabilityItemView>,
}

/// That an item has run out, or how many are left.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublicAvailabilityItem)]
pub(super) struct AvailabilityItemView {
    /// The item.
    item: String,
    /// When this ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    until: Option<String>,
    /// How many can still be sold; 0 means that it has run out.
    #[schema(minimum = 0)]
    left: u32,
}
