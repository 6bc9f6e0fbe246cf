//! A menu written as a table, some lines at a time, so that no one holds all of it as text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::{Money, Uid};

use super::columns::{Column, Kind, shown_case};
use super::line::{LIST, shown_rate};
use super::loose::{Case, case_of};
use super::read_csv::NEVER;
use super::table::{CELLS_MAX, write_row};
use crate::{
    Category, CategoryId, Choice, Daypart, ExternalId, Group, GroupId, Item, ItemId, Language,
    Menu, Metadata, PartId, Prices, Service, Sold, TaxClass, Words,
};

/// How many lines are written at once.
const LINES_AT_ONCE: usize = 500;
/// How many cases of prices get columns of their own; others stand in the column `prices`.
const CASES_MAX: usize = 24;
/// Columns that are there only if something stands in them.
const IF_USED: [&str; 8] = [
    "prices", "services", "channels", "age", "minutes", "picture", "alone", "metadata",
];

/// A table cannot hold a menu in so many languages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the menu is in more languages than a table has columns; JSON holds it")]
pub struct TooWide;

/// A menu as a table.
#[derive(Debug)]
pub struct Sheet {
    menu: Arc<Menu>,
    columns: Vec<Column>,
    lines: Vec<Thing>,
    refs: Refs,
    next: usize,
    is_begun: bool,
}

/// What stands in a line, by its numbers in the menu.
#[derive(Clone, Copy, Debug)]
enum Thing {
    Head,
    Daypart(usize),
    Tax(usize),
    Category(usize),
    /// An item, and the category below which it stands.
    Item(usize, Option<usize>),
    /// An item of this id in one more category.
    Again(ItemId, usize),
    Group(usize),
    Choice(usize, usize),
}

/// What things are called by in a table: by their key where it leads to nothing else.
#[derive(Debug, Default)]
struct Refs {
    keys: BTreeMap<Uid, String>,
}

impl Sheet {
    /// Gets a menu ready to be written.
    ///
    /// # Errors
    /// It is in too many languages.
    pub fn new(menu: Arc<Menu>) -> Result<Self, TooWide> {
        let (columns, lines, refs) = (columns(&menu), lines(&menu), Refs::of(&menu));
        if columns.len() > CELLS_MAX {
            return Err(TooWide);
        }
        Ok(Sheet {
            menu,
            columns,
            lines,
            refs,
            next: 0,
            is_begun: false,
        })
    }

    fn row(&self, thing: Thing, out: &mut String) {
        let cells = self.columns.iter().map(|column| self.cell(thing, column));
        let cells: Vec<String> = cells.map(Option::unwrap_or_default).collect();
        write_row(out, cells.iter().map(String::as_str));
    }

    fn cell(&self, thing: Thing, column: &Column) -> Option<String> {
        let menu = &*self.menu;
        if *column == Column::Plain("kind") {
            return Some(thing.kind().name().to_owned());
        }
        match thing {
            Thing::Head => match column {
                Column::Plain("currency") => Some(menu.currency.code().to_owned()),
                Column::Plain("language") => Some(menu.language.to_string()),
                Column::Plain("taxes") => Some(menu.taxes_included.name().to_owned()),
                _ => None,
            },
            Thing::Daypart(number) => of_daypart(menu.dayparts.get(number)?, column),
            Thing::Tax(number) => of_tax(menu.taxes.get(number)?, column),
            Thing::Category(number) => of_category(menu.categories.get(number)?, column),
            Thing::Item(number, below) => match column {
                Column::Plain("category") => self.category(below?),
                _ => self.of_item(menu.items.get(number)?, column),
            },
            Thing::Again(item, category) => match column {
                Column::Plain("category") => self.category(category),
                Column::Plain("item") => Some(self.refs.item(item)),
                _ => None,
            },
            Thing::Group(number) => of_group(menu.groups.get(number)?, column),
            Thing::Choice(group, number) => {
                let group = menu.groups.get(group)?;
                self.of_choice(group, group.choices.get(number)?, column)
            }
        }
    }

    fn category(&self, number: usize) -> Option<String> {
        let category = self.menu.categories.get(number)?;
        Some(self.refs.name(category.id.uid(), category.id.to_string()))
    }

    fn of_item(&self, item: &Item, column: &Column) -> Option<String> {
        let named = (item.id.to_string(), &item.name, &item.external_id);
        let by_name = named_cell(named, item.description.as_ref(), column);
        by_name
            .or_else(|| self.price(&item.price, column))
            .or_else(|| match column {
                Column::Plain("tax") => Some(item.tax.to_string()),
                Column::Plain("groups") => {
                    let groups = item.groups.iter();
                    Some(joined(
                        groups.map(|id| self.refs.name(id.uid(), id.to_string())),
                    ))
                }
                Column::Plain("allergens") => {
                    Some(joined(item.allergens.iter().map(|one| one.name())))
                }
                Column::Plain("diets") => Some(joined(item.diets.iter().map(|one| one.name()))),
                Column::Plain("age") => item.age_min.map(|age| age.to_string()),
                Column::Plain("minutes") => item.prep_minutes.map(|minutes| minutes.to_string()),
                Column::Plain("picture") => item.picture.map(|id| id.to_string()),
                Column::Plain("alone") => (!item.alone).then(|| "no".to_owned()),
                Column::Plain("metadata") => metadata(&item.metadata),
                _ => of_sold(&item.sold, column),
            })
    }

    fn of_choice(&self, group: &Group, choice: &Choice, column: &Column) -> Option<String> {
        let prices = choice.prices.as_ref();
        prices
            .and_then(|prices| self.price(prices, column))
            .or_else(|| match column {
                Column::Plain("group") => {
                    Some(self.refs.name(group.id.uid(), group.id.to_string()))
                }
                Column::Plain("item") => Some(self.refs.item(choice.item)),
                Column::Plain("max") => (choice.max != 1).then(|| choice.max.to_string()),
                Column::Plain("preset") => (choice.preset != 0).then(|| choice.preset.to_string()),
                _ => None,
            })
    }

    /// The cell of a price, in a column of its own where the rules stand in the order of the columns.
    fn price(&self, prices: &Prices, column: &Column) -> Option<String> {
        let amount = |minor| Money::new(minor, self.menu.currency).amount();
        match column {
            Column::Plain("price") => Some(amount(prices.minor)),
            Column::Plain("prices") if !fits(prices, &self.columns) => {
                let rules = prices.rules.iter();
                Some(joined(rules.map(|rule| {
                    format!("{} {}", shown_case(&case_of(rule)), amount(rule.minor))
                })))
            }
            Column::Price(case) if fits(prices, &self.columns) => {
                let rule = prices.rules.iter().find(|rule| case_of(rule) == *case);
                rule.map(|rule| amount(rule.minor))
            }
            _ => None,
        }
    }
}

impl Iterator for Sheet {
    type Item = String;

    /// The next lines, ends and all.
    fn next(&mut self) -> Option<String> {
        let mut out = String::new();
        if !self.is_begun {
            self.is_begun = true;
            let names: Vec<String> = self.columns.iter().map(Column::to_string).collect();
            write_row(&mut out, names.iter().map(String::as_str));
        }
        let end = self
            .next
            .saturating_add(LINES_AT_ONCE)
            .min(self.lines.len());
        for thing in self.lines.get(self.next..end).unwrap_or_default() {
            self.row(*thing, &mut out);
        }
        self.next = end;
        (!out.is_empty()).then_some(out)
    }
}

impl Thing {
    const fn kind(self) -> Kind {
        match self {
            Thing::Head => Kind::Head,
            Thing::Daypart(_) => Kind::Daypart,
            Thing::Tax(_) => Kind::Tax,
            Thing::Category(_) => Kind::Category,
            Thing::Item(..) => Kind::Item,
            Thing::Again(..) => Kind::Again,
            Thing::Group(_) => Kind::Group,
            Thing::Choice(..) => Kind::Choice,
        }
    }
}

impl Refs {
    fn of(menu: &Menu) -> Self {
        let mut refs = Refs::default();
        refs.take(
            menu.categories
                .iter()
                .map(|one| (one.id.uid(), &one.external_id)),
        );
        refs.take(
            menu.items
                .iter()
                .map(|one| (one.id.uid(), &one.external_id)),
        );
        refs.take(
            menu.groups
                .iter()
                .map(|one| (one.id.uid(), &one.external_id)),
        );
        refs
    }

    /// Takes the keys of one kind that one thing alone has, and that can stand in a list.
    fn take<'a>(&mut self, things: impl Iterator<Item = (Uid, &'a Option<ExternalId>)>) {
        let mut seen: BTreeMap<&ExternalId, Option<Uid>> = BTreeMap::new();
        for (id, key) in things {
            if let Some(key) = key {
                seen.entry(key)
                    .and_modify(|one| *one = None)
                    .or_insert(Some(id));
            }
        }
        for (key, id) in seen {
            let text = key.as_str();
            let is_plain = !text.contains([LIST, '\n', '\'']) && text.parse::<PartId>().is_err();
            if let (Some(id), true) = (id, is_plain) {
                self.keys.insert(id, text.to_owned());
            }
        }
    }

    fn name(&self, id: Uid, written: String) -> String {
        self.keys.get(&id).cloned().unwrap_or(written)
    }

    fn item(&self, id: ItemId) -> String {
        self.name(id.uid(), id.to_string())
    }
}

/// All lines: each item stands below the first category that shows it, and those of no category at the end.
fn lines(menu: &Menu) -> Vec<Thing> {
    let places = menu
        .items
        .iter()
        .zip(0..)
        .map(|(item, place)| (item.id, place));
    let places: BTreeMap<ItemId, usize> = places.collect();
    let mut written = BTreeSet::new();
    let mut lines = vec![Thing::Head];
    lines.extend((0..menu.dayparts.len()).map(Thing::Daypart));
    lines.extend((0..menu.taxes.len()).map(Thing::Tax));
    for (category, number) in menu.categories.iter().zip(0..) {
        lines.push(Thing::Category(number));
        for id in &category.items {
            lines.push(match places.get(id) {
                Some(place) if written.insert(*id) => Thing::Item(*place, Some(number)),
                _ => Thing::Again(*id, number),
            });
        }
    }
    for (item, place) in menu.items.iter().zip(0..) {
        if !written.contains(&item.id) {
            lines.push(Thing::Item(place, None));
        }
    }
    for (group, number) in menu.groups.iter().zip(0..) {
        lines.push(Thing::Group(number));
        lines.extend((0..group.choices.len()).map(|choice| Thing::Choice(number, choice)));
    }
    lines
}

/// The columns that a menu needs.
fn columns(menu: &Menu) -> Vec<Column> {
    let mut names: BTreeSet<&Language> = BTreeSet::new();
    let mut descriptions: BTreeSet<&Language> = BTreeSet::new();
    let named = menu.dayparts.iter().map(|one| &one.name);
    let named = named.chain(menu.categories.iter().map(|one| &one.name));
    let named = named.chain(menu.items.iter().map(|one| &one.name));
    let named = named.chain(menu.groups.iter().map(|one| &one.name));
    named.for_each(|name| names.extend(name.other().keys()));
    let described = menu.categories.iter().map(|one| &one.description);
    let described = described.chain(menu.items.iter().map(|one| &one.description));
    described
        .flatten()
        .for_each(|text| descriptions.extend(text.other().keys()));
    let used = used(menu);
    let mut columns = Vec::new();
    for plain in Column::plain() {
        let is_there = plain != "rate" && (!IF_USED.contains(&plain) || used.contains(plain));
        if is_there {
            columns.push(Column::Plain(plain));
        }
        match plain {
            "name" => columns.extend(names.iter().map(|one| Column::Name((*one).clone()))),
            "description" => {
                columns.extend(
                    descriptions
                        .iter()
                        .map(|one| Column::Description((*one).clone())),
                );
            }
            "price" => columns.extend(cases(menu).into_iter().map(Column::Price)),
            "rate" => columns.extend(Service::ALL.iter().copied().map(Column::Rate)),
            _ => {}
        }
    }
    columns
}

/// All prices of a menu.
fn prices(menu: &Menu) -> impl Iterator<Item = &Prices> {
    let choices = menu.groups.iter().flat_map(|group| &group.choices);
    let own = choices.filter_map(|choice| choice.prices.as_ref());
    menu.items.iter().map(|item| &item.price).chain(own)
}

/// The cases that get columns of their own.
fn cases(menu: &Menu) -> BTreeSet<Case> {
    let mut cases = BTreeSet::new();
    for rule in prices(menu).flat_map(|prices| &prices.rules) {
        let case = case_of(rule);
        if cases.len() < CASES_MAX && case != Case::default() {
            cases.insert(case);
        }
    }
    cases
}

/// Which of the columns that are there only if used are used.
fn used(menu: &Menu) -> BTreeSet<&'static str> {
    let mut used = BTreeSet::new();
    let mut mark = |is_used: bool, name: &'static str| {
        if is_used {
            used.insert(name);
        }
    };
    for category in &menu.categories {
        mark(!category.sold.services.is_empty(), "services");
        mark(!category.sold.channels.is_empty(), "channels");
        mark(!category.metadata.is_empty(), "metadata");
    }
    for item in &menu.items {
        mark(!item.sold.services.is_empty(), "services");
        mark(!item.sold.channels.is_empty(), "channels");
        mark(!item.metadata.is_empty(), "metadata");
        mark(item.age_min.is_some(), "age");
        mark(item.prep_minutes.is_some(), "minutes");
        mark(item.picture.is_some(), "picture");
        mark(!item.alone, "alone");
    }
    for group in &menu.groups {
        mark(!group.metadata.is_empty(), "metadata");
    }
    let own: Vec<Column> = cases(menu).into_iter().map(Column::Price).collect();
    mark(prices(menu).any(|prices| !fits(prices, &own)), "prices");
    used
}

/// Whether rules stand in the order of the columns of their cases, each in one.
fn fits(prices: &Prices, columns: &[Column]) -> bool {
    let mut rest = columns.iter();
    prices.rules.iter().all(|rule| {
        let case = case_of(rule);
        rest.any(|column| matches!(column, Column::Price(one) if *one == case))
    })
}

fn joined<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    let mut out = String::new();
    for word in words {
        if !out.is_empty() {
            out.push(LIST);
        }
        out.push_str(word.as_ref());
    }
    out
}

/// A cell of what has an id, a key and a name.
fn named_cell(
    (id, name, key): (String, &Words, &Option<ExternalId>),
    description: Option<&Words>,
    column: &Column,
) -> Option<String> {
    match column {
        Column::Plain("id") => Some(id),
        Column::Plain("key") => key.as_ref().map(ExternalId::to_string),
        Column::Plain("name") => Some(name.main().to_owned()),
        Column::Name(language) => name.other().get(language).cloned(),
        Column::Plain("description") => description.map(|text| text.main().to_owned()),
        Column::Description(language) => description?.other().get(language).cloned(),
        _ => None,
    }
}

fn of_daypart(daypart: &Daypart, column: &Column) -> Option<String> {
    match column {
        Column::Plain("key") => Some(daypart.key.to_string()),
        Column::Plain("name") => Some(daypart.name.main().to_owned()),
        Column::Name(language) => daypart.name.other().get(language).cloned(),
        Column::Plain("days") if daypart.days.is_empty() => Some(NEVER.to_owned()),
        Column::Plain("days") => Some(joined(daypart.days.iter().map(|day| day.name()))),
        Column::Plain("from") => Some(daypart.from.to_string()),
        Column::Plain("to") => Some(daypart.to.to_string()),
        _ => None,
    }
}

fn of_tax(class: &TaxClass, column: &Column) -> Option<String> {
    match column {
        Column::Plain("key") => Some(class.key.to_string()),
        Column::Rate(service) => class.rates.get(service).map(|rate| shown_rate(*rate)),
        _ => None,
    }
}

fn of_category(category: &Category, column: &Column) -> Option<String> {
    let id: CategoryId = category.id;
    let named = (id.to_string(), &category.name, &category.external_id);
    named_cell(named, category.description.as_ref(), column).or_else(|| match column {
        Column::Plain("daypart") => category.daypart.as_ref().map(|key| key.to_string()),
        Column::Plain("metadata") => metadata(&category.metadata),
        _ => of_sold(&category.sold, column),
    })
}

fn of_group(group: &Group, column: &Column) -> Option<String> {
    let id: GroupId = group.id;
    let named = (id.to_string(), &group.name, &group.external_id);
    named_cell(named, None, column).or_else(|| match column {
        Column::Plain("min") => Some(group.min.to_string()),
        Column::Plain("max") => Some(group.max.to_string()),
        Column::Plain("free") => (group.free != 0).then(|| group.free.to_string()),
        Column::Plain("metadata") => metadata(&group.metadata),
        _ => None,
    })
}

fn of_sold(sold: &Sold, column: &Column) -> Option<String> {
    match column {
        Column::Plain("services") => Some(joined(sold.services.iter().map(|one| one.name()))),
        Column::Plain("channels") => Some(joined(sold.channels.iter().map(|one| one.as_str()))),
        _ => None,
    }
}

/// Pairs as a JSON object; texts alone are in it, so writing it cannot fail.
fn metadata(metadata: &Metadata) -> Option<String> {
    match metadata.is_empty() {
        true => None,
        false => serde_json::to_string(metadata).ok(),
    }
}
