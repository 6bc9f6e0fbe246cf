//! A menu as the public reads it: in one language, for one service and channel, without what is not sold so.
//!
//! It borrows from the menu and is written as JSON at once. Prices are decimal texts in the currency of the menu.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use base::{Currency, Money};
use serde::Serialize;

use super::{
    Allergen, Category, CategoryId, Channel, Choice, Context, DEPTH_MAX, Daypart, Diet, Group,
    GroupId, Item, ItemId, Key, Language, Menu, PictureId, Prices, Service, TaxesIncluded,
    TimeOfDay, Weekday,
};

/// For whom a menu is shown.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// How it reaches him.
    pub service: Service,
    /// Where he orders.
    pub channel: &'a Channel,
    /// The language that he reads; none means the menu's own.
    pub language: Option<&'a Language>,
}

/// A menu as the public reads it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownMenu<'a> {
    /// What holds for all of it.
    #[serde(flatten)]
    pub head: ShownHead<'a>,
    /// The categories, in order.
    pub categories: Vec<ShownCategory<'a>>,
    /// The items of these and of all choices, in the order of their ids.
    pub items: Vec<ShownItem<'a>>,
    /// The groups, in the order of their ids.
    pub groups: Vec<ShownGroup<'a>>,
}

/// What holds for a whole menu.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownHead<'a> {
    /// What prices are in.
    pub currency: Currency,
    /// The language that was asked for, or the menu's own.
    pub language: &'a Language,
    /// Whether taxes are in the prices or come on top.
    pub taxes_included: TaxesIncluded,
    /// Parts of the day that prices and categories are limited to.
    pub dayparts: Vec<ShownDaypart<'a>>,
}

/// A part of the day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownDaypart<'a> {
    /// What prices and categories call it by.
    pub key: &'a Key,
    /// What it is called.
    pub name: &'a str,
    /// The business days on which it is.
    pub days: &'a BTreeSet<Weekday>,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends, perhaps on the next day.
    pub to: TimeOfDay,
}

/// A category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownCategory<'a> {
    /// Which one it is.
    pub id: CategoryId,
    /// What it is called.
    pub name: &'a str,
    /// What is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// The part of the day in which its items are sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daypart: Option<&'a Key>,
    /// What it shows, in order.
    pub items: Vec<ItemId>,
}

/// An item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownItem<'a> {
    /// Which one it is.
    pub id: ItemId,
    /// What it is called.
    pub name: &'a str,
    /// What is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// What it costs.
    #[serde(flatten)]
    pub price: ShownPrices<'a>,
    /// What can or must be chosen with it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// What is in it that must be declared.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub allergens: &'a BTreeSet<Allergen>,
    /// Who may eat it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub diets: &'a BTreeSet<Diet>,
    /// How old a buyer must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_min: Option<u8>,
    /// What it looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureId>,
    /// How long it takes to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prep_minutes: Option<u16>,
}

/// What something costs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownPrices<'a> {
    /// The amount, where none of the following holds.
    pub price: String,
    /// Amounts in parts of the day; the first whose part of the day is on holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<ShownPrice<'a>>,
}

/// An amount in a part of the day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownPrice<'a> {
    /// The part of the day.
    pub daypart: &'a Key,
    /// The amount.
    pub price: String,
}

/// Choices that go together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownGroup<'a> {
    /// Which one it is.
    pub id: GroupId,
    /// What it is called.
    pub name: &'a str,
    /// How many must be chosen.
    pub min: u16,
    /// How many may be chosen.
    pub max: u16,
    /// How many of the chosen cost nothing.
    pub free: u16,
    /// What there is to choose from, in order.
    pub choices: Vec<ShownChoice<'a>>,
}

/// An item that a group offers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownChoice<'a> {
    /// The item.
    pub item: ItemId,
    /// What it costs as this choice.
    #[serde(flatten)]
    pub price: ShownPrices<'a>,
    /// How many of it may be chosen.
    pub max: u16,
    /// How many of it are chosen where nothing is chosen in the group.
    pub preset: u16,
}

/// Shows a menu: the categories that are sold so, and all that can be reached from them. What cannot be ordered so,
/// because a choice that it needs is not sold, is not shown either.
#[must_use]
pub fn shown<'a>(menu: &'a Menu, view: &View<'a>) -> ShownMenu<'a> {
    let shop = Shop::of(menu, *view);
    let categories: Vec<_> = menu
        .categories
        .iter()
        .filter(|category| category.sold.is_for(view.service, view.channel))
        .map(|category| shop.category(category))
        .filter(|category| !category.items.is_empty())
        .collect();
    let (items, groups) = shop.reached(&categories);
    let dayparts = menu.dayparts.iter().map(|one| shop.daypart(one));
    let head = ShownHead {
        currency: menu.currency,
        language: view.language.unwrap_or(&menu.language),
        taxes_included: menu.taxes_included,
        dayparts: dayparts.collect(),
    };
    let items = menu.items.iter().filter(|item| items.contains(&item.id));
    let shown_groups = menu.groups.iter();
    let shown_groups = shown_groups.filter(|group| groups.contains(&group.id));
    ShownMenu {
        head,
        categories,
        items: items.map(|item| shop.item(item)).collect(),
        groups: shown_groups.map(|group| shop.group(group)).collect(),
    }
}

/// The groups in which not as much can be chosen of these items as must be.
fn unmet(menu: &Menu, items: &HashMap<ItemId, &Item>) -> HashSet<GroupId> {
    let is_unmet = |group: &&Group| {
        let offered = group.choices.iter();
        let offered = offered.filter(|choice| items.contains_key(&choice.item));
        let most = offered.map(|choice| u64::from(choice.max));
        most.fold(0, u64::saturating_add) < u64::from(group.min)
    };
    let groups = menu.groups.iter().filter(|group| group.min > 0);
    groups.filter(is_unmet).map(|group| group.id).collect()
}

/// What is sold in a view, found by id.
struct Shop<'a> {
    view: View<'a>,
    currency: Currency,
    items: HashMap<ItemId, &'a Item>,
    groups: HashMap<GroupId, &'a Group>,
}

impl<'a> Shop<'a> {
    fn of(menu: &'a Menu, view: View<'a>) -> Self {
        let is_sold = |item: &&Item| item.sold.is_for(view.service, view.channel);
        let items = menu.items.iter().filter(is_sold);
        let mut items: HashMap<_, _> = items.map(|item| (item.id, item)).collect();
        // What lacks a choice that it needs is no choice for others either; more rounds than levels change nothing.
        for _ in 0..=DEPTH_MAX {
            let before = items.len();
            let unmet = unmet(menu, &items);
            items.retain(|_, item| !item.groups.iter().any(|id| unmet.contains(id)));
            if items.len() == before {
                break;
            }
        }
        let has_choice = |group: &&Group| {
            let mut choices = group.choices.iter();
            choices.any(|choice| items.contains_key(&choice.item))
        };
        let groups = menu.groups.iter().filter(has_choice);
        let groups = groups.map(|group| (group.id, group)).collect();
        Self {
            view,
            currency: menu.currency,
            items,
            groups,
        }
    }

    /// The items of categories, their groups, the choices of these, and so on.
    fn reached(&self, categories: &[ShownCategory<'a>]) -> (HashSet<ItemId>, HashSet<GroupId>) {
        let (mut items, mut groups) = (HashSet::new(), HashSet::new());
        let roots = categories.iter().flat_map(|category| &category.items);
        let mut waiting: Vec<ItemId> = roots.copied().collect();
        while let Some(id) = waiting.pop() {
            let Some(item) = self.items.get(&id).filter(|_| items.insert(id)) else {
                continue;
            };
            for id in &item.groups {
                let Some(group) = self.groups.get(id).filter(|_| groups.insert(*id)) else {
                    continue;
                };
                let choices = group.choices.iter().map(|choice| choice.item);
                waiting.extend(choices.filter(|id| !items.contains(id)));
            }
        }
        (items, groups)
    }

    fn daypart(&self, daypart: &'a Daypart) -> ShownDaypart<'a> {
        ShownDaypart {
            key: &daypart.key,
            name: daypart.name.in_language(self.view.language),
            days: &daypart.days,
            from: daypart.from,
            to: daypart.to,
        }
    }

    fn category(&self, category: &'a Category) -> ShownCategory<'a> {
        let items = category.items.iter().copied();
        let is_sold = |id: &ItemId| self.items.get(id).is_some_and(|item| item.alone);
        let description = category.description.as_ref();
        ShownCategory {
            id: category.id,
            name: category.name.in_language(self.view.language),
            description: description.map(|words| words.in_language(self.view.language)),
            daypart: category.daypart.as_ref(),
            items: items.filter(is_sold).collect(),
        }
    }

    fn item(&self, item: &'a Item) -> ShownItem<'a> {
        let groups = item.groups.iter().copied();
        let description = item.description.as_ref();
        ShownItem {
            id: item.id,
            name: item.name.in_language(self.view.language),
            description: description.map(|words| words.in_language(self.view.language)),
            price: self.prices(&item.price),
            groups: groups.filter(|id| self.groups.contains_key(id)).collect(),
            allergens: &item.allergens,
            diets: &item.diets,
            age_min: item.age_min,
            picture: item.picture,
            prep_minutes: item.prep_minutes,
        }
    }

    fn group(&self, group: &'a Group) -> ShownGroup<'a> {
        let choices = group.choices.iter();
        ShownGroup {
            id: group.id,
            name: group.name.in_language(self.view.language),
            min: group.min,
            max: group.max,
            free: group.free,
            choices: choices.filter_map(|choice| self.choice(choice)).collect(),
        }
    }

    fn choice(&self, choice: &'a Choice) -> Option<ShownChoice<'a>> {
        let item = self.items.get(&choice.item)?;
        Some(ShownChoice {
            item: choice.item,
            price: self.prices(choice.prices.as_ref().unwrap_or(&item.price)),
            max: choice.max,
            preset: choice.preset,
        })
    }

    /// The price outside all parts of the day, and those within, the one that wins over the others first.
    fn prices(&self, prices: &'a Prices) -> ShownPrices<'a> {
        let context = Context {
            service: self.view.service,
            channel: self.view.channel,
            dayparts: &[],
        };
        let amount = |minor| Money::new(minor, self.currency).amount();
        let mut within = Vec::new();
        if prices.rules.iter().any(|rule| rule.daypart.is_some()) {
            let ranked = prices.ranked(&context);
            let mut seen = BTreeMap::new();
            for rule in ranked {
                // What comes after the price that holds all day never wins.
                let Some(daypart) = &rule.daypart else { break };
                if seen.insert(daypart, ()).is_none() {
                    let price = amount(rule.minor);
                    within.push(ShownPrice { daypart, price });
                }
            }
        }
        ShownPrices {
            price: amount(prices.at(&context)),
            prices: within,
        }
    }
}
