//! A menu of about 23 KB as the public reads it: sixty items with words, prices, allergens and a few choices.

use std::collections::{BTreeMap, BTreeSet};

use base::{Organisation, Uid};
use carte::{
    Allergen, Category, CategoryId, Choice, Group, GroupId, Item, ItemId, Menu, Metadata, Prices,
    Service, Sold, TaxClass, TaxesIncluded, Words,
};

use crate::Outcome;

const ITEMS: usize = 60;
const CATEGORIES: usize = 6;
const GROUPS: usize = 4;
const CHOICES: usize = 6;

const FIRST: [&str; 12] = [
    "Grilled", "Braised", "Smoked", "Stuffed", "Roasted", "Pickled", "Steamed", "Fried", "Baked",
    "Glazed", "Raw", "Spiced",
];
const SECOND: [&str; 15] = [
    "aubergine",
    "lamb",
    "sea bass",
    "peppers",
    "chicken",
    "beetroot",
    "dumplings",
    "squid",
    "pumpkin",
    "pork belly",
    "tuna",
    "chickpeas",
    "artichokes",
    "veal",
    "mushrooms",
];
const WITH: [&str; 9] = [
    "with lemon and wild herbs from the garden",
    "on a bed of warm lentils",
    "with roasted almonds and saffron rice",
    "in a sauce of tomatoes, capers and olives",
    "with potatoes, butter and fresh dill",
    "with pickled cucumber and mint",
    "under a crust of breadcrumbs and parmesan",
    "with burnt onions and pomegranate",
    "in its own broth with ginger",
];

/// Makes the menu. What differs from seed to seed is which words stand where.
pub(crate) fn menu(organisation: Organisation, seed: usize) -> Outcome<Menu> {
    let tax = "food".parse()?;
    let items = (0..ITEMS).map(|at| item(organisation, seed, at));
    let mut items = items.collect::<Outcome<Vec<Item>>>()?;
    items.sort_by_key(|item| item.id);
    let groups = (0..GROUPS).map(|at| group(organisation, at));
    let categories = (0..CATEGORIES).map(|at| category(organisation, at));
    let rates: BTreeMap<Service, i64> = Service::ALL
        .iter()
        .map(|service| (*service, 70_000))
        .collect();
    Ok(Menu {
        currency: "EUR".parse().map_err(|_| "no currency")?,
        language: "en".parse()?,
        taxes_included: TaxesIncluded::Included,
        dayparts: Vec::new(),
        taxes: vec![TaxClass { key: tax, rates }],
        categories: categories.collect::<Outcome<_>>()?,
        items,
        groups: groups.collect::<Outcome<_>>()?,
    })
}

fn item(organisation: Organisation, seed: usize, at: usize) -> Outcome<Item> {
    let word = |list: &[&'static str], step: usize| list[(seed * 7 + at * step) % list.len()];
    let name = format!("{} {}", word(&FIRST, 5), word(&SECOND, 7));
    let about = format!(
        "{} {}, {}. {} by hand every morning, and served {}. Ask for it without, if you would rather.",
        word(&FIRST, 1),
        word(&SECOND, 4),
        word(&WITH, 2),
        word(&FIRST, 3),
        word(&WITH, 5),
    );
    let groups: Vec<GroupId> = match at % 4 {
        0 => vec![GroupId::from(id(organisation, 2, at % GROUPS))],
        _ => Vec::new(),
    };
    let allergens = [Allergen::Gluten, Allergen::Milk, Allergen::Eggs];
    Ok(Item {
        id: ItemId::from(id(organisation, 1, at)),
        name: Words::parse(&name)?,
        description: Some(Words::parse(&about)?),
        price: Prices::flat(450 + 35 * i64::try_from(at)?),
        groups,
        tax: "food".parse()?,
        sold: Sold::default(),
        allergens: allergens.into_iter().take(at % 4).collect(),
        diets: BTreeSet::new(),
        age_min: None,
        picture: None,
        prep_minutes: Some(15),
        alone: true,
        external_id: None,
        metadata: Metadata::default(),
    })
}

fn group(organisation: Organisation, at: usize) -> Outcome<Group> {
    let choice = |number: usize| Choice {
        item: ItemId::from(id(organisation, 1, at * CHOICES + number + 1)),
        prices: Some(Prices::flat(50)),
        max: 1,
        preset: 0,
    };
    Ok(Group {
        id: GroupId::from(id(organisation, 2, at)),
        name: Words::parse("Something beside it")?,
        min: 0,
        max: 3,
        free: 0,
        choices: (0..CHOICES).map(choice).collect(),
        external_id: None,
        metadata: Metadata::default(),
    })
}

fn category(organisation: Organisation, at: usize) -> Outcome<Category> {
    let each = ITEMS / CATEGORIES;
    let items = (at * each..(at + 1) * each).map(|item| ItemId::from(id(organisation, 1, item)));
    Ok(Category {
        id: CategoryId::from(id(organisation, 3, at)),
        name: Words::parse(&format!("{} things", FIRST[at % FIRST.len()]))?,
        description: None,
        items: items.collect(),
        daypart: None,
        sold: Sold::default(),
        external_id: None,
        metadata: Metadata::default(),
    })
}

/// An id of a part of a menu. Menus of different restaurants may use the same ones.
fn id(organisation: Organisation, kind: u128, at: usize) -> Uid {
    const MADE_MS: u128 = 1_735_689_600_000;
    // Spread as chance would spread them, so that they pack as real ones do.
    let spread = (at as u128 + 1).wrapping_mul(0x9e37_79b9_7f4b) & 0xffff_ffff_ff00;
    let value = MADE_MS << 80 | u128::from(organisation.get()) << 48 | spread | kind;
    Uid::from_bytes(value.to_be_bytes())
}
