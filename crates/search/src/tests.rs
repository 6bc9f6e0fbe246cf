//! The index against a plain look at every restaurant: whatever was put in and taken out, both answer the same.

use std::collections::BTreeMap;

use base::{Clock, Organisation, Random, Time, Uid};
use carte::{ItemId, Service, TimeOfDay, Weekday, Words};
use domain::organisations::{Address, Country, Details, Name, Restaurant, RestaurantId};
use domain::venues::{
    About, Exceptions, ExceptionsEdit, Halt, Held, Hours, Position, Profile, Reason, Venue, Week,
    Weekly, open_at,
};
use proptest::prelude::*;

use super::*;

/// Saturday 2026-11-21, 12:00 in Rome.
const NOON: i64 = 1_795_258_800_000_000;
const MINUTE: i64 = 60_000_000;

/// A restaurant in a few words.
#[derive(Clone, Debug)]
struct Made {
    name: String,
    city: String,
    cuisine: &'static str,
    items: Vec<String>,
    position: Option<(i32, i32)>,
    hours: Option<(u16, u16)>,
    created: i64,
    revision: Option<i64>,
}

impl Made {
    fn new(name: &str) -> Self {
        Made {
            name: name.to_owned(),
            city: "Bolzano".to_owned(),
            cuisine: "italian",
            items: Vec::new(),
            position: Some((46_498_295, 11_354_758)),
            hours: Some((600, 1_320)),
            created: NOON,
            revision: Some(1),
        }
    }

    fn venue(&self) -> Venue {
        let time = |minutes| TimeOfDay::from_minutes(minutes).unwrap();
        let days = Weekday::ALL.iter().copied().collect();
        let week = self.hours.map(|(from, to)| Weekly {
            days,
            from: time(from),
            to: time(to),
        });
        let weeks = week.map(|weekly| (Service::Delivery, Week::new(vec![weekly]).unwrap()));
        Venue {
            profile: Profile {
                cuisines: vec![self.cuisine.parse().unwrap()],
                position: self
                    .position
                    .map(|(lat, lng)| Position::new(lat, lng).unwrap()),
                ..Profile::default()
            },
            hours: Hours {
                weeks: weeks.into_iter().collect(),
                ..Hours::default()
            },
            ..Venue::default()
        }
    }

    fn published(&self, number: u32) -> (Card, MenuWords) {
        self.as_venue(number, &self.venue())
    }

    fn as_venue(&self, number: u32, venue: &Venue) -> (Card, MenuWords) {
        let details = Details {
            name: Name::parse(&self.name).unwrap(),
            brand: None,
            external_id: Some(Name::parse("secret").unwrap()),
            time_zone: "Europe/Rome".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
            address: Address {
                street: Name::parse("Via Roma 1").unwrap(),
                postal_code: None,
                city: Name::parse(&self.city).unwrap(),
                country: Country::parse("IT").unwrap(),
            },
        };
        let made = Restaurant::created(id(number), details, Time::from_micros(self.created));
        let items: Vec<(ItemId, Words)> = self
            .items
            .iter()
            .map(|name| (ItemId::from(id(number).uid()), Words::parse(name).unwrap()))
            .collect();
        let words = MenuWords::of(&[], items.iter().map(|(id, words)| (*id, words)));
        (Card::of(&made, venue, self.revision), words)
    }
}

/// Ids in the order of their numbers, five of each organisation.
fn id(number: u32) -> RestaurantId {
    let (clock, random) = (Clock::real(), Random::seeded(u64::from(number)));
    let organisation = Organisation::new(1 + number / 5);
    let mut bytes = *Uid::make(&clock, &random, organisation).as_bytes();
    bytes[..6].copy_from_slice(&[0; 6]);
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    Uid::from_bytes(bytes).into()
}

fn filter(now: i64) -> Filter {
    Filter {
        now: Time::from_micros(now),
        site: None,
        cuisine: None,
        city: None,
        service: None,
        open: Open::Whichever,
        near: None,
        radius: None,
    }
}

fn index(all: &[Made]) -> Index {
    let mut index = Index::default();
    for (number, made) in (0..).zip(all) {
        let (card, words) = made.published(number);
        index.put(card, words);
    }
    index
}

fn names(hits: &[Hit]) -> Vec<&str> {
    hits.iter()
        .map(|hit| hit.listed.card.name.as_str())
        .collect()
}

#[test]
fn what_is_typed_wrong_or_halfway_is_found() {
    let mut lucia = Made::new("Trattoria da Lucia");
    lucia.items = ["Crêpes Suzette", "Pizza Margherita", "Pizza Salami"]
        .map(str::to_owned)
        .to_vec();
    let mut sushi = Made::new("Sushi Tarō");
    sushi.items = vec!["Maki mit Lachs".to_owned(), "寿司盛り合わせ".to_owned()];
    sushi.city = "München".to_owned();
    let index = index(&[lucia, sushi, Made::new("Ristorante Piazza")]);
    for (text, found) in [
        ("lucia", "Trattoria da Lucia"),
        ("LUCÍA", "Trattoria da Lucia"),
        ("trattria", "Trattoria da Lucia"),
        ("trat", "Trattoria da Lucia"),
        ("crepes suzete", "Trattoria da Lucia"),
        ("margeri", "Trattoria da Lucia"),
        ("sushi munchen", "Sushi Tarō"),
        ("寿司", "Sushi Tarō"),
        ("ristornate", "Ristorante Piazza"),
    ] {
        let hits = index.search(text, &filter(NOON), 10);
        assert_eq!(names(&hits).first(), Some(&found), "{text}");
    }
    let hits = index.search("pizza margherita", &filter(NOON), 10);
    let items: Vec<&str> = hits[0]
        .items
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    assert_eq!(items, ["Pizza Margherita"]);
    assert!(index.search("quetzalcoatl", &filter(NOON), 10).is_empty());
    assert!(index.search(" ! ", &filter(NOON), 10).is_empty());
}

#[test]
fn a_name_comes_before_an_item_and_the_near_before_the_far() {
    let mut item = Made::new("Da Mario");
    item.items = vec!["Pizza".to_owned()];
    let (mut near, mut far) = (Made::new("Pizza Uno"), Made::new("Pizza Due"));
    near.position = Some((46_500_000, 11_350_000));
    far.position = Some((46_600_000, 11_350_000));
    let index = index(&[item, far, near]);
    let here = Filter {
        near: Some(Position::new(46_498_295, 11_354_758).unwrap()),
        ..filter(NOON)
    };
    let hits = index.search("pizza", &here, 10);
    assert_eq!(names(&hits), ["Pizza Uno", "Pizza Due", "Da Mario"]);
    let close = Filter {
        radius: Some(3_000),
        ..here
    };
    let hits = index.search("pizza", &close, 10);
    assert_eq!(names(&hits), ["Pizza Uno", "Da Mario"]);
}

#[test]
fn it_is_open_from_the_first_minute_until_the_last() {
    let lucia = Made::new("Lucia");
    let index = index(std::slice::from_ref(&lucia));
    let is_open = |index: &Index, minute: i64, micros: i64| {
        let now = Filter {
            open: Open::Now,
            ..filter(NOON + (minute - 720) * MINUTE + micros)
        };
        !index.list(&now, Sort::Name, (None, 10)).0.is_empty()
    };
    for (minute, micros, open) in [
        (599, 0, false),
        (600, -1, false),
        (600, 0, true),
        (1_319, 0, true),
        (1_320, -1, true),
        (1_320, 0, false),
        (1_440 + 600, 0, true),
    ] {
        assert_eq!(is_open(&index, minute, micros), open, "{minute} {micros}");
    }
    // A pause ends by itself, and a day that is closed is closed.
    let until = Time::from_micros(NOON + 30 * MINUTE);
    let pause = Held {
        about: About::default(),
        halt: Halt::Paused,
        reason: Reason::TooMuch,
        note: None,
        until,
    };
    let mut venue = lucia.venue();
    venue.standing = venue.standing.with(pause, Time::from_micros(NOON)).unwrap();
    let mut paused = super::Index::default();
    let (card, words) = lucia.as_venue(0, &venue);
    paused.put(card, words);
    assert!(!is_open(&paused, 720, 0) && !is_open(&paused, 749, 0) && is_open(&paused, 750, 0));
    let edit: ExceptionsEdit =
        serde_json::from_str(r#"{"put": [{"date": "2026-11-21", "spans": []}]}"#).unwrap();
    venue.exceptions = Exceptions::default().edited(&edit).unwrap();
    let (card, words) = lucia.as_venue(0, &venue);
    paused.put(card, words);
    assert!(!is_open(&paused, 800, 0) && is_open(&paused, 1_440 + 600, 0));
}

#[test]
fn the_suspended_and_the_unpublished_are_not_there() {
    let mut bare = Made::new("Bare");
    bare.revision = None;
    let mut index = index(&[Made::new("Lucia"), bare]);
    let listed = |index: &Index| index.list(&filter(NOON), Sort::Name, (None, 10)).0.len();
    assert_eq!(listed(&index), 1);
    assert!(index.card(id(0)).is_some() && index.card(id(1)).is_some());
    index.set_suspended(Organisation::new(1), Suspended::Yes);
    assert_eq!(listed(&index), 0);
    assert!(index.search("lucia", &filter(NOON), 10).is_empty());
    assert!(index.card(id(0)).is_none());
    index.set_suspended(Organisation::new(1), Suspended::No);
    assert_eq!(listed(&index), 1);
    index.remove(id(0));
    index.remove(id(0));
    index.remove(id(1));
    assert!(index.search("lucia", &filter(NOON), 10).is_empty());
    let empty = Size {
        restaurants: 0,
        items: 0,
        words: 0,
    };
    assert_eq!(index.size(), empty);
}

#[test]
fn what_the_table_holds_is_read_back_and_says_no_secret() {
    let mut made = Made::new("Lucia");
    made.items = vec!["Pizza\nfritta".to_owned()];
    let (card, words) = made.published(3);
    let text = card.to_json().unwrap();
    assert!(
        !text.contains("secret") && !text.contains("external"),
        "{text}"
    );
    assert_eq!(Card::from_json(&text).unwrap(), card);
    let text = words.to_json().unwrap();
    assert_eq!(MenuWords::from_json(&text).unwrap(), words);
    assert_eq!(words.items().count(), 1, "a name is one line");
}

fn some() -> impl Strategy<Value = Made> {
    let word = prop::sample::select(vec![
        "lucia", "Lucca", "pizza", "piazza", "Crêpe", "sushi", "mario",
    ]);
    let words = prop::collection::vec(word.clone(), 1..4).prop_map(|words| words.join(" "));
    let place = (46_400_000..46_600_000, 11_200_000..11_500_000);
    let hours = prop::option::weighted(0.9, (0..1_439_u16, 1..1_440_u16));
    let cuisine = prop::sample::select(vec!["italian", "sushi"]);
    let city = prop::sample::select(vec!["Bolzano", "BOLZANO", "Trento"]);
    let items = prop::collection::vec(words.clone(), 0..4);
    let first = (words, city, cuisine, items);
    let last = (
        prop::option::weighted(0.9, place),
        hours,
        0..5_i64,
        prop::option::weighted(0.9, Just(1)),
    );
    (first, last).prop_map(
        |((name, city, cuisine, items), (position, hours, created, revision))| Made {
            name,
            city: city.to_owned(),
            cuisine,
            items,
            position,
            hours: hours.filter(|(from, to)| from != to),
            created: NOON + created,
            revision,
        },
    )
}

fn asked() -> impl Strategy<Value = Filter> {
    let here = (46_400_000..46_600_000, 11_200_000..11_500_000);
    (
        (0..2_880_i64, prop::option::of(Just(())), any::<bool>()),
        (prop::option::of(here), prop::option::of(1..20_000_u32)),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |((minute, site, open), (near, radius), (city, sushi))| Filter {
                site: site.map(|()| Organisation::new(2)),
                open: if open { Open::Now } else { Open::Whichever },
                near: near.map(|(lat, lng)| Position::new(lat, lng).unwrap()),
                radius,
                city: city.then(|| "bolzano".to_owned()),
                cuisine: sushi.then(|| "sushi".parse().unwrap()),
                ..filter(NOON + minute * MINUTE)
            },
        )
}

/// Whether a restaurant is asked for, said once more in other words.
fn is_asked(made: &Made, number: u32, filter: &Filter) -> bool {
    let venue = made.venue();
    let metres = made
        .position
        .zip(filter.near)
        .map(|((lat, lng), near)| near.metres_to(Position::new(lat, lng).unwrap()));
    let zone = "Europe/Rome".parse().unwrap();
    made.revision.is_some()
        && filter
            .site
            .is_none_or(|site| id(number).organisation() == site)
        && filter
            .cuisine
            .as_ref()
            .is_none_or(|cuisine| cuisine.as_str() == made.cuisine)
        && (filter.city.is_none() || made.city.to_lowercase() == "bolzano")
        && (filter.open == Open::Whichever
            || open_at(&venue, zone, Service::Delivery, filter.now).open)
        && (filter
            .radius
            .is_none_or(|radius| metres.is_some_and(|metres| metres <= radius)))
}

/// How many letters are wrong, counted in a whole table.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            table[i][j] = match (i, j) {
                (0, any) | (any, 0) => any,
                _ => {
                    let mut least = (table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    least =
                        least.min(table[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]));
                    if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                        least = least.min(table[i - 2][j - 2] + 1);
                    }
                    least
                }
            };
        }
    }
    table[one.len()][other.len()]
}

/// Whether a restaurant has a word that was asked for, or one near it.
fn has(made: &Made, wanted: &str) -> bool {
    let texts = [&made.name, &made.city]
        .into_iter()
        .chain(&made.items)
        .cloned();
    let texts = texts.chain([made.cuisine.to_owned()]);
    let wrong_max = match wanted.len() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    texts
        .flat_map(|text| text::fold::words(&text, 99))
        .any(|word| distance(&word, wanted) <= wrong_max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_what_a_look_at_everything_gives(
        all in prop::collection::vec(some(), 0..30),
        gone in prop::collection::vec(0..30_u32, 0..6),
        again in prop::collection::vec((0..30_u32, some()), 0..6),
        filter in asked(),
        (sort, limit) in (prop::sample::select(vec![Sort::Distance, Sort::Name, Sort::Newest]), 1..6_usize),
    ) {
        let mut index = index(&all);
        let mut plain: BTreeMap<u32, Made> = (0..).zip(all).collect();
        for number in gone {
            index.remove(id(number));
            plain.remove(&number);
        }
        for (number, made) in again {
            let (card, words) = made.published(number);
            index.put(card, words);
            plain.insert(number, made);
        }
        let mut expected: Vec<(String, u32)> = plain
            .iter()
            .filter(|(number, made)| is_asked(made, **number, &filter))
            .filter_map(|(number, made)| {
                let near = filter.near.zip(made.position);
                let metres = near.map(|(near, (lat, lng))| near.metres_to(Position::new(lat, lng).unwrap()));
                let key = match sort {
                    Sort::Distance => format!("{:09}", metres?),
                    Sort::Name => text::fold::key(&made.name),
                    Sort::Newest => format!("{:03}", 100 - (made.created - NOON)),
                };
                Some((key, *number))
            })
            .collect();
        expected.sort_by_key(|(key, number)| (key.clone(), *id(*number).uid().as_bytes()));
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = index.list(&filter, sort, (after.as_ref(), limit));
            prop_assert!(page.len() <= limit);
            listed.extend(page.iter().map(|listed| listed.card.id));
            let Some(next) = next else { break };
            prop_assert_eq!(page.len(), limit);
            after = Some(next);
        }
        let expected: Vec<RestaurantId> = expected.iter().map(|(_, number)| id(*number)).collect();
        prop_assert_eq!(listed, expected);
    }

    #[test]
    fn what_is_found_is_what_has_the_words(
        all in prop::collection::vec(some(), 0..20),
        wanted in prop::sample::select(vec!["lucia ", "luca ", "pizza ", "pizaz ", "crepes ", "sushi ", "bolzno ", "xyz "]),
        filter in asked(),
    ) {
        let index = index(&all);
        let found = index.search(wanted, &filter, 50);
        let mut found: Vec<RestaurantId> = found.iter().map(|hit| hit.listed.card.id).collect();
        found.sort_by_key(|id| *id.uid().as_bytes());
        let expected = (0..).zip(&all).filter(|(number, made)| {
            is_asked(made, *number, &filter) && has(made, wanted.trim())
        });
        let mut expected: Vec<RestaurantId> = expected.map(|(number, _)| id(number)).collect();
        expected.sort_by_key(|id| *id.uid().as_bytes());
        prop_assert_eq!(found, expected);
    }
}
