//! Menus for tests: a small real one, and any that can be written down.

mod choosing;
mod drafts;
mod reading;
mod stocks;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use base::{Currency, Uid};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;

/// How many cases of each property are tried: a whole menu is drawn for each.
const CASES: u32 = 80;

fn uid(number: u16) -> Uid {
    let mut bytes = [0; 16];
    bytes[14..].copy_from_slice(&number.to_be_bytes());
    Uid::from_bytes(bytes)
}

fn itm(number: u16) -> ItemId {
    uid(number).into()
}

fn grp(number: u16) -> GroupId {
    uid(number).into()
}

fn cat(number: u16) -> CategoryId {
    uid(number).into()
}

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

fn words(text: &str) -> Words {
    Words::parse(text).unwrap()
}

fn time(text: &str) -> TimeOfDay {
    text.parse().unwrap()
}

fn item(number: u16, name: &str, minor: i64) -> Item {
    Item {
        id: itm(number),
        name: words(name),
        description: None,
        price: Prices::flat(minor),
        groups: Vec::new(),
        tax: key("food"),
        sold: Sold::default(),
        allergens: BTreeSet::new(),
        diets: BTreeSet::new(),
        age_min: None,
        picture: None,
        prep_minutes: None,
        alone: true,
        external_id: None,
        metadata: Metadata::default(),
    }
}

fn option(number: u16, name: &str, minor: i64) -> Item {
    Item {
        alone: false,
        ..item(number, name, minor)
    }
}

fn choice(number: u16) -> Choice {
    Choice {
        item: itm(number),
        prices: None,
        max: 1,
        preset: 0,
    }
}

fn group(number: u16, name: &str, limits: (u16, u16), choices: Vec<Choice>) -> Group {
    Group {
        id: grp(number),
        name: words(name),
        min: limits.0,
        max: limits.1,
        free: 0,
        choices,
        external_id: None,
        metadata: Metadata::default(),
    }
}

fn category(number: u16, name: &str, items: &[u16]) -> Category {
    Category {
        id: cat(number),
        name: words(name),
        description: None,
        items: items.iter().copied().map(itm).collect(),
        daypart: None,
        sold: Sold::default(),
        external_id: None,
        metadata: Metadata::default(),
    }
}

fn lunch() -> Daypart {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
    Daypart {
        key: key("lunch"),
        name: words("Lunch"),
        days: [Monday, Tuesday, Wednesday, Thursday, Friday].into(),
        from: time("11:30"),
        to: time("14:30"),
    }
}

/// A margherita in two sizes with toppings of which one is free, and a combo of it with a drink.
fn trattoria() -> Menu {
    let mut margherita = item(1, "Margherita", 890);
    margherita.groups = vec![grp(1), grp(2)];
    margherita.price.rules.push(PriceRule {
        service: None,
        channel: None,
        daypart: Some(key("lunch")),
        minor: 690,
    });
    let mut combo = item(2, "Pizza and drink", 1100);
    combo.groups = vec![grp(3), grp(4)];
    let mut sizes = group(1, "Size", (1, 1), vec![choice(10), choice(11)]);
    sizes.choices[0].preset = 1;
    let mut toppings = group(2, "Toppings", (0, 3), vec![choice(20), choice(21)]);
    toppings.free = 1;
    toppings.choices[0].max = 2;
    let mut pizzas = group(3, "Your pizza", (1, 1), vec![choice(1)]);
    pizzas.choices[0].prices = Some(Prices::flat(0));
    pizzas.choices[0].preset = 1;
    let mut drinks = group(4, "Your drink", (1, 1), vec![choice(30), choice(31)]);
    drinks.choices[0].prices = Some(Prices::flat(0));
    drinks.choices[1].prices = Some(Prices::flat(150));
    let rates = Service::ALL.iter().map(|service| (*service, 100_000));
    Menu {
        currency: Currency::EUR,
        language: "it".parse().unwrap(),
        taxes_included: TaxesIncluded::Included,
        dayparts: vec![lunch()],
        taxes: vec![TaxClass {
            key: key("food"),
            rates: rates.collect(),
        }],
        categories: vec![
            category(1, "Pizza", &[1, 2]),
            category(2, "Drinks", &[30, 31]),
        ],
        items: vec![
            margherita,
            combo,
            option(10, "Normal", 0),
            option(11, "Large", 300),
            option(20, "Olives", 100),
            option(21, "Ham", 180),
            item(30, "Water", 250),
            item(31, "Wine", 450),
        ],
        groups: vec![sizes, toppings, pizzas, drinks],
    }
}

fn keys() -> impl Strategy<Value = Key> {
    (0..4_u8).prop_map(|number| key(&format!("k{number}")))
}

fn channels() -> impl Strategy<Value = Channel> {
    (0..3_u8).prop_map(|number| format!("c{number}").parse().unwrap())
}

fn services() -> impl Strategy<Value = Service> {
    proptest::sample::select(Service::ALL)
}

fn any_words() -> impl Strategy<Value = Words> {
    let texts = btree_map(
        proptest::sample::select(&["de", "de-AT", "en"][..]),
        "[a-c]{1,2}",
        0..3,
    );
    ("[a-c]{1,2}", texts).prop_map(|(main, other)| {
        let other = other
            .into_iter()
            .map(|(to, text)| (to.parse().unwrap(), text));
        Words::of(main, other.collect()).unwrap()
    })
}

fn any_sold() -> impl Strategy<Value = Sold> {
    let some = (btree_set(services(), 0..2), btree_set(channels(), 0..2));
    let some = some.prop_map(|(services, channels)| Sold { services, channels });
    prop_oneof![3 => Just(Sold::default()), 1 => some]
}

fn any_prices() -> impl Strategy<Value = Prices> {
    let rule = (
        option::of(services()),
        option::of(channels()),
        option::of(keys()),
        0..900_i64,
    );
    let rule = rule.prop_map(|(service, channel, daypart, minor)| PriceRule {
        service,
        channel,
        daypart,
        minor,
    });
    let minor = prop_oneof![9 => 0..900_i64, 1 => any::<i64>()];
    (minor, vec(rule, 0..4)).prop_map(|(minor, rules)| Prices { minor, rules })
}

fn any_item() -> impl Strategy<Value = Item> {
    let groups = vec((0..6_u16).prop_map(grp), 0..3);
    let external = option::weighted(
        0.2,
        (0..4_u8).prop_map(|n| format!("x{n}").parse().unwrap()),
    );
    let texts = (any_words(), option::of(any_words()), external);
    (
        0..9_u16,
        texts,
        any_prices(),
        groups,
        any_sold(),
        any::<bool>(),
    )
        .prop_map(
            |(number, (name, description, external_id), price, groups, sold, alone)| Item {
                name,
                description,
                price,
                groups,
                sold,
                alone,
                external_id,
                ..item(number, "x", 0)
            },
        )
}

fn any_group() -> impl Strategy<Value = Group> {
    let choice = (0..9_u16, option::of(any_prices()), 0..4_u16, 0..3_u16);
    let choice = choice.prop_map(|(item, prices, max, preset)| Choice {
        item: itm(item),
        prices,
        max,
        preset,
    });
    let limits = (0..3_u16, 0..5_u16, 0..3_u16);
    (0..6_u16, any_words(), limits, vec(choice, 0..5)).prop_map(
        |(number, name, (min, max, free), choices)| Group {
            name,
            free,
            ..group(number, "x", (min, max), choices)
        },
    )
}

fn any_category() -> impl Strategy<Value = Category> {
    let items = vec((0..9_u16).prop_map(itm), 0..5);
    let daypart = option::weighted(0.3, keys());
    (0..4_u16, any_words(), items, daypart, any_sold()).prop_map(
        |(number, name, items, daypart, sold)| Category {
            name,
            items,
            daypart,
            sold,
            ..category(number, "x", &[])
        },
    )
}

fn any_daypart() -> impl Strategy<Value = Daypart> {
    let days = btree_set(proptest::sample::select(Weekday::ALL), 0..7);
    let minutes = || (0..=1_440_u16).prop_map(|minutes| TimeOfDay::from_minutes(minutes).unwrap());
    (keys(), days, minutes(), minutes()).prop_map(|(key, days, from, to)| Daypart {
        key,
        days,
        from,
        to,
        ..lunch()
    })
}

/// Any menu, most of which nobody would publish: with parts that are not there, circles and limits that cannot be met.
fn any_menu() -> impl Strategy<Value = Menu> {
    let parts = (
        vec(any_category(), 0..4),
        vec(any_item(), 0..10),
        vec(any_group(), 0..6),
    );
    let order = vec((0..4_u16).prop_map(cat), 0..4);
    (parts, vec(any_daypart(), 0..4), order).prop_map(
        |((categories, items, groups), dayparts, order)| {
            let head = Head {
                currency: Currency::EUR,
                language: "it".parse().unwrap(),
                taxes_included: TaxesIncluded::Added,
                dayparts,
                taxes: trattoria().taxes,
                order,
            };
            let mut draft = Draft::default();
            let mut puts = vec![Part::Head(head)];
            puts.extend(categories.into_iter().map(Part::Category));
            puts.extend(items.into_iter().map(Part::Item));
            puts.extend(groups.into_iter().map(Part::Group));
            draft.follow(Edit {
                puts,
                removes: Vec::new(),
            });
            draft.menu().unwrap()
        },
    )
}

/// Menus that can be published: what is wrong with any menu is taken out or put right.
fn good_menu() -> impl Strategy<Value = Menu> {
    any_menu()
        .prop_map(mended)
        .prop_filter("nothing to sell", |menu| check(menu).is_empty())
}

/// Puts right what can be put right: item n has groups below n, so that there are no circles.
fn mended(mut menu: Menu) -> Menu {
    let dayparts: BTreeMap<Key, Daypart> = (menu.dayparts.into_iter())
        .map(|one| (one.key.clone(), one))
        .collect();
    menu.dayparts = dayparts
        .into_values()
        .filter(|one| !one.days.is_empty())
        .collect();
    let known: BTreeSet<Key> = menu.dayparts.iter().map(|one| one.key.clone()).collect();
    let right = |prices: &mut Prices| {
        prices.minor = prices.minor.clamp(0, 900);
        let is_right = |rule: &PriceRule| {
            rule.named() > 0 && rule.daypart.as_ref().is_none_or(|key| known.contains(key))
        };
        prices.rules.retain(is_right);
    };
    let items: BTreeSet<ItemId> = menu.items.iter().map(|one| one.id).collect();
    for group in &mut menu.groups {
        let mut seen = BTreeSet::new();
        let number = group.id.uid().as_bytes()[15];
        // A group offers items of higher numbers only than it has itself.
        group.choices.retain(|one| {
            let above = one.item.uid().as_bytes()[15] > number;
            above && items.contains(&one.item) && seen.insert(one.item)
        });
        for choice in &mut group.choices {
            choice.max = choice.max.max(1);
            choice.preset = 0;
            choice.prices.iter_mut().for_each(right);
        }
        let all: u16 = group.choices.iter().map(|choice| choice.max).sum();
        group.max = group.max.clamp(1, all.max(1));
        group.min = group.min.min(group.max);
        group.free = group.free.min(group.max);
    }
    menu.groups.retain(|group| !group.choices.is_empty());
    let groups: BTreeSet<GroupId> = menu.groups.iter().map(|one| one.id).collect();
    for item in &mut menu.items {
        let mut seen = BTreeSet::new();
        let number = item.id.uid().as_bytes()[15];
        item.groups.retain(|id| {
            id.uid().as_bytes()[15] >= number && groups.contains(id) && seen.insert(*id)
        });
        right(&mut item.price);
        item.external_id = None;
        item.alone = true;
    }
    for category in &mut menu.categories {
        let mut seen = BTreeSet::new();
        category
            .items
            .retain(|id| items.contains(id) && seen.insert(*id));
        category.daypart = category.daypart.take().filter(|key| known.contains(key));
    }
    menu
}
