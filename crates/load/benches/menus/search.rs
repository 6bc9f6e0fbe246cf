//! Parts (c) and (d): how long it takes to find something among 50,000 restaurants with 3,000,000 items, and the nearest
//! fifty that are open, at noon and in the middle of the night; how long the index takes to fill, and what it holds.
//!
//! The index is the one of every node, filled with restaurants that are made here from a seed. Questions are asked one
//! after the other, as different ones as people ask: right, wrong, halfway, from somewhere, only what is open.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ::search::{Card, Filter, Index, MenuWords, Open, Sort};
use base::{Clock, Organisation, Random, Time, Uid};
use carte::{ItemId, Service, TimeOfDay, Weekday, Words};
use domain::organisations::{Address, Country, Details, Name, Restaurant, RestaurantId};
use domain::venues::{Hours, Position, Profile, Venue, Week, Weekly};
use load::bench::resident_mib;
use load::{Figure, Goal, Histogram};

use crate::Outcome;
use crate::options::Options;

/// What finding may take, and finding what is near.
const SEARCH_MS: f64 = 20.0;
const NEAREST_MS: f64 = 5.0;
/// Noon and night of a Saturday in Central Europe.
const NOON: i64 = 1_795_258_800_000_000;
const NIGHT: i64 = 1_795_228_200_000_000;

/// How much is made and asked.
#[derive(Clone, Copy, Debug)]
struct Size {
    restaurants: usize,
    items: usize,
    questions: usize,
}

const KINDS: [&str; 12] = [
    "Trattoria",
    "Pizzeria",
    "Osteria",
    "Sushi",
    "Café",
    "Bistro",
    "Gasthaus",
    "Burger",
    "Taverna",
    "Curry",
    "Noodle",
    "Grill",
];
const CUISINES: [&str; 12] = [
    "italian", "pizza", "italian", "sushi", "coffee", "french", "german", "burgers", "greek",
    "indian", "chinese", "barbecue",
];
const DISHES: [&str; 40] = [
    "Pizza",
    "Lasagne",
    "Risotto",
    "Tagliatelle",
    "Insalata",
    "Tiramisù",
    "Maki",
    "Nigiri",
    "Ramen",
    "Udon",
    "Tempura",
    "Burger",
    "Cheeseburger",
    "Pommes",
    "Schnitzel",
    "Knödel",
    "Gulasch",
    "Strudel",
    "Crêpe",
    "Quiche",
    "Croissant",
    "Gyros",
    "Souvlaki",
    "Moussaka",
    "Tzatziki",
    "Tikka",
    "Vindaloo",
    "Biryani",
    "Naan",
    "Samosa",
    "Dumplings",
    "Wok",
    "Spring rolls",
    "Fried rice",
    "Steak",
    "Spare ribs",
    "Suppe",
    "Salat",
    "Limonade",
    "Espresso",
];
const STYLES: [&str; 40] = [
    "Margherita",
    "Salami",
    "Prosciutto",
    "Funghi",
    "Quattro formaggi",
    "Diavola",
    "Vegetaria",
    "alla nonna",
    "mit Käse",
    "mit Speck",
    "scharf",
    "mild",
    "classic",
    "deluxe",
    "of the house",
    "vegan",
    "with chicken",
    "with beef",
    "with tofu",
    "with salmon",
    "con tonno",
    "al pesto",
    "al forno",
    "Wiener Art",
    "hausgemacht",
    "klein",
    "groß",
    "double",
    "spicy",
    "garlic",
    "teriyaki",
    "with avocado",
    "mango",
    "coconut",
    "al limone",
    "bolognese",
    "carbonara",
    "mixed",
    "special",
    "seasonal",
];
const TOWNS: [(&str, f64, f64); 20] = [
    ("Berlin", 52.52, 13.40),
    ("Hamburg", 53.55, 10.0),
    ("München", 48.14, 11.58),
    ("Köln", 50.94, 6.96),
    ("Wien", 48.21, 16.37),
    ("Zürich", 47.38, 8.54),
    ("Milano", 45.46, 9.19),
    ("Roma", 41.90, 12.50),
    ("Napoli", 40.85, 14.27),
    ("Torino", 45.07, 7.69),
    ("Bolzano", 46.50, 11.35),
    ("Paris", 48.86, 2.35),
    ("Lyon", 45.76, 4.84),
    ("Madrid", 40.42, -3.70),
    ("Barcelona", 41.39, 2.17),
    ("Amsterdam", 52.37, 4.90),
    ("Bruxelles", 50.85, 4.35),
    ("Praha", 50.08, 14.44),
    ("Warszawa", 52.23, 21.01),
    ("København", 55.68, 12.57),
];

/// A city of restaurants, made from a seed.
struct City {
    clock: Clock,
    random: Random,
}

impl City {
    fn pick<'a>(&self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn below(&self, bound: usize) -> usize {
        self.random.below(bound as u64) as usize
    }

    /// A name that nobody else has, or few.
    fn proper(&self) -> String {
        const FIRST: [&str; 20] = [
            "Ba", "Lu", "Ma", "Ro", "Sa", "Ve", "Do", "Fi", "Gio", "Ka", "Le", "Mo", "Na", "Pe",
            "Ri", "Ste", "To", "Va", "Wal", "Za",
        ];
        const MORE: [&str; 16] = [
            "ra", "no", "ri", "ni", "la", "cia", "tto", "ber", "ster", "mann", "lli", "ssa", "do",
            "ca", "vic", "ner",
        ];
        let mut name = self.pick(&FIRST).to_owned();
        for _ in 0..2 + self.below(2) {
            name.push_str(self.pick(&MORE));
        }
        name
    }

    fn near_a_town(&self) -> (&'static str, Position) {
        let (town, lat, lng) = TOWNS[self.below(TOWNS.len())];
        // Two dice: more in the middle than at the border.
        let off = || (self.below(100_000) + self.below(100_000)) as f64 / 1e6 - 0.1;
        (
            town,
            Position::of_degrees(lat + off(), lng + off()).expect("on the globe"),
        )
    }

    fn restaurant(&self, number: usize, items: usize) -> (Card, MenuWords) {
        let organisation = Organisation::new(1 + (number / 10) as u32);
        let kind = self.below(KINDS.len());
        let (town, position) = self.near_a_town();
        let name = format!("{} {}", KINDS[kind], self.proper());
        let details = Details {
            name: Name::parse(&name).expect("a name"),
            brand: None,
            external_id: None,
            time_zone: "Europe/Berlin".parse().expect("a zone"),
            currency: "EUR".parse().expect("a currency"),
            address: Address {
                street: Name::parse("Hauptstraße 1").expect("a street"),
                postal_code: None,
                city: Name::parse(town).expect("a town"),
                country: Country::parse("DE").expect("a country"),
            },
        };
        let id = RestaurantId::from(Uid::make(&self.clock, &self.random, organisation));
        let at = Time::from_micros(NOON - number as i64);
        let restaurant = Restaurant::created(id, details, at);
        let venue = Venue {
            profile: Profile {
                cuisines: vec![CUISINES[kind].parse().expect("a key")],
                position: Some(position),
                ..Profile::default()
            },
            hours: self.hours(),
            ..Venue::default()
        };
        let make = |_| {
            let mut name = format!("{} {}", self.pick(&DISHES), self.pick(&STYLES));
            if self.below(10) == 0 {
                name = format!("{name} {}", self.proper());
            }
            let id = ItemId::from(Uid::make(&self.clock, &self.random, organisation));
            (id, Words::parse(&name).expect("words"))
        };
        let items: Vec<(ItemId, Words)> = (0..items).map(make).collect();
        let categories = ["Antipasti", "Hauptgerichte", "Desserts", "Getränke"];
        let categories = categories.map(|name| Words::parse(name).expect("words"));
        let words = MenuWords::of(&categories, items.iter().map(|(id, words)| (*id, words)));
        (Card::of(&restaurant, &venue, Some(1)), words)
    }

    fn hours(&self) -> Hours {
        let time = |minutes: usize| TimeOfDay::from_minutes(minutes as u16).expect("a time");
        let opens = 600 + 30 * self.below(5);
        let closes = 1_260 + 30 * self.below(6);
        let week = |from, to| {
            let all = Weekday::ALL.iter().copied().collect();
            Week::new(vec![Weekly {
                days: all,
                from,
                to,
            }])
            .expect("a week")
        };
        let mut weeks = BTreeMap::new();
        weeks.insert(Service::Delivery, week(time(opens), time(closes)));
        weeks.insert(Service::Pickup, week(time(opens), time(closes)));
        // One in a hundred serves at night.
        if self.below(100) == 0 {
            weeks.insert(Service::DineIn, week(time(1_200), time(300)));
        }
        Hours {
            weeks,
            ..Hours::default()
        }
    }

    /// What somebody types.
    fn question(&self) -> String {
        let dish = self.pick(&DISHES);
        let text = match self.below(6) {
            0 => dish.to_owned(),
            1 => format!("{dish} {}", self.pick(&STYLES)),
            2 => format!("{} {}", self.pick(&KINDS), self.proper()),
            3 => self.proper(),
            4 => dish.chars().take(2 + self.below(4)).collect(),
            _ => format!("{dish} {}", TOWNS[self.below(TOWNS.len())].0),
        };
        match self.below(3) {
            0 => self.mistyped(&text),
            _ => text,
        }
    }

    fn mistyped(&self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let at = self.below(letters.len());
        match self.below(3) {
            0 if letters.len() > 3 => {
                letters.remove(at);
            }
            1 if at > 0 => letters.swap(at - 1, at),
            _ => letters[at] = 'x',
        }
        letters.into_iter().collect()
    }

    fn filter(&self, now: i64) -> Filter {
        let near = (self.below(2) == 0).then(|| self.near_a_town().1);
        Filter {
            now: Time::from_micros(now),
            site: None,
            cuisine: None,
            city: None,
            service: None,
            open: if self.below(2) == 0 {
                Open::Now
            } else {
                Open::Whichever
            },
            near,
            radius: None,
        }
    }
}

/// Fills an index and asks it; prints what else is of interest.
pub(crate) fn run(options: &Options) -> Outcome<Vec<Figure>> {
    Ok(bench(Size {
        restaurants: usize::try_from(options.restaurants)?,
        items: 60,
        questions: 4_000,
    }))
}

fn bench(size: Size) -> Vec<Figure> {
    let random = Random::seeded(7);
    let city = City {
        clock: Clock::real(),
        random,
    };
    let before = resident_mib();
    let (mut index, mut filling) = (Index::default(), Duration::ZERO);
    for number in 0..size.restaurants {
        let (card, words) = city.restaurant(number, size.items);
        let begun = now();
        index.put(card, words);
        filling += since(begun);
    }
    index.shrink();
    println!(
        "search: {:?}, filled in {:.1} s, {:.0} MiB",
        index.size(),
        filling.as_secs_f64(),
        resident_mib() - before
    );
    let mut longest = (Duration::ZERO, String::new());
    let mut searched = Histogram::default();
    for number in 0..size.questions {
        let (text, filter) = (city.question(), city.filter(NOON));
        let took = timed(|| index.search(&text, &filter, 20));
        // The first ones look at memory that nothing has looked at before.
        if number >= size.questions / 20 {
            searched.record(took);
            longest = longest.max((took, text));
        }
    }
    println!(
        "search: the slowest question was {:?} with {:?}",
        longest.1, longest.0
    );
    let (noon, night) = (
        nearest(&index, &city, NOON, size),
        nearest(&index, &city, NIGHT, size),
    );
    println!("nearest 50 open: p99 {noon:.2} ms at noon, {night:.2} ms at night");
    let changed = change(&mut index, &city, size);
    println!("search: a restaurant is changed in {changed:.2} ms (p99)");
    let p99 = millis(searched.per_mille(990));
    println!(
        "search: p50 {:.2} ms, p99 {p99:.2} ms",
        millis(searched.per_mille(500))
    );
    let goal = Goal::AtMost(1.0);
    vec![
        Figure::new("search_p99_ms", "ms", p99, SEARCH_MS, goal),
        Figure::new("nearest_p99_ms", "ms", noon.max(night), NEAREST_MS, goal),
    ]
}

fn nearest(index: &Index, city: &City, at: i64, size: Size) -> f64 {
    let mut times = Histogram::default();
    let mut opened = Duration::ZERO;
    for number in 0..size.questions / 4 {
        let filter = Filter {
            near: Some(city.near_a_town().1),
            open: Open::Now,
            ..city.filter(at)
        };
        if number == 0 {
            let begun = now();
            index.refresh(filter.now);
            opened = since(begun);
        }
        times.record(timed(|| index.list(&filter, Sort::Distance, (None, 50))));
    }
    println!(
        "nearest: who is open is looked up in {:.1} ms for all",
        millis(opened)
    );
    millis(times.per_mille(990))
}

fn timed<T>(ask: impl FnOnce() -> T) -> Duration {
    let begun = now();
    std::hint::black_box(ask());
    since(begun)
}

/// Other menus for some that are there.
fn change(index: &mut Index, city: &City, size: Size) -> f64 {
    let mut times = Histogram::default();
    let mut gone = Vec::new();
    for number in 0..200.min(size.restaurants) {
        let (card, words) = city.restaurant(number, size.items);
        gone.push(card.id);
        let begun = now();
        index.put(card, words);
        times.record(since(begun));
    }
    for id in gone {
        let begun = now();
        index.remove(id);
        times.record(since(begun));
    }
    millis(times.per_mille(990))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[allow(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "a bench measures real time")]
fn since(begun: Instant) -> Duration {
    begun.elapsed()
}
