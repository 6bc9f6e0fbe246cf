//! Whether a menu can be published: every part by itself, and that they fit together.
//!
//! It looks at each part a few times, whatever their number, and never follows choices deeper than they may be nested.

use std::collections::{BTreeMap, BTreeSet};

use base::Currency;

use super::limits::{self, Findings};
use super::{
    CATEGORIES_MAX, CHOSEN_LINES_MAX, Category, DEPTH_MAX, Daypart, ExternalId, Finding,
    GROUPS_MAX, Group, GroupId, ITEMS_MAX, Item, ItemId, Key, Location, Menu, PartId, Prices,
    Service, TaxClass,
};

/// Says what keeps a menu from being published, at most [`FINDINGS_MAX`](super::FINDINGS_MAX) of it.
#[must_use]
pub fn check(menu: &Menu) -> Vec<Finding> {
    let mut findings = Findings::default();
    let lookup = Lookup::of(menu);
    head(menu, &mut findings);
    once(menu, &mut findings);
    for category in &menu.categories {
        limits::category(category, &mut findings);
        self::category(category, &lookup, &mut findings);
    }
    for item in &menu.items {
        limits::item(item, &mut findings);
        self::item(item, &lookup, &mut findings);
    }
    for group in &menu.groups {
        limits::group(group, &mut findings);
        self::group(group, &lookup, &mut findings);
    }
    nesting(menu, &mut findings);
    findings.all()
}

/// Says what keeps a restaurant with this currency from selling the menu.
#[must_use]
pub fn check_currency(menu: &Menu, currency: Currency) -> Option<Finding> {
    let words = format!(
        "the menu has its prices in {}, and the restaurant in {currency}",
        menu.currency
    );
    (menu.currency != currency).then(|| Finding {
        code: "currency",
        part: None,
        field: "currency".to_owned(),
        words,
    })
}

/// Says what is wrong with how a restaurant sells the menu of its brand.
#[must_use]
pub fn check_location(menu: &Menu, location: &Location) -> Vec<Finding> {
    let lookup = Lookup::of(menu);
    let mut findings = Findings::default();
    let categories: BTreeSet<_> = menu.categories.iter().map(|one| one.id).collect();
    for id in &location.hidden {
        let is_known = match id {
            PartId::Category(id) => categories.contains(id),
            PartId::Item(id) => lookup.items.contains_key(id),
            PartId::Group(id) => lookup.groups.contains_key(id),
        };
        findings.about(Some(*id));
        if !is_known {
            findings.add("unknown", "hidden", "the menu has no such part".to_owned());
        }
    }
    for (id, prices) in &location.prices {
        findings.about(Some(PartId::Item(*id)));
        match lookup.items.contains_key(id) {
            true => amounts("prices", prices, &lookup, &mut findings),
            false => findings.add("unknown", "prices", "the menu has no such item".to_owned()),
        }
        limits::prices("prices", prices, &mut findings);
    }
    for (group, prices) in &location.choice_prices {
        findings.about(Some(PartId::Group(*group)));
        let offered = lookup.groups.get(group).map(|group| &group.choices);
        let offered: BTreeSet<_> = offered.into_iter().flatten().map(|one| one.item).collect();
        for (item, prices) in prices {
            let field = format!("choicePrices.{group}.{item}");
            limits::prices(&field, prices, &mut findings);
            match offered.contains(item) {
                true => amounts(&field, prices, &lookup, &mut findings),
                false => findings.add("unknown", field, "there is no such choice".to_owned()),
            }
        }
    }
    for group in &menu.at(location).groups {
        findings.about(Some(PartId::Group(group.id)));
        enough(group, &mut findings);
    }
    findings.all()
}

struct Lookup<'a> {
    items: BTreeMap<ItemId, &'a Item>,
    groups: BTreeMap<GroupId, &'a Group>,
    dayparts: BTreeMap<&'a Key, &'a Daypart>,
    taxes: BTreeMap<&'a Key, &'a TaxClass>,
}

impl<'a> Lookup<'a> {
    fn of(menu: &'a Menu) -> Self {
        Self {
            items: menu.items.iter().map(|one| (one.id, one)).collect(),
            groups: menu.groups.iter().map(|one| (one.id, one)).collect(),
            dayparts: menu.dayparts.iter().map(|one| (&one.key, one)).collect(),
            taxes: menu.taxes.iter().map(|one| (&one.key, one)).collect(),
        }
    }
}

fn head(menu: &Menu, findings: &mut Findings) {
    findings.about(None);
    let rooms = [
        ("categories", menu.categories.len(), CATEGORIES_MAX),
        ("items", menu.items.len(), ITEMS_MAX),
        ("groups", menu.groups.len(), GROUPS_MAX),
    ];
    for (field, count, max) in rooms {
        if count > max {
            let words = format!("a menu has at most {max} {field}, not {count}");
            findings.add("too_many", field, words);
        }
    }
    limits::plan(&menu.dayparts, &menu.taxes, findings);
    for (place, class) in menu.taxes.iter().enumerate() {
        for service in Service::ALL {
            if !class.rates.contains_key(service) {
                let field = format!("taxes[{place}].rates.{}", service.name());
                let words = format!("{} has no rate for {}", class.key, service.name());
                findings.add("tax_missing", field, words);
            }
        }
    }
    let mut sold = menu.categories.iter().flat_map(|category| &category.items);
    if !sold.any(|id| menu.item(*id).is_some_and(|item| item.alone)) {
        let words = "no category has an item that can be ordered".to_owned();
        findings.add("nothing_to_sell", "categories", words);
    }
}

/// No id and no external id is there twice.
fn once(menu: &Menu, findings: &mut Findings) {
    let mut ids = BTreeSet::new();
    let mut external = BTreeSet::<(&str, &ExternalId)>::new();
    let categories = menu.categories.iter();
    let categories = categories.map(|one| (PartId::Category(one.id), one.external_id.as_ref()));
    let items = menu.items.iter();
    let items = items.map(|one| (PartId::Item(one.id), one.external_id.as_ref()));
    let groups = menu.groups.iter();
    let groups = groups.map(|one| (PartId::Group(one.id), one.external_id.as_ref()));
    for (id, external_id) in categories.chain(items).chain(groups) {
        findings.about(Some(id));
        if !ids.insert(id) {
            findings.add("twice", "id", "it is there twice".to_owned());
        }
        if let Some(external_id) = external_id
            && !external.insert((id.kind(), external_id))
        {
            let words = format!("another {} has the external id {external_id}", id.kind());
            findings.add("external_id_taken", "externalId", words);
        }
    }
}

fn category(category: &Category, lookup: &Lookup<'_>, findings: &mut Findings) {
    if let Some(key) = &category.daypart {
        daypart("daypart", key, lookup, findings);
    }
    for (place, id) in category.items.iter().enumerate() {
        let field = || format!("items[{place}]");
        match lookup.items.get(id) {
            None => findings.add("unknown", field(), "the menu has no such item".to_owned()),
            Some(item) if !item.alone => {
                let words = format!("{} cannot be ordered by itself", item.name.main());
                findings.add("not_alone", field(), words);
            }
            Some(_) => {}
        }
    }
}

fn item(item: &Item, lookup: &Lookup<'_>, findings: &mut Findings) {
    amounts("price", &item.price, lookup, findings);
    if !lookup.taxes.contains_key(&item.tax) {
        let words = format!("the menu has no tax class {}", item.tax);
        findings.add("unknown", "tax", words);
    }
    for (place, id) in item.groups.iter().enumerate() {
        if !lookup.groups.contains_key(id) {
            let words = "the menu has no such group".to_owned();
            findings.add("unknown", format!("groups[{place}]"), words);
        }
    }
}

fn group(group: &Group, lookup: &Lookup<'_>, findings: &mut Findings) {
    for (place, choice) in group.choices.iter().enumerate() {
        if !lookup.items.contains_key(&choice.item) {
            let words = "the menu has no such item".to_owned();
            findings.add("unknown", format!("choices[{place}].item"), words);
        }
        if let Some(prices) = &choice.prices {
            amounts(
                &format!("choices[{place}].prices"),
                prices,
                lookup,
                findings,
            );
        }
        if choice.max == 0 {
            let words = "of a choice at least one can be chosen".to_owned();
            findings.add("out_of_range", format!("choices[{place}].max"), words);
        }
        if choice.preset > choice.max {
            let words = format!(
                "{} are preset, and {} can be chosen",
                choice.preset, choice.max
            );
            findings.add("preset_outside", format!("choices[{place}].preset"), words);
        }
    }
    counts(group, findings);
    enough(group, findings);
}

/// Whether the numbers of a group agree with each other.
fn counts(group: &Group, findings: &mut Findings) {
    let (min, max) = (group.min, group.max);
    if max == 0 {
        findings.add(
            "out_of_range",
            "max",
            "at least one can be chosen".to_owned(),
        );
    }
    if min > max {
        let words = format!("at least {min} must be chosen, and at most {max} can be");
        findings.add("min_above_max", "min", words);
    }
    if group.free > max {
        let words = format!("{} are free, and at most {max} can be chosen", group.free);
        findings.add("free_above_max", "free", words);
    }
    let all = offered(group);
    if u64::from(max) > all && min <= max && all >= u64::from(min) {
        let words = format!("{max} can be chosen, and the choices allow {all}");
        findings.add("max_unreachable", "max", words);
    }
    let preset = group.choices.iter().map(|choice| u64::from(choice.preset));
    let preset = preset.fold(0, u64::saturating_add);
    if preset > u64::from(max) || (preset > 0 && preset < u64::from(min)) {
        let words = format!("{preset} are preset, and from {min} to {max} can be chosen");
        findings.add("preset_outside", "choices", words);
    }
}

/// Whether there are enough choices for what must be chosen.
fn enough(group: &Group, findings: &mut Findings) {
    let all = offered(group);
    if u64::from(group.min) > all {
        let words = format!("{} must be chosen, and the choices allow {all}", group.min);
        findings.add("min_unreachable", "min", words);
    }
}

fn offered(group: &Group) -> u64 {
    let most = group.choices.iter().map(|choice| u64::from(choice.max));
    most.fold(0, u64::saturating_add)
}

fn amounts(field: &str, prices: &Prices, lookup: &Lookup<'_>, findings: &mut Findings) {
    for (place, rule) in prices.rules.iter().enumerate() {
        if let Some(key) = &rule.daypart {
            daypart(
                &format!("{field}.rules[{place}].daypart"),
                key,
                lookup,
                findings,
            );
        }
    }
}

fn daypart(field: &str, key: &Key, lookup: &Lookup<'_>, findings: &mut Findings) {
    if !lookup.dayparts.contains_key(key) {
        let words = format!("the menu has no part of the day {key}");
        findings.add("unknown", field, words);
    }
}

/// How deep the choices of each item go, and how many are preset in them. What goes round in a circle has no end, so
/// that one more round than may be nested finds it, too.
fn nesting(menu: &Menu, findings: &mut Findings) {
    let mut items = vec![Reach::default(); menu.items.len()];
    let place = |id: ItemId| menu.items.binary_search_by_key(&id, |item| item.id).ok();
    for _ in 0..=DEPTH_MAX {
        let of_group = |group: &Group| {
            let mut reach = Reach {
                depth: 1,
                preset: 0,
            };
            for choice in &group.choices {
                let inner = place(choice.item).and_then(|place| items.get(place));
                let inner = inner.copied().unwrap_or_default();
                reach.depth = reach.depth.max(inner.depth.saturating_add(1));
                if choice.preset > 0 {
                    reach.preset = reach.preset.saturating_add(inner.preset).saturating_add(1);
                }
            }
            reach
        };
        let groups: Vec<Reach> = menu.groups.iter().map(of_group).collect();
        let of_item = |item: &Item| {
            let mut reach = Reach::default();
            for id in &item.groups {
                let place = menu.groups.binary_search_by_key(id, |group| group.id);
                let inner = place.ok().and_then(|place| groups.get(place));
                let inner = inner.copied().unwrap_or_default();
                reach.depth = reach.depth.max(inner.depth);
                reach.preset = reach.preset.saturating_add(inner.preset);
            }
            reach
        };
        items = menu.items.iter().map(of_item).collect();
    }
    for (item, reach) in menu.items.iter().zip(items) {
        findings.about(Some(PartId::Item(item.id)));
        let name = item.name.main();
        if reach.depth > DEPTH_MAX {
            let words = format!(
                "the choices of {name} are nested deeper than {DEPTH_MAX}, or go round in a circle"
            );
            findings.add("too_deep", "groups", words);
        } else if reach.preset > CHOSEN_LINES_MAX {
            let words = format!("{name} has more than {CHOSEN_LINES_MAX} presets, nested ones too");
            findings.add("too_many", "groups", words);
        }
        if findings.is_full() {
            return;
        }
    }
}

/// How far choices reach.
#[derive(Clone, Copy, Default)]
struct Reach {
    depth: usize,
    preset: usize,
}
