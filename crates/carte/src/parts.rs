//! What menus are made of, and how a draft is changed: part by part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use base::{Currency, Uid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Allergen, CategoryId, Channel, Context, Daypart, Diet, ExternalId, GroupId, ItemId, Key,
    Language, Metadata, PictureId, Service, Sold, TaxClass, TaxesIncluded, Words,
};

/// What something costs: an amount, and other amounts in narrower cases.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prices {
    /// The amount where no rule says another, in the smallest units of the menu's currency.
    pub minor: i64,
    /// Other amounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<PriceRule>,
}

/// An amount for a service, a channel, a part of the day, or what of these is named together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceRule {
    /// The service that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The channel that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The part of the day that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daypart: Option<Key>,
    /// The amount.
    pub minor: i64,
}

impl Prices {
    /// One price in all cases.
    #[must_use]
    pub const fn flat(minor: i64) -> Self {
        Self {
            minor,
            rules: Vec::new(),
        }
    }

    /// The price in a case: that of the rule which names most of it, and of the first among equals.
    #[must_use]
    pub fn at(&self, context: &Context<'_>) -> i64 {
        let fitting = self.rules.iter().filter(|rule| rule.fits(context));
        let narrowest = fitting.reduce(|best, rule| match rule.named() > best.named() {
            true => rule,
            false => best,
        });
        narrowest.map_or(self.minor, |rule| rule.minor)
    }

    /// The rules for a service and a channel, whatever the time of the day; those that win come first.
    pub(super) fn ranked(&self, context: &Context<'_>) -> Vec<&PriceRule> {
        let fitting = self.rules.iter().filter(|rule| rule.fits_place(context));
        let mut ranked: Vec<&PriceRule> = fitting.collect();
        ranked.sort_by_key(|rule| std::cmp::Reverse(rule.named()));
        ranked
    }
}

impl PriceRule {
    fn fits(&self, context: &Context<'_>) -> bool {
        let is_on = |key| context.dayparts.contains(&key);
        self.fits_place(context) && self.daypart.as_ref().is_none_or(is_on)
    }

    fn fits_place(&self, context: &Context<'_>) -> bool {
        let is_service = |service| service == context.service;
        let is_channel = |channel: &Channel| channel == context.channel;
        self.service.is_none_or(is_service) && self.channel.as_ref().is_none_or(is_channel)
    }

    /// How many of service, channel and part of the day it names.
    pub(super) fn named(&self) -> u8 {
        u8::from(self.service.is_some())
            .saturating_add(u8::from(self.channel.is_some()))
            .saturating_add(u8::from(self.daypart.is_some()))
    }
}

/// What holds for a whole menu.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Head {
    /// What prices are in.
    pub currency: Currency,
    /// The language of the main texts.
    pub language: Language,
    /// Whether taxes are in the prices or come on top.
    pub taxes_included: TaxesIncluded,
    /// Parts of the day that prices and categories may be limited to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dayparts: Vec<Daypart>,
    /// What rates apply to what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<TaxClass>,
    /// The order in which categories are shown; those that are not named follow, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<CategoryId>,
}

/// Items that are shown together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Category {
    /// Which one it is.
    pub id: CategoryId,
    /// What it is called.
    pub name: Words,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Words>,
    /// What it shows, in this order.
    #[serde(default)]
    pub items: Vec<ItemId>,
    /// The part of the day in which its items are sold; none means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daypart: Option<Key>,
    /// The services and channels in which it is shown.
    #[serde(default, skip_serializing_if = "Sold::is_everywhere")]
    pub sold: Sold,
    /// What another system calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// What the owner's programs keep with it.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// Something that can be ordered, by itself or as a choice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// Which one it is.
    pub id: ItemId,
    /// What it is called.
    pub name: Words,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Words>,
    /// What it costs.
    pub price: Prices,
    /// What can or must be chosen with it, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// The tax class of it.
    pub tax: Key,
    /// The services and channels in which it is sold.
    #[serde(default, skip_serializing_if = "Sold::is_everywhere")]
    pub sold: Sold,
    /// What is in it that must be declared.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allergens: BTreeSet<Allergen>,
    /// Who may eat it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub diets: BTreeSet<Diet>,
    /// How old a buyer must be, in years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_min: Option<u8>,
    /// What it looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureId>,
    /// How long it takes to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prep_minutes: Option<u16>,
    /// Whether it can be ordered by itself; what cannot is a choice only.
    #[serde(default = "yes")]
    pub alone: bool,
    /// What another system calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// What the owner's programs keep with it.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

const fn yes() -> bool {
    true
}

/// Choices that go together: a size, toppings, the drink of a combo.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// Which one it is.
    pub id: GroupId,
    /// What it is called.
    pub name: Words,
    /// How many must be chosen, counted with their quantities.
    pub min: u16,
    /// How many may be chosen.
    pub max: u16,
    /// How many of the chosen cost nothing; the cheapest of them do.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub free: u16,
    /// What there is to choose from, in this order.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// What another system calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// What the owner's programs keep with it.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// An item that a group offers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// The item.
    pub item: ItemId,
    /// What it costs as this choice; none means what the item costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
    /// How many of it may be chosen.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub max: u16,
    /// How many of it are chosen where the diner chooses nothing in the group.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub preset: u16,
}

const fn one() -> u16 {
    1
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_one(number: &u16) -> bool {
    *number == 1
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// What of its brand's menu a restaurant sells differently: choice and price only.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Location {
    /// What it does not sell.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hidden: BTreeSet<PartId>,
    /// What items cost there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<ItemId, Prices>,
    /// What items cost there as choices of a group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choice_prices: BTreeMap<GroupId, BTreeMap<ItemId, Prices>>,
}

/// A part of a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// What holds for all of it; there is one.
    Head(Head),
    /// A category.
    Category(Category),
    /// An item.
    Item(Item),
    /// A group.
    Group(Group),
}

impl Part {
    /// The name of its kind, as `kind` says it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Part::Head(_) => "head",
            Part::Category(_) => "category",
            Part::Item(_) => "item",
            Part::Group(_) => "group",
        }
    }

    /// Which one it is; the head has no id.
    #[must_use]
    pub const fn id(&self) -> Option<PartId> {
        match self {
            Part::Head(_) => None,
            Part::Category(category) => Some(PartId::Category(category.id)),
            Part::Item(item) => Some(PartId::Item(item.id)),
            Part::Group(group) => Some(PartId::Group(group.id)),
        }
    }

    /// What another system calls it.
    #[must_use]
    pub const fn external_id(&self) -> Option<&ExternalId> {
        match self {
            Part::Head(_) => None,
            Part::Category(category) => category.external_id.as_ref(),
            Part::Item(item) => item.external_id.as_ref(),
            Part::Group(group) => group.external_id.as_ref(),
        }
    }
}

/// The id of a part, written as the typed id that it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PartId {
    /// A category.
    Category(CategoryId),
    /// An item.
    Item(ItemId),
    /// A group.
    Group(GroupId),
}

/// A text that names no part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a part of a menu is named by the id of a category, an item or a group")]
pub struct PartIdError;

impl PartId {
    /// The id without its type.
    #[must_use]
    pub const fn uid(&self) -> Uid {
        match self {
            PartId::Category(id) => id.uid(),
            PartId::Item(id) => id.uid(),
            PartId::Group(id) => id.uid(),
        }
    }

    /// The name of the kind of part.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            PartId::Category(_) => "category",
            PartId::Item(_) => "item",
            PartId::Group(_) => "group",
        }
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartId::Category(id) => id.fmt(f),
            PartId::Item(id) => id.fmt(f),
            PartId::Group(id) => id.fmt(f),
        }
    }
}

impl FromStr for PartId {
    type Err = PartIdError;

    fn from_str(text: &str) -> Result<Self, PartIdError> {
        let item = text.parse().map(PartId::Item);
        item.or_else(|_| text.parse().map(PartId::Group))
            .or_else(|_| text.parse().map(PartId::Category))
            .map_err(|_| PartIdError)
    }
}

impl Serialize for PartId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base::text::deserialize(deserializer)
    }
}

/// A change of a draft: parts that are put, whole, and parts that go. The event `menu.changed` carries it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// Parts that are new, or replace those of the same id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub puts: Vec<Part>,
    /// Parts that go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removes: Vec<PartId>,
}

pub(super) fn items_in_order<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<Item>, D::Error> {
    let mut items = Vec::<Item>::deserialize(reader)?;
    items.sort_by_key(|item| item.id);
    Ok(items)
}

pub(super) fn groups_in_order<'de, D: Deserializer<'de>>(
    reader: D,
) -> Result<Vec<Group>, D::Error> {
    let mut groups = Vec::<Group>::deserialize(reader)?;
    groups.sort_by_key(|group| group.id);
    Ok(groups)
}
