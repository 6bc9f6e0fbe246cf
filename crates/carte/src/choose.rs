//! Which choices can be ordered with an item, and what they cost.
//!
//! Whoever orders says what he chooses in which group, nested as the menu nests. What he leaves out is filled in from
//! the presets; what cannot be is told, all of it and not the first only.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Context, DEPTH_MAX, Group, GroupId, Item, ItemId, Menu};

/// The most different choices of one item, with all that is nested in them.
pub const CHOSEN_LINES_MAX: usize = 500;

/// A choice as it is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// The group that it is chosen in.
    pub group: GroupId,
    /// The item.
    pub item: ItemId,
    /// How many for each one of what it is chosen for; none says that the presets of the group are not wanted.
    pub quantity: u32,
    /// What is chosen for the choice itself.
    pub choices: Vec<Wanted>,
}

/// Where, how and when somebody chooses.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What prices depend on.
    pub context: Context<'a>,
    /// What has run out; see [`Availability::off_at`](super::Availability::off_at).
    pub off: &'a BTreeSet<ItemId>,
}

/// A choice that is ordered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chosen {
    /// The group that it was chosen in.
    pub group: GroupId,
    /// The item.
    pub item: ItemId,
    /// How many for one of the item that is ordered.
    pub quantity: u32,
    /// How deep it is nested: 1 in the groups of the item itself.
    pub depth: u8,
    /// What all of these cost together, without those that are free.
    pub minor: i64,
}

/// Something that cannot be ordered so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// The group that it is about.
    pub group: Option<GroupId>,
    /// The choice that it is about.
    pub item: Option<ItemId>,
    /// What is the matter, for programs.
    pub code: &'static str,
    /// What is the matter, for people.
    pub words: String,
}

/// What has come of choosing: everything can be ordered if nothing is unmet.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Choosing {
    /// The choices, each before what is nested in it, in the order of the menu.
    pub chosen: Vec<Chosen>,
    /// What cannot be ordered so.
    pub unmet: Vec<Unmet>,
}

/// Looks at what is chosen for an item, fills in the presets, and says what each choice costs.
#[must_use]
pub fn choose(menu: &Menu, item: &Item, wanted: &[Wanted], case: &Case<'_>) -> Choosing {
    let mut chooser = Chooser {
        menu,
        case,
        done: Choosing::default(),
    };
    chooser.item(item, wanted, Level { depth: 1, times: 1 });
    chooser.done
}

struct Chooser<'a> {
    menu: &'a Menu,
    case: &'a Case<'a>,
    done: Choosing,
}

/// How deep somebody chooses, and for how many.
#[derive(Clone, Copy)]
struct Level {
    depth: u8,
    times: u32,
}

/// One choice of a group with what was asked for it; one choice may be asked for twice, with other choices nested.
struct Pick<'a> {
    choice: &'a Choice,
    item: &'a Item,
    quantity: u32,
    nested: &'a [Wanted],
    unit_minor: i64,
}

impl<'a> Chooser<'a> {
    fn item(&mut self, item: &'a Item, wanted: &'a [Wanted], level: Level) {
        let mut by_group = BTreeMap::<GroupId, Vec<&Wanted>>::new();
        for one in wanted {
            by_group.entry(one.group).or_default().push(one);
        }
        if usize::from(level.depth) > DEPTH_MAX && !item.groups.is_empty() {
            let name = item.name.main();
            let words = format!("{name} is nested deeper than choices can be");
            return self.refuse(None, Some(item.id), "too_deep", words);
        }
        for id in &item.groups {
            let asked = by_group.remove(id);
            if let Some(group) = self.menu.group(*id) {
                self.group(group, asked.as_deref(), level);
            }
            if self.is_full() {
                return;
            }
        }
        for group in by_group.into_keys() {
            let words = format!("{} has no such group of choices", item.name.main());
            self.refuse(Some(group), None, "group_unknown", words);
        }
    }

    fn group(&mut self, group: &'a Group, asked: Option<&[&'a Wanted]>, level: Level) {
        let picks = match asked {
            Some(asked) => self.asked(group, asked),
            None => self.presets(group),
        };
        self.count(group, &picks);
        let free = free_of(group, &picks);
        for (pick, free) in picks.into_iter().zip(free) {
            let paid = i64::from(pick.quantity.saturating_sub(free));
            let minor = pick.unit_minor.checked_mul(paid);
            let minor = minor.and_then(|minor| minor.checked_mul(i64::from(level.times)));
            let quantity = pick.quantity.checked_mul(level.times);
            let (Some(quantity), Some(minor)) = (quantity, minor) else {
                let words = format!("{} is chosen too often", pick.item.name.main());
                self.refuse(Some(group.id), Some(pick.item.id), "too_many", words);
                continue;
            };
            self.done.chosen.push(Chosen {
                group: group.id,
                item: pick.item.id,
                quantity,
                depth: level.depth,
                minor,
            });
            let deeper = Level {
                depth: level.depth.saturating_add(1),
                times: quantity,
            };
            self.item(pick.item, pick.nested, deeper);
            if self.is_full() {
                return;
            }
        }
    }

    /// What was asked for in a group, in the order of the menu.
    fn asked(&mut self, group: &'a Group, asked: &[&'a Wanted]) -> Vec<Pick<'a>> {
        let places: BTreeMap<ItemId, usize> = (group.choices.iter().enumerate())
            .map(|(place, choice)| (choice.item, place))
            .collect();
        let mut picks = Vec::new();
        for one in asked {
            let place = places.get(&one.item).copied();
            let choice = place.and_then(|place| group.choices.get(place));
            let found = choice.and_then(|choice| Some((choice, self.menu.item(choice.item)?)));
            let (Some((choice, item)), Some(place)) = (found, place) else {
                let words = format!("{} does not offer this choice", group.name.main());
                self.refuse(Some(group.id), Some(one.item), "choice_unknown", words);
                continue;
            };
            if one.quantity == 0 {
                continue;
            }
            if let Some((code, why)) = self.hindrance(item) {
                let words = format!("{} {why}", item.name.main());
                self.refuse(Some(group.id), Some(item.id), code, words);
            }
            picks.push((place, self.pick(choice, item, one.quantity, &one.choices)));
        }
        picks.sort_by_key(|(place, _)| *place);
        picks.into_iter().map(|(_, pick)| pick).collect()
    }

    /// What is chosen in a group where nothing was asked for. What has run out is not filled in.
    fn presets(&self, group: &'a Group) -> Vec<Pick<'a>> {
        let preset = group.choices.iter().filter(|choice| choice.preset > 0);
        let known = preset.filter_map(|choice| Some((choice, self.menu.item(choice.item)?)));
        known
            .filter(|(_, item)| self.hindrance(item).is_none())
            .map(|(choice, item)| self.pick(choice, item, u32::from(choice.preset), &[]))
            .collect()
    }

    fn pick(
        &self,
        choice: &'a Choice,
        item: &'a Item,
        quantity: u32,
        nested: &'a [Wanted],
    ) -> Pick<'a> {
        let prices = choice.prices.as_ref().unwrap_or(&item.price);
        Pick {
            choice,
            item,
            quantity,
            nested,
            unit_minor: prices.at(&self.case.context),
        }
    }

    fn hindrance(&self, item: &Item) -> Option<(&'static str, &'static str)> {
        let context = &self.case.context;
        if !item.sold.is_for(context.service, context.channel) {
            return Some(("not_sold", "is not sold in this way"));
        }
        let is_off = self.case.off.contains(&item.id);
        is_off.then_some(("off", "has run out"))
    }

    /// Whether so many may be chosen, of each and together.
    fn count(&mut self, group: &Group, picks: &[Pick<'_>]) {
        let (id, name) = (Some(group.id), group.name.main());
        let mut of_each = BTreeMap::<ItemId, (u64, &Pick<'_>)>::new();
        for pick in picks {
            let counted = &mut of_each.entry(pick.item.id).or_insert((0, pick)).0;
            *counted = counted.saturating_add(u64::from(pick.quantity));
        }
        for (item, (count, pick)) in &of_each {
            let max = pick.choice.max;
            if *count > u64::from(max) {
                let words = format!("of {} at most {max} can be chosen", pick.item.name.main());
                self.refuse(id, Some(*item), "choice_too_many", words);
            }
        }
        let together = of_each.values().map(|(count, _)| *count);
        let together = together.fold(0, u64::saturating_add);
        if together < u64::from(group.min) {
            let words = format!("in {name} at least {} must be chosen", group.min);
            self.refuse(id, None, "too_few", words);
        }
        if together > u64::from(group.max) {
            let words = format!("in {name} at most {} can be chosen", group.max);
            self.refuse(id, None, "too_many", words);
        }
    }

    fn is_full(&mut self) -> bool {
        let lines = self.done.chosen.len();
        if lines <= CHOSEN_LINES_MAX && self.done.unmet.len() <= CHOSEN_LINES_MAX {
            return false;
        }
        let is_told = |unmet: &Unmet| unmet.code == "too_many_choices";
        if !self.done.unmet.last().is_some_and(is_told) {
            let words = format!("one item has at most {CHOSEN_LINES_MAX} choices");
            self.refuse(None, None, "too_many_choices", words);
        }
        true
    }

    fn refuse(
        &mut self,
        group: Option<GroupId>,
        item: Option<ItemId>,
        code: &'static str,
        words: String,
    ) {
        self.done.unmet.push(Unmet {
            group,
            item,
            code,
            words,
        });
    }
}

/// How many of each pick cost nothing: the cheapest do, and among equals those that the menu names first.
fn free_of(group: &Group, picks: &[Pick<'_>]) -> Vec<u32> {
    let mut by_price: Vec<(i64, usize, u32)> = (picks.iter().enumerate())
        .map(|(place, pick)| (pick.unit_minor, place, pick.quantity))
        .collect();
    by_price.sort_unstable();
    let mut left = u32::from(group.free);
    let mut free = vec![0; picks.len()];
    for (_, place, quantity) in by_price {
        let taken = quantity.min(left);
        left = left.saturating_sub(taken);
        if let Some(free) = free.get_mut(place) {
            *free = taken;
        }
    }
    free
}
