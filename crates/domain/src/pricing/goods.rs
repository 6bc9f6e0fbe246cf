//! What is ordered: which items and options, what they cost, and why some of them cannot be ordered.
//!
//! Everything that can be given a price gets one, also when it cannot be ordered, so that a page can show both.

use std::collections::{BTreeMap, BTreeSet};

use super::money::Kind;
use super::quote::{Facts, WantedLine};
use super::reasons::{
    CHOICES_MAX, DEPTH_MAX, LINES_MAX, Limit, Note, PARTS_MAX, QUANTITY_MAX, Reason, Refused,
};
use carte::{Case, Category, Context, GroupId, Item, ItemId, Key, Wanted, choose};

/// All that is ordered and has a price.
#[derive(Clone, Debug, Default)]
pub(super) struct Goods {
    pub(super) lines: Vec<Line>,
    pub(super) classes: Classes,
    pub(super) refusals: Vec<Refused>,
    pub(super) notes: Vec<Note>,
}

/// A line, in minor units.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its place in what was asked for.
    pub(super) line: usize,
    pub(super) item: ItemId,
    pub(super) quantity: u32,
    pub(super) unit: i64,
    pub(super) minor: i64,
    pub(super) parts: Vec<Part>,
}

/// The item of a line, or an option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) item: ItemId,
    pub(super) group: Option<GroupId>,
    pub(super) depth: usize,
    /// In all pieces of the line.
    pub(super) quantity: u64,
    /// Of all pieces of the line.
    pub(super) minor: i64,
    pub(super) class: usize,
}

/// The tax classes that an order has met.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes(Vec<Class>);

/// A tax class at the rate of the order's service.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) key: Key,
    pub(super) rate: i64,
}

impl Classes {
    /// The place of a class. One that the menu does not know has no tax.
    pub(super) fn place(&mut self, facts: &Facts<'_>, key: &Key) -> usize {
        if let Some(place) = self.0.iter().position(|class| class.key == *key) {
            return place;
        }
        let class = facts.menu.tax(key);
        let rate = class.and_then(|class| class.rates.get(&facts.service));
        self.0.push(Class {
            key: key.clone(),
            rate: rate.copied().unwrap_or(0),
        });
        self.0.len().saturating_sub(1)
    }

    /// The key of the class of this place.
    pub(super) fn key(&self, place: usize) -> Option<Key> {
        self.0.get(place).map(|class| class.key.clone())
    }

    pub(super) fn all(&self) -> &[Class] {
        &self.0
    }

    pub(super) fn rates(&self) -> Vec<i64> {
        self.0.iter().map(|class| class.rate).collect()
    }
}

impl Goods {
    /// What all lines cost. `None` when it does not fit.
    pub(super) fn sum(&self) -> Option<i64> {
        let mut lines = self.lines.iter();
        lines.try_fold(0_i64, |sum, line| sum.checked_add(line.minor))
    }

    fn refuse(&mut self, line: usize, reason: Reason) {
        let line = Some(line);
        self.refusals.push(Refused { line, reason });
    }
}

/// What is looked up once for all lines.
struct Asked<'a> {
    facts: &'a Facts<'a>,
    context: &'a Context<'a>,
    off: BTreeSet<ItemId>,
    /// The categories that show what was asked for.
    shown: BTreeMap<ItemId, Vec<&'a Category>>,
}

/// Finds a price for each line, and what speaks against it.
pub(super) fn price(facts: &Facts<'_>, context: &Context<'_>, wanted: &[WantedLine]) -> Goods {
    let mut goods = Goods::default();
    if let Some(reason) = out_of_bounds(wanted) {
        goods.refusals.push(Refused { line: None, reason });
        return goods;
    }
    let asked = Asked {
        facts,
        context,
        off: facts.availability.off_at(facts.now),
        shown: shown(facts, wanted),
    };
    let mut parts = 0_usize;
    for (place, line) in wanted.iter().enumerate() {
        asked.line(&mut goods, place, line);
        let last = goods.lines.last().filter(|last| last.line == place);
        parts = parts.saturating_add(last.map_or(0, |last| last.parts.len()));
        if parts > PARTS_MAX {
            goods.refuse(place, Reason::TooMany(Limit::Choices));
            break;
        }
    }
    short(facts, &mut goods);
    goods
}

/// What an order cannot hold, before anything of it is looked up.
fn out_of_bounds(wanted: &[WantedLine]) -> Option<Reason> {
    if wanted.is_empty() {
        return Some(Reason::Empty);
    }
    if wanted.len() > LINES_MAX {
        return Some(Reason::TooMany(Limit::Lines));
    }
    let mut left = CHOICES_MAX;
    let counted = wanted
        .iter()
        .try_for_each(|line| count(&line.choices, 1, &mut left));
    counted.err().map(Reason::TooMany)
}

/// Counts choices, and never goes deeper than there may be any.
fn count(choices: &[Wanted], depth: usize, left: &mut usize) -> Result<(), Limit> {
    if choices.is_empty() {
        return Ok(());
    }
    if depth > DEPTH_MAX {
        return Err(Limit::Depth);
    }
    *left = left.checked_sub(choices.len()).ok_or(Limit::Choices)?;
    let deeper = depth.saturating_add(1);
    choices
        .iter()
        .try_for_each(|one| count(&one.choices, deeper, left))
}

fn shown<'a>(facts: &Facts<'a>, wanted: &[WantedLine]) -> BTreeMap<ItemId, Vec<&'a Category>> {
    let mut shown: BTreeMap<ItemId, Vec<&Category>> =
        wanted.iter().map(|line| (line.item, Vec::new())).collect();
    for category in &facts.menu.categories {
        for item in &category.items {
            if let Some(categories) = shown.get_mut(item) {
                categories.push(category);
            }
        }
    }
    shown
}

impl Asked<'_> {
    fn line(&self, goods: &mut Goods, place: usize, wanted: &WantedLine) {
        let Some(item) = self.facts.menu.item(wanted.item) else {
            return goods.refuse(place, Reason::UnknownItem(wanted.item));
        };
        if wanted.quantity == 0 {
            return goods.refuse(place, Reason::NoQuantity);
        }
        if wanted.quantity > QUANTITY_MAX {
            return goods.refuse(place, Reason::TooMany(Limit::Quantity));
        }
        if let Some(reason) = self.hindrance(item) {
            goods.refuse(place, reason);
        }
        let parts = self.parts(goods, place, (item, wanted));
        let line = parts.and_then(|parts| added_up(place, wanted, parts));
        match line {
            Some(line) => {
                self.ages(goods, &line);
                goods.lines.push(line);
            }
            None => goods.refuse(place, Reason::TooMuch),
        }
    }

    /// Why the item itself is not sold so, or not now.
    fn hindrance(&self, item: &Item) -> Option<Reason> {
        let (service, channel) = (self.context.service, self.context.channel);
        let not_so = Reason::NotInService {
            item: item.id,
            service,
        };
        let categories = self.shown.get(&item.id).map_or(&[][..], Vec::as_slice);
        if !item.alone || categories.is_empty() {
            return Some(Reason::NotAlone(item.id));
        }
        if !item.sold.is_for(service, channel) {
            return Some(not_so);
        }
        let mut sold = categories
            .iter()
            .filter(|category| category.sold.is_for(service, channel))
            .peekable();
        if sold.peek().is_none() {
            return Some(not_so);
        }
        let is_on = |category: &&Category| {
            let daypart = category.daypart.as_ref();
            daypart.is_none_or(|key| self.context.dayparts.contains(&key))
        };
        match sold.any(is_on) {
            true => None,
            false => Some(Reason::NotNow(item.id)),
        }
    }

    /// The item and its options. `None` when an amount does not fit.
    fn parts(
        &self,
        goods: &mut Goods,
        place: usize,
        (item, wanted): (&Item, &WantedLine),
    ) -> Option<Vec<Part>> {
        let case = Case {
            context: *self.context,
            off: &self.off,
        };
        let choosing = choose(self.facts.menu, item, &wanted.choices, &case);
        for unmet in choosing.unmet {
            goods.refuse(
                place,
                Reason::Options {
                    group: unmet.group,
                    item: unmet.item,
                    what: unmet.code,
                    words: unmet.words,
                },
            );
        }
        let times = i64::from(wanted.quantity);
        let mut parts = vec![Part {
            kind: Kind::Item,
            item: item.id,
            group: None,
            depth: 0,
            quantity: u64::from(wanted.quantity),
            minor: item.price.at(self.context).checked_mul(times)?,
            class: goods.classes.place(self.facts, &item.tax),
        }];
        for chosen in choosing.chosen {
            // Only what the menu knows is chosen.
            let Some(option) = self.facts.menu.item(chosen.item) else {
                continue;
            };
            parts.push(Part {
                kind: Kind::Option,
                item: chosen.item,
                group: Some(chosen.group),
                depth: usize::from(chosen.depth),
                quantity: u64::from(chosen.quantity).checked_mul(u64::from(wanted.quantity))?,
                minor: chosen.minor.checked_mul(times)?,
                class: goods.classes.place(self.facts, &option.tax),
            });
        }
        Some(parts)
    }

    /// Notes the highest age that a line asks for.
    fn ages(&self, goods: &mut Goods, line: &Line) {
        let age = |part: &Part| {
            let years = self.facts.menu.item(part.item)?.age_min?;
            Some((years, part.item))
        };
        let highest = line.parts.iter().filter_map(age).max();
        if let Some((years, item)) = highest.filter(|(years, _)| *years > 0) {
            let line = line.line;
            goods.notes.push(Note::Age { line, item, years });
        }
    }
}

/// A line of these parts. `None` when its amount does not fit, or is below zero.
fn added_up(line: usize, wanted: &WantedLine, parts: Vec<Part>) -> Option<Line> {
    let mut amounts = parts.iter().map(|part| part.minor);
    let minor = amounts.try_fold(0_i64, |sum, minor| sum.checked_add(minor))?;
    let unit = minor.checked_div(i64::from(wanted.quantity))?;
    (minor >= 0).then_some(Line {
        line,
        item: wanted.item,
        quantity: wanted.quantity,
        unit,
        minor,
        parts,
    })
}

/// Refuses lines of which there is not enough, counted over all lines. Options that are off altogether have been
/// refused with the choice among them.
fn short(facts: &Facts<'_>, goods: &mut Goods) {
    let mut counts = BTreeMap::<ItemId, u64>::new();
    for part in goods.lines.iter().flat_map(|line| &line.parts) {
        let count = counts.entry(part.item).or_default();
        *count = count.saturating_add(part.quantity);
    }
    let short: BTreeMap<ItemId, u32> = facts
        .availability
        .short(&counts, facts.now)
        .into_iter()
        .collect();
    if short.is_empty() {
        return;
    }
    let mut refused = Vec::new();
    for line in &goods.lines {
        let mut told = BTreeSet::new();
        for part in &line.parts {
            let Some(left) = short.get(&part.item) else {
                continue;
            };
            let is_told = part.kind == Kind::Option && *left == 0;
            if !is_told && told.insert(part.item) {
                let (item, left) = (part.item, Some(*left));
                refused.push((line.line, Reason::SoldOut { item, left }));
            }
        }
    }
    for (line, reason) in refused {
        goods.refuse(line, reason);
    }
}
