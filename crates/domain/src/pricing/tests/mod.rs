//! Quotes: known bills, known refusals, and what holds for every bill whatever is asked for.

mod bills;
pub(crate) mod properties;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};

use base::{Currency, Time, Uid};

use super::*;
use crate::organisations::{Name, TimeZone};
use crate::venues::{Hours, Position, Shape, Venue, Week, Weekly, Zone, Zones};
use carte::{
    Availability, Category, CategoryId, Channel, Choice, Daypart, Group, GroupId, Item, ItemId,
    Key, Menu, Metadata, Prices, Service, Sold, TaxClass, TaxesIncluded, Wanted, Weekday, Words,
};

/// A Thursday, 12:00 in Vienna.
pub(super) const NOON: Time = Time::from_micros(1_772_708_400_000_000);
pub(super) const HOUR_MICROS: i64 = 3_600_000_000;

pub(super) fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub(super) fn words(text: &str) -> Words {
    Words::parse(text).unwrap()
}

fn uid(number: u8) -> Uid {
    Uid::from_bytes([number; 16])
}

pub(crate) fn item_id(number: u8) -> ItemId {
    uid(number).into()
}

pub(crate) fn group_id(number: u8) -> GroupId {
    uid(number).into()
}

pub(super) fn item(number: u8, minor: i64, tax: &str) -> Item {
    Item {
        id: item_id(number),
        name: words(&format!("Item {number}")),
        description: None,
        price: Prices::flat(minor),
        groups: Vec::new(),
        tax: key(tax),
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

pub(super) fn group(number: u8, (min, max, free): (u16, u16, u16), items: &[u8]) -> Group {
    let choice = |number: &u8| Choice {
        item: item_id(*number),
        prices: None,
        max: 9,
        preset: 0,
    };
    Group {
        id: group_id(number),
        name: words(&format!("Group {number}")),
        min,
        max,
        free,
        choices: items.iter().map(choice).collect(),
        external_id: None,
        metadata: Metadata::default(),
    }
}

pub(super) fn category(number: u8, items: &[u8]) -> Category {
    Category {
        id: CategoryId::from(uid(number)),
        name: words(&format!("Category {number}")),
        description: None,
        items: items.iter().map(|number| item_id(*number)).collect(),
        daypart: None,
        sold: Sold::default(),
        external_id: None,
        metadata: Metadata::default(),
    }
}

fn class(name: &str, delivery: i64, dine_in: i64) -> TaxClass {
    TaxClass {
        key: key(name),
        rates: BTreeMap::from([
            (Service::Delivery, delivery),
            (Service::Pickup, delivery),
            (Service::DineIn, dine_in),
        ]),
    }
}

/// Food at 7 %, at 19 % where it is eaten there; drinks at 19 %. Items 1 and 2 are dishes, 3 is a drink, 4 to 6 are
/// toppings (group 1 of the first dish: at most three, one of them free), 7 is a sauce (group 2 of topping 4).
pub(super) fn menu(taxes_included: TaxesIncluded) -> Menu {
    let mut first = item(1, 1000, "food");
    first.groups = vec![group_id(1)];
    let mut topping = item(4, 150, "food");
    topping.groups = vec![group_id(2)];
    Menu {
        currency: Currency::EUR,
        language: "en".parse().unwrap(),
        taxes_included,
        dayparts: vec![Daypart {
            key: key("lunch"),
            name: words("Lunch"),
            days: Weekday::ALL.iter().copied().collect(),
            from: "11:00".parse().unwrap(),
            to: "14:00".parse().unwrap(),
        }],
        taxes: vec![
            class("food", 70_000, 190_000),
            class("drink", 190_000, 190_000),
        ],
        categories: vec![category(1, &[1, 2]), category(2, &[3])],
        items: vec![
            first,
            item(2, 799, "food"),
            item(3, 290, "drink"),
            topping,
            item(5, 100, "food"),
            item(6, 200, "drink"),
            item(7, 30, "food"),
        ],
        groups: vec![group(1, (0, 3, 1), &[4, 5, 6]), group(2, (0, 1, 0), &[7])],
    }
}

/// Open every day from 10:00 to 22:00, delivering within 3 km for 2.50 from 10.00 on, for nothing from 30.00 on.
pub(super) fn venue() -> Venue {
    let week = Week::new(vec![Weekly {
        days: Weekday::ALL.iter().copied().collect(),
        from: "10:00".parse().unwrap(),
        to: "22:00".parse().unwrap(),
    }]);
    let week = week.unwrap();
    let mut venue = Venue {
        hours: Hours {
            weeks: Service::ALL
                .iter()
                .map(|service| (*service, week.clone()))
                .collect(),
            ..Hours::default()
        },
        zones: Zones::new(vec![Zone {
            name: Name::parse("Near").unwrap(),
            shape: Shape::Radius(3_000),
            fee_minor: 250,
            minimum_minor: 1000,
            free_from_minor: Some(3000),
            minutes: 20,
            times: Week::default(),
        }])
        .unwrap(),
        ..Venue::default()
    };
    venue.profile.position = Some(here());
    venue
}

pub(super) fn here() -> Position {
    Position::new(48_208_000, 16_373_000).unwrap()
}

/// All that facts are made of, so that a test changes what it is about.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) menu: Menu,
    pub(super) venue: Venue,
    pub(super) availability: Availability,
    pub(super) service: Service,
    pub(super) channel: Channel,
    pub(super) at: Time,
    pub(super) position: Option<Position>,
    pub(super) discounts: Vec<Discount>,
    pub(super) in_cash: bool,
    pub(super) tip: i64,
}

impl Known {
    pub(crate) fn new(taxes_included: TaxesIncluded) -> Self {
        Known {
            menu: menu(taxes_included),
            venue: venue(),
            availability: Availability::default(),
            service: Service::Pickup,
            channel: Channel::default(),
            at: NOON,
            position: Some(here()),
            discounts: Vec::new(),
            in_cash: false,
            tip: 0,
        }
    }

    pub(crate) fn quote(&self, wanted: &[WantedLine]) -> Quote {
        let zone: TimeZone = "Europe/Vienna".parse().unwrap();
        let facts = Facts {
            menu: &self.menu,
            venue: &self.venue,
            availability: &self.availability,
            zone,
            service: self.service,
            channel: &self.channel,
            now: NOON,
            at: self.at,
            position: self.position,
            discounts: &self.discounts,
            in_cash: self.in_cash,
            tip_minor: self.tip,
        };
        quote(&facts, wanted)
    }
}

pub(crate) fn line(item: u8, quantity: u32) -> WantedLine {
    WantedLine {
        item: item_id(item),
        quantity,
        choices: Vec::new(),
    }
}

pub(crate) fn want(group: u8, item: u8, quantity: u32) -> Wanted {
    Wanted {
        group: group_id(group),
        item: item_id(item),
        quantity,
        choices: Vec::new(),
    }
}

pub(super) fn codes(quote: &Quote) -> Vec<(Option<usize>, &'static str)> {
    let refused = quote.refusals.iter();
    refused
        .map(|refused| (refused.line, refused.reason.code()))
        .collect()
}
