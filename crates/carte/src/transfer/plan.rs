//! What a file means for a draft: which of its things are there already, which are new, what changes and what goes.

use std::collections::{BTreeMap, BTreeSet};

use base::{Organisation, Uid};
use serde::{Deserialize, Serialize};

use super::findings::{Code, Finding, Findings};
use super::loose::{self, At, Called, Choice as LooseChoice, Name, Read, Ref, Spot, Text};
use super::names::{Known, Things};
use super::read_csv::too_many_choices;
use crate::limits;
use crate::{
    CATEGORIES_MAX, CHOICES_MAX, Category, CategoryId, Choice, Draft, Edit, ExternalId, GROUPS_MAX,
    Group, GroupId, Head, ITEMS_MAX, Item, ItemId, Part, PartId, Sold, Words,
};

/// What becomes of that which is in the draft and not in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It stays.
    Merge,
    /// It goes.
    Replace,
}

/// How many things of a kind become new, other, less, or stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// Those that are new.
    pub added: u64,
    /// Those that are other than before.
    pub changed: u64,
    /// Those that go.
    pub removed: u64,
    /// Those of the file that are as they were.
    pub same: u64,
}

/// How many things of each kind an import touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Whether the head changes.
    pub head: bool,
    /// Categories.
    pub categories: Count,
    /// Items.
    pub items: Count,
    /// Groups.
    pub groups: Count,
}

/// What is to be done to a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The parts that are put and those that go.
    pub edit: Edit,
    /// How many of each kind.
    pub counts: Counts,
}

/// Says what a file means for a draft. `new_id` gives ids that were never given before.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn plan(
    read: Read,
    draft: &Draft,
    mode: Mode,
    organisation: Organisation,
    new_id: &mut dyn FnMut() -> Uid,
) -> Result<Plan, Findings> {
    let mut findings = read.findings.clone();
    if !findings.is_empty() {
        return Err(findings);
    }
    let known = Known::find(&read, draft, (mode, organisation), new_id, &mut findings);
    let mut planner = Planner {
        draft,
        mode,
        known: &known,
        findings,
        plan: Plan::default(),
    };
    planner.groups(&read);
    planner.items(&read);
    planner.categories(&read);
    planner.head(&read);
    planner.removes();
    planner.check_parts(read.head.at.unwrap_or_default());
    let Planner { findings, plan, .. } = planner;
    let mut findings = findings;
    findings.sort();
    match findings.is_empty() {
        true => Ok(plan),
        false => Err(findings),
    }
}

struct Planner<'a> {
    draft: &'a Draft,
    mode: Mode,
    known: &'a Known<'a>,
    findings: Findings,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn wrong(&mut self, at: At, field: &str, code: Code, words: String) {
        self.findings.add(Finding {
            line: at.line,
            column: at.column,
            field: field.to_owned(),
            code,
            words,
        });
    }

    /// What is there already of a thing that the file says something of.
    fn before<T>(&self, found: Option<&'a T>) -> Option<&'a T> {
        found.filter(|_| self.mode == Mode::Merge)
    }

    fn text(&mut self, at: At, field: &str, text: &Text, before: Option<&Words>) -> Option<Words> {
        match text.over(before) {
            Ok(words) => words,
            Err(error) => {
                self.wrong(at, field, Code::Value, error.to_string());
                None
            }
        }
    }

    fn name(&mut self, at: At, text: &Text, before: Option<&Words>) -> Option<Words> {
        let total = self.findings.total;
        let name = self.text(at, "name", text, before);
        if name.is_none() && total == self.findings.total {
            self.wrong(at, "name", Code::Missing, "it has no name".to_owned());
        }
        name
    }

    /// A value that a new thing must have.
    fn must<T>(&mut self, at: At, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            let words = format!("a new thing must have `{field}`");
            self.wrong(at, field, Code::Missing, words);
        }
        value
    }

    fn find(&mut self, things: &Things, named: &Ref) -> Option<Uid> {
        let found = things.find(&named.name, self.mode);
        if found.is_none() {
            let where_else = match self.mode {
                Mode::Merge => " and not in the draft",
                Mode::Replace => "",
            };
            let what = match &named.name {
                Name::Id(_) => "such an id".to_owned(),
                Name::Key(key) => format!("the key {}", super::findings::shown(key.as_str())),
            };
            let words =
                format!("nothing of this kind has {what}: it is not in the file{where_else}");
            self.wrong(named.at, named.at.field, Code::Reference, words);
        }
        found
    }

    fn choices(&mut self, choices: &[LooseChoice], at: At) -> Vec<Choice> {
        if choices.len() > CHOICES_MAX {
            self.findings.add(too_many_choices(at));
            return Vec::new();
        }
        let known = self.known;
        let resolved = choices.iter().filter_map(|choice| {
            let item = self.find(&known.items, &choice.item)?;
            Some(Choice {
                item: ItemId::from(item),
                prices: choice.prices.clone(),
                max: choice.max,
                preset: choice.preset,
            })
        });
        resolved.collect()
    }

    fn groups(&mut self, read: &Read) {
        let known = self.known;
        let mut apart: BTreeMap<Uid, Vec<LooseChoice>> = BTreeMap::new();
        for (group, choice) in &read.choices {
            if let Some(id) = self.find(&known.groups, group) {
                apart.entry(id).or_default().push(choice.clone());
            }
        }
        for (group, id) in read.groups.iter().zip(&known.groups.file) {
            let at = group.called.at;
            let found = known.group(*id);
            let before = self.before(found);
            let name = self.name(at, &group.name, before.map(|group| &group.name));
            let choices = match (&group.choices, apart.remove(id), before) {
                (Some(own), _, _) => self.choices(own, at),
                (None, Some(apart), _) => self.choices(&apart, at),
                (None, None, Some(before)) => before.choices.clone(),
                (None, None, None) => Vec::new(),
            };
            let max = group.max.or(before.map(|group| group.max));
            let (Some(name), Some(max)) = (name, self.must(at, "max", max)) else {
                continue;
            };
            let next = Group {
                id: GroupId::from(*id),
                name,
                min: group.min.or(before.map(|group| group.min)).unwrap_or(0),
                max,
                free: group.free.or(before.map(|group| group.free)).unwrap_or(0),
                choices,
                external_id: key(&group.called, before.map(|group| &group.external_id)),
                metadata: kept(&group.metadata, before.map(|group| &group.metadata)),
            };
            let is_same = found == Some(&next);
            tally(&mut self.plan.counts.groups, found.is_some(), is_same);
            if !is_same {
                self.plan.edit.puts.push(Part::Group(next));
            }
        }
        for (id, choices) in apart {
            let at = choices
                .first()
                .map(|choice| choice.item.at)
                .unwrap_or_default();
            let choices = self.choices(&choices, at);
            if let Some(before) = known.group(id) {
                let mut next = before.clone();
                next.choices = choices;
                let is_same = next == *before;
                tally(&mut self.plan.counts.groups, true, is_same);
                if !is_same {
                    self.plan.edit.puts.push(Part::Group(next));
                }
            }
        }
    }

    fn items(&mut self, read: &Read) {
        let known = self.known;
        for (item, id) in read.items.iter().zip(&known.items.file) {
            let found = known.item(*id);
            let Some(next) = self.item(item, *id, self.before(found)) else {
                continue;
            };
            let is_same = found == Some(&next);
            tally(&mut self.plan.counts.items, found.is_some(), is_same);
            if !is_same {
                self.plan.edit.puts.push(Part::Item(next));
            }
        }
    }

    fn item(&mut self, item: &loose::Item, id: Uid, before: Option<&'a Item>) -> Option<Item> {
        let at = item.called.at;
        let name = self.name(at, &item.name, before.map(|item| &item.name));
        let told = before.and_then(|item| item.description.as_ref());
        let description = self.text(at, "description", &item.description, told);
        let price = item.price.over(before.map(|item| &item.price));
        let price = self.must(at, "price", price);
        let tax = item.tax.clone().or(before.map(|item| item.tax.clone()));
        let tax = self.must(at, "tax", tax);
        let known = self.known;
        let groups = match &item.groups {
            Some(named) => {
                let found = named.iter().filter_map(|one| self.find(&known.groups, one));
                found.map(GroupId::from).collect()
            }
            None => before.map(|item| item.groups.clone()).unwrap_or_default(),
        };
        Some(Item {
            id: ItemId::from(id),
            name: name?,
            description,
            price: price?,
            groups,
            tax: tax?,
            sold: sold(&item.sold, before.map(|item| &item.sold)),
            allergens: kept(&item.allergens, before.map(|item| &item.allergens)),
            diets: kept(&item.diets, before.map(|item| &item.diets)),
            age_min: kept(&item.age_min, before.map(|item| &item.age_min)),
            picture: kept(&item.picture, before.map(|item| &item.picture)),
            prep_minutes: kept(&item.prep_minutes, before.map(|item| &item.prep_minutes)),
            alone: item.alone.or(before.map(|item| item.alone)).unwrap_or(true),
            external_id: key(&item.called, before.map(|item| &item.external_id)),
            metadata: kept(&item.metadata, before.map(|item| &item.metadata)),
        })
    }

    fn categories(&mut self, read: &Read) {
        let known = self.known;
        let shelves = self.shelves(read);
        let moved = |(item, id): (&loose::Item, &Uid)| item.is_shelved.then_some(ItemId::from(*id));
        let moved: BTreeSet<ItemId> = read
            .items
            .iter()
            .zip(&known.items.file)
            .filter_map(moved)
            .collect();
        let empty = Vec::new();
        for (category, id) in read.categories.iter().zip(&known.categories.file) {
            let at = category.called.at;
            let found = known.category(*id);
            let before = self.before(found);
            let name = self.name(at, &category.name, before.map(|category| &category.name));
            let told = before.and_then(|category| category.description.as_ref());
            let description = self.text(at, "description", &category.description, told);
            let items = match &category.items {
                Some(named) => {
                    let found = named.iter().filter_map(|one| self.find(&known.items, one));
                    found.map(ItemId::from).collect()
                }
                None => {
                    let listed = shelves.get(id).unwrap_or(&empty);
                    let old = before.map_or(&[][..], |category| &category.items);
                    stocked(old, listed, &moved)
                }
            };
            let Some(name) = name else { continue };
            let next = Category {
                id: CategoryId::from(*id),
                name,
                description,
                items,
                daypart: kept(&category.daypart, before.map(|category| &category.daypart)),
                sold: sold(&category.sold, before.map(|category| &category.sold)),
                external_id: key(
                    &category.called,
                    before.map(|category| &category.external_id),
                ),
                metadata: kept(
                    &category.metadata,
                    before.map(|category| &category.metadata),
                ),
            };
            self.put_category(next, found);
        }
        if self.mode == Mode::Merge {
            self.other_categories(&shelves, &moved);
        }
    }

    /// Categories that are not in the file may still get or lose items.
    fn other_categories(&mut self, shelves: &BTreeMap<Uid, Vec<ItemId>>, moved: &BTreeSet<ItemId>) {
        let own: BTreeSet<&Uid> = self.known.categories.file.iter().collect();
        let empty = Vec::new();
        for before in self.draft.categories.values() {
            let id = before.id.uid();
            if own.contains(&id) {
                continue;
            }
            let listed = shelves.get(&id).unwrap_or(&empty);
            let items = stocked(&before.items, listed, moved);
            if items != before.items {
                let next = Category {
                    items,
                    ..before.clone()
                };
                self.put_category(next, Some(before));
            }
        }
    }

    fn put_category(&mut self, next: Category, found: Option<&Category>) {
        let is_same = found == Some(&next);
        tally(&mut self.plan.counts.categories, found.is_some(), is_same);
        if !is_same {
            self.plan.edit.puts.push(Part::Category(next));
        }
    }

    /// What the file puts into each category, in its order.
    fn shelves(&mut self, read: &Read) -> BTreeMap<Uid, Vec<ItemId>> {
        let known = self.known;
        let mut shelves: BTreeMap<Uid, Vec<ItemId>> = BTreeMap::new();
        for shelf in &read.shelves {
            let category = self.find(&known.categories, &shelf.category);
            let item = match &shelf.item {
                Spot::Own(number) => known.items.file.get(*number).copied(),
                Spot::Named(named) => self.find(&known.items, named),
            };
            if let (Some(category), Some(item)) = (category, item) {
                shelves
                    .entry(category)
                    .or_default()
                    .push(ItemId::from(item));
            }
        }
        shelves
    }

    fn head(&mut self, read: &Read) {
        let said = &read.head;
        let at = said.at.unwrap_or_default();
        let before = self.draft.head.as_ref();
        let currency = said.currency.or(before.map(|head| head.currency));
        let currency = self.must(at, "currency", currency);
        let language = said
            .language
            .clone()
            .or(before.map(|head| head.language.clone()));
        let language = self.must(at, "language", language);
        let taxes_included = said
            .taxes_included
            .or(before.map(|head| head.taxes_included));
        let taxes_included = self.must(at, "taxes", taxes_included);
        let says_lists = said.at.is_some() || said.dayparts.is_some() || said.taxes.is_some();
        let is_whole = self.mode == Mode::Replace && says_lists;
        let dayparts = listed(
            &said.dayparts,
            before.map(|head| &head.dayparts),
            is_whole,
            |one| one.key.clone(),
        );
        let taxes = listed(
            &said.taxes,
            before.map(|head| &head.taxes),
            is_whole,
            |one| one.key.clone(),
        );
        let order = self.order(read);
        let (Some(currency), Some(language), Some(taxes_included)) =
            (currency, language, taxes_included)
        else {
            return;
        };
        let next = Head {
            currency,
            language,
            taxes_included,
            dayparts,
            taxes,
            order,
        };
        if before != Some(&next) {
            self.plan.counts.head = true;
            self.plan.edit.puts.insert(0, Part::Head(next));
        }
    }

    /// The order of the categories. Where it is the one that is shown already, the head stays as it is.
    fn order(&mut self, read: &Read) -> Vec<CategoryId> {
        let known = self.known;
        let shown = shown(self.draft);
        let old = match self.mode {
            Mode::Merge => shown.as_slice(),
            Mode::Replace => &[],
        };
        let mut file: Vec<CategoryId> = Vec::new();
        if let Some(order) = &read.head.order {
            let named = order
                .iter()
                .filter_map(|one| self.find(&known.categories, one));
            file.extend(named.map(CategoryId::from));
        }
        let named: BTreeSet<CategoryId> = file.iter().copied().collect();
        let all = known.categories.file.iter().map(|id| CategoryId::from(*id));
        file.extend(all.filter(|id| !named.contains(id)));
        let order = stocked(old, &file, &BTreeSet::new());
        match &self.draft.head {
            Some(head) if order == shown => head.order.clone(),
            _ => order,
        }
    }

    /// In place of what was there stands the file alone.
    fn removes(&mut self) {
        if self.mode == Mode::Merge {
            self.check_sizes();
            return;
        }
        let known = self.known;
        let counts = &mut self.plan.counts;
        let removes = &mut self.plan.edit.removes;
        for id in self
            .draft
            .categories
            .keys()
            .filter(|id| !known.categories.is_in_file(id.uid()))
        {
            counts.categories.removed = counts.categories.removed.saturating_add(1);
            removes.push(PartId::Category(*id));
        }
        for id in self
            .draft
            .items
            .keys()
            .filter(|id| !known.items.is_in_file(id.uid()))
        {
            counts.items.removed = counts.items.removed.saturating_add(1);
            removes.push(PartId::Item(*id));
        }
        for id in self
            .draft
            .groups
            .keys()
            .filter(|id| !known.groups.is_in_file(id.uid()))
        {
            counts.groups.removed = counts.groups.removed.saturating_add(1);
            removes.push(PartId::Group(*id));
        }
    }

    /// Each part is held against what parts may be, and what is wrong is said with its line.
    fn check_parts(&mut self, head: At) {
        let known = self.known;
        for part in &self.plan.edit.puts {
            let mut found = limits::Findings::default();
            limits::part(part, &mut found);
            for finding in found.all() {
                let at = part
                    .id()
                    .map_or(Some(head), |id| known.at(id))
                    .unwrap_or_default();
                self.findings.add(Finding {
                    line: at.line,
                    column: at.column,
                    field: finding.field,
                    code: Code::Value,
                    words: finding.words,
                });
            }
        }
    }

    /// What is new must find room beside what stays.
    fn check_sizes(&mut self) {
        let counts = self.plan.counts;
        let sizes = [
            (
                self.draft.categories.len(),
                counts.categories.added,
                CATEGORIES_MAX,
                "categories",
            ),
            (
                self.draft.items.len(),
                counts.items.added,
                ITEMS_MAX,
                "items",
            ),
            (
                self.draft.groups.len(),
                counts.groups.added,
                GROUPS_MAX,
                "groups",
            ),
        ];
        for (there, added, most, what) in sizes {
            let added = usize::try_from(added).unwrap_or(usize::MAX);
            if there.saturating_add(added) > most {
                let words = format!("the menu would have more than {most} {what}");
                self.wrong(At::default(), "", Code::TooLarge, words);
            }
        }
    }
}

/// The categories in the order in which they are shown.
fn shown(draft: &Draft) -> Vec<CategoryId> {
    let order = draft.head.as_ref().map_or(&[][..], |head| &head.order);
    let mut seen = BTreeSet::new();
    let named = order.iter().filter(|id| draft.categories.contains_key(id));
    let named = named.chain(draft.categories.keys());
    named.copied().filter(|id| seen.insert(*id)).collect()
}

fn tally(count: &mut Count, is_there: bool, is_same: bool) {
    let which = match (is_there, is_same) {
        (_, true) => &mut count.same,
        (true, false) => &mut count.changed,
        (false, false) => &mut count.added,
    };
    *which = which.saturating_add(1);
}

/// What is said, or what was there.
fn kept<T: Clone + Default>(said: &Option<T>, before: Option<&T>) -> T {
    match (said, before) {
        (Some(said), _) => said.clone(),
        (None, Some(before)) => before.clone(),
        (None, None) => T::default(),
    }
}

fn key(called: &Called, before: Option<&Option<ExternalId>>) -> Option<ExternalId> {
    match &called.key {
        Some(said) => said.clone(),
        None => before.cloned().flatten(),
    }
}

fn sold(said: &loose::Sold, before: Option<&Sold>) -> Sold {
    Sold {
        services: kept(&said.services, before.map(|sold| &sold.services)),
        channels: kept(&said.channels, before.map(|sold| &sold.channels)),
    }
}

/// A list in which things have keys: what is said comes in place of what has the same key.
fn listed<T: Clone, K: PartialEq>(
    said: &Option<Vec<T>>,
    before: Option<&Vec<T>>,
    is_whole: bool,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let (said, mut all) = match (said, before) {
        (Some(said), Some(before)) if !is_whole => (said, before.clone()),
        (Some(said), _) => return said.clone(),
        (None, _) if is_whole => return Vec::new(),
        (None, before) => return before.cloned().unwrap_or_default(),
    };
    for one in said {
        match all.iter_mut().find(|old| key(old) == key(one)) {
            Some(old) => *old = one.clone(),
            None => all.push(one.clone()),
        }
    }
    all
}

/// The order of what was there and what the file lists. Where the file lists all that stays, its order counts; else
/// what was there keeps its place, and what is new follows. What the file puts elsewhere goes.
fn stocked<T: Copy + Ord>(old: &[T], listed: &[T], moved: &BTreeSet<T>) -> Vec<T> {
    let named: BTreeSet<T> = listed.iter().copied().collect();
    let stays = |one: &T| named.contains(one) || !moved.contains(one);
    let staying: Vec<T> = old.iter().copied().filter(stays).collect();
    if staying.iter().all(|one| named.contains(one)) {
        return listed.to_vec();
    }
    let there: BTreeSet<T> = staying.iter().copied().collect();
    let new = listed.iter().copied().filter(|one| !there.contains(one));
    staying.iter().copied().chain(new).collect()
}
