//! Who is in the city: organisations with their brands and restaurants, where these are, when they serve, and where to.
//!
//! The first organisations are small and in one town, so that a small city has some of everything. Later ones grow up
//! to a hundred restaurants and spread over the whole valley.

use carte::PictureId;
use serde_json::{Value, json};

use crate::lots::Draw;
use crate::table::{Cuisine, Text};

/// Organisations that are small and live in the first town.
const FIRST: u64 = 24;
/// The most restaurants of one brand.
const BRAND_MAX: usize = 25;
/// How far from the middle of a town its restaurants are, in millionths of a degree.
const SPREAD: i64 = 28_000;

/// An organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct House {
    /// Its place in the city, from 0.
    pub number: u64,
    /// What it is called.
    pub name: String,
    /// Its brands.
    pub brands: Vec<Brand>,
    /// Its restaurants.
    pub places: Vec<Place>,
}

/// A brand, with one menu for all of its restaurants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brand {
    /// What it is called.
    pub name: String,
    /// The place of its cuisine in the tables.
    pub cuisine: usize,
}

/// A restaurant.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// The place of its brand among those of the organisation.
    pub brand: Option<usize>,
    /// The place of its cuisine in the tables.
    pub cuisine: usize,
    town: Town,
    street: String,
    /// In millionths of a degree, north and east.
    position: (i64, i64),
    about: Text,
    phone: String,
    week: Week,
    reach: Reach,
}

impl Eq for Place {}

/// A town of the valley.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Town {
    name: &'static str,
    postal: &'static str,
    lat: i64,
    lng: i64,
}

const fn town(name: &'static str, postal: &'static str, lat: i64, lng: i64) -> Town {
    Town {
        name,
        postal,
        lat,
        lng,
    }
}

const TOWNS: [Town; 20] = [
    town("Marienfurt", "3010", 48_205_000, 15_625_000),
    town("Althaven", "3024", 48_262_000, 15_742_000),
    town("Steinbruck", "3036", 48_131_000, 15_538_000),
    town("Lindau an der Traise", "3041", 48_312_000, 15_690_000),
    town("Rosenfeld", "3052", 48_087_000, 15_702_000),
    town("Obersee", "3065", 48_041_000, 15_584_000),
    town("Weidling im Tal", "3071", 48_188_000, 15_846_000),
    town("Kirchham", "3083", 48_244_000, 15_447_000),
    town("Neustift", "3094", 48_350_000, 15_812_000),
    town("Goldegg", "3107", 48_118_000, 15_901_000),
    town("Haidhof", "3112", 48_399_000, 15_603_000),
    town("Brennau", "3120", 48_009_000, 15_760_000),
    town("Silberbach", "3131", 48_157_000, 15_352_000),
    town("Dornach", "3144", 48_287_000, 15_955_000),
    town("Pappelheim", "3150", 48_436_000, 15_741_000),
    town("Untermoos", "3162", 47_962_000, 15_643_000),
    town("Hirschwang", "3173", 48_070_000, 15_421_000),
    town("Felsenau", "3185", 48_331_000, 15_520_000),
    town("Seekirch", "3196", 48_222_000, 16_041_000),
    town("Auhof", "3200", 48_174_000, 15_978_000),
];

const STREETS: [&str; 32] = [
    "Lindengasse",
    "Hauptplatz",
    "Bahnhofstraße",
    "Am Kanal",
    "Färbergasse",
    "Gerbergasse",
    "Mühlweg",
    "Obere Zeile",
    "Untere Zeile",
    "Rosenweg",
    "Kornmarkt",
    "Fischerstiege",
    "Wiener Straße",
    "Schulgasse",
    "Kirchenplatz",
    "Ahornallee",
    "Am Anger",
    "Weinberggasse",
    "Brunnengasse",
    "Salzgasse",
    "Postgasse",
    "Theatergasse",
    "Bäckerstraße",
    "Glockengasse",
    "Uferpromenade",
    "Kastanienallee",
    "Werkstraße",
    "Marktgasse",
    "Turmgasse",
    "Seilergasse",
    "Birkenweg",
    "Flößergasse",
];

const FAMILIES: [&str; 24] = [
    "Auer",
    "Bachler",
    "Castelli",
    "Dornig",
    "Eder",
    "Ferri",
    "Gruber-Tan",
    "Halim",
    "Ivic",
    "Jandl",
    "Kowal",
    "Lechner",
    "Mandl",
    "Nowak",
    "Okabe",
    "Pichler",
    "Quendler",
    "Rao",
    "Sommer",
    "Tran",
    "Urban",
    "Varga",
    "Winkler",
    "Zeman",
];

/// When a restaurant serves: spans for the days from Monday to Sunday.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Week {
    spans: &'static [(&'static [&'static str], &'static str, &'static str)],
}

const ALL: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const CLOSED_MONDAY: &[&str] = &["tue", "wed", "thu", "fri", "sat", "sun"];
const WORKING: &[&str] = &["mon", "tue", "wed", "thu", "fri"];
const WEEKEND: &[&str] = &["sat", "sun"];

const WEEKS: [Week; 6] = [
    Week {
        spans: &[(ALL, "11:00", "22:00")],
    },
    Week {
        spans: &[(ALL, "11:30", "14:30"), (ALL, "17:30", "22:30")],
    },
    Week {
        spans: &[(CLOSED_MONDAY, "11:30", "23:00")],
    },
    Week {
        spans: &[(WORKING, "11:00", "21:30"), (WEEKEND, "12:00", "22:30")],
    },
    // The kitchen closes after midnight on the nights before a free day.
    Week {
        spans: &[
            (&["mon", "tue", "wed", "thu", "sun"], "11:00", "23:00"),
            (&["fri", "sat"], "11:00", "02:00"),
        ],
    },
    Week {
        spans: &[(WORKING, "07:00", "15:00"), (WEEKEND, "08:00", "16:00")],
    },
];

/// Where a restaurant delivers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reach {
    /// Within so many metres, for so many cents, from so many cents on.
    Round(i64, i64, i64),
    /// The same, in the corners of a figure with six sides.
    Corners(i64, i64, i64),
    /// It delivers nothing.
    Nowhere,
}

/// The organisation of this number, with at most so many restaurants.
#[must_use]
pub fn house(seed: u64, number: u64, room: usize, cuisines: &[Cuisine]) -> House {
    let draw = Draw::of(seed, number);
    let size = size(&draw, number).min(room);
    let family = draw.one(&FAMILIES);
    let mut house = House {
        number,
        name: format!(
            "{family} {}",
            draw.one(&["GmbH", "Gastronomie", "& Co", "OG"])
        ),
        brands: Vec::new(),
        places: Vec::with_capacity(size),
    };
    // Some who have several houses run one brand, others let each be its own.
    let is_chain = size > 1 && (number == 0 || draw.happens(60));
    while house.places.len() < size {
        let left = size.saturating_sub(house.places.len());
        let cuisine = cuisine(&draw, cuisines.len());
        let Some(cooked) = cuisines.get(cuisine) else {
            return house;
        };
        let mut name = called(&draw, cooked);
        if !is_chain {
            let place = place(&draw, (number, name), cooked, (None, cuisine));
            house.places.push(place);
            continue;
        }
        // No two brands of an organisation have one name.
        if house.brands.iter().any(|brand| brand.name == name) {
            name = format!("{name} {}", house.brands.len() + 1);
        }
        let brand = house.brands.len();
        house.brands.push(Brand {
            name: name.clone(),
            cuisine,
        });
        for _ in 0..left.min(BRAND_MAX) {
            let mut place = place(
                &draw,
                (number, name.clone()),
                cooked,
                (Some(brand), cuisine),
            );
            place.name = format!("{name} {}", place.street);
            house.places.push(place);
        }
    }
    house
}

/// How many restaurants an organisation has: mostly one, seldom up to a hundred.
fn size(draw: &Draw, number: u64) -> usize {
    let drawn = match (number, draw.between(1, 100)) {
        (0, _) => 6,
        (1, _) => 4,
        (..FIRST, 1..=80) => 1,
        (..FIRST, _) => draw.between(2, 3),
        (_, 1..=58) => 1,
        (_, 59..=82) => draw.between(2, 4),
        (_, 83..=94) => draw.between(5, 12),
        (_, 95..=98) => draw.between(13, 40),
        _ => draw.between(41, 100),
    };
    usize::try_from(drawn).unwrap_or(1)
}

fn cuisine(draw: &Draw, cuisines: usize) -> usize {
    let most = i64::try_from(cuisines).unwrap_or(1).saturating_sub(1);
    usize::try_from(draw.between(0, most.max(0))).unwrap_or(0)
}

fn called(draw: &Draw, cuisine: &Cuisine) -> String {
    let (name, word) = (draw.one(&cuisine.names), draw.one(&cuisine.words));
    name.replace('*', word)
}

fn place(
    draw: &Draw,
    (number, name): (u64, String),
    cooked: &Cuisine,
    (brand, cuisine): (Option<usize>, usize),
) -> Place {
    let town = match number {
        ..FIRST => TOWNS[0],
        _ => draw.one(&TOWNS),
    };
    // The sum of two draws: more in the middle of the town than at its edge.
    let off = || (draw.between(-SPREAD, SPREAD) + draw.between(-SPREAD, SPREAD)) / 2;
    let (fee, minimum) = (draw.between(0, 9) * 50, draw.between(2, 5) * 500);
    let metres = draw.between(15, 45) * 100;
    Place {
        name,
        brand,
        cuisine,
        town,
        street: format!("{} {}", draw.one(&STREETS), draw.between(1, 98)),
        position: (town.lat + off(), town.lng + off() * 3 / 2),
        about: draw.one(&cooked.about),
        phone: format!(
            "+43{}{}",
            draw.between(660, 699),
            draw.between(1_000_000, 9_999_999)
        ),
        week: draw.one(&WEEKS),
        reach: match draw.between(1, 100) {
            1..=62 => Reach::Round(metres, fee, minimum),
            63..=88 => Reach::Corners(metres, fee, minimum),
            _ => Reach::Nowhere,
        },
    }
}

impl Place {
    /// What `POST …/restaurants` takes.
    #[must_use]
    pub fn record(&self, brand: Option<&str>) -> Value {
        json!({
            "name": self.name,
            "brand": brand,
            "timeZone": "Europe/Vienna",
            "currency": "EUR",
            "address": {
                "street": self.street,
                "postalCode": self.town.postal,
                "city": self.town.name,
                "country": "AT",
            },
        })
    }

    /// What `PATCH …/profile` takes.
    #[must_use]
    pub fn profile(&self, cuisine: &str, picture: Option<PictureId>) -> Value {
        json!({
            "cuisines": [cuisine],
            "description": {"main": self.about.en, "other": {"de": self.about.de}},
            "picture": picture,
            "position": degrees(self.position),
            "phone": self.phone,
            "version": 0,
        })
    }

    /// What `PUT …/hours` takes.
    #[must_use]
    pub fn hours(&self) -> Value {
        let spans = self.week.spans.iter();
        let spans: Vec<Value> = spans
            .map(|(days, from, to)| json!({"days": days, "from": from, "to": to}))
            .collect();
        let mut weeks = json!({"pickup": &spans, "dine_in": &spans});
        if self.reach != Reach::Nowhere {
            weeks["delivery"] = json!(&spans);
        }
        json!({"dayStarts": "04:00", "weeks": weeks, "version": 0})
    }

    /// What `PUT …/zones` takes, if it delivers anything.
    #[must_use]
    pub fn zones(&self) -> Option<Value> {
        let (metres, fee, minimum) = match self.reach {
            Reach::Round(metres, fee, minimum) | Reach::Corners(metres, fee, minimum) => {
                (metres, fee, minimum)
            }
            Reach::Nowhere => return None,
        };
        let zone = |name: &str, metres: i64, (fee, minimum): (i64, i64)| {
            let mut zone = json!({
                "name": name,
                "fee": amount(fee),
                "minimum": amount(minimum),
                "freeFrom": amount(minimum * 3),
                "minutes": 10 + metres / 200,
            });
            match self.reach {
                Reach::Corners(..) => zone["polygon"] = self.corners(metres).into(),
                Reach::Round(..) | Reach::Nowhere => zone["radiusMetres"] = metres.into(),
            }
            zone
        };
        let near = zone("Near", metres, (fee, minimum));
        let far = zone("Farther", metres * 2, (fee + 200, minimum * 2));
        Some(json!({"zones": [near, far], "version": 0}))
    }

    /// Six corners around the restaurant, by whole numbers: a degree is 111 km to the north, and 74 km to the east.
    fn corners(&self, metres: i64) -> Vec<Value> {
        let (lat, lng) = self.position;
        let parts = [
            (0, 100),
            (87, 50),
            (87, -50),
            (0, -100),
            (-87, -50),
            (-87, 50),
        ];
        let corner = |(east, north): (i64, i64)| {
            let (north, east) = (metres * north * 9 / 100, metres * east * 27 / 200);
            degrees((lat + north, lng + east))
        };
        parts.into_iter().map(corner).collect()
    }
}

/// A position as the platform takes it. A float of this size holds a millionth exactly enough to be read back.
fn degrees((lat, lng): (i64, i64)) -> Value {
    #[allow(
        clippy::cast_precision_loss,
        reason = "degrees in millionths have nine digits"
    )]
    let number = |millionths: i64| millionths as f64 / 1e6;
    json!({"lat": number(lat), "lng": number(lng)})
}

/// Cents as a decimal text.
pub(crate) fn amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::table;

    fn houses(seed: u64, restaurants: usize) -> Vec<House> {
        let (cuisines, _) = table::cuisines().unwrap();
        let mut left = restaurants;
        let mut all = Vec::new();
        while left > 0 {
            let made = house(seed, all.len() as u64, left, &cuisines);
            left -= made.places.len();
            all.push(made);
        }
        all
    }

    #[test]
    fn a_seed_makes_the_same_city_and_another_seed_another() {
        assert_eq!(houses(7, 40), houses(7, 40));
        assert_ne!(houses(7, 40), houses(8, 40));
        // A larger city begins like a smaller one.
        let (small, large) = (houses(7, 40), houses(7, 400));
        assert_eq!(small[..small.len() - 1], large[..small.len() - 1]);
    }

    #[test]
    fn a_small_city_has_some_of_everything() {
        for seed in 0..8 {
            let all = houses(seed, 40);
            let places = || all.iter().flat_map(|house| &house.places);
            assert_eq!(places().count(), 40);
            let cuisines: BTreeSet<usize> = places().map(|place| place.cuisine).collect();
            assert!(cuisines.len() >= 6, "{cuisines:?}");
            assert!(all.iter().any(|house| !house.brands.is_empty()));
            assert!(places().any(|place| place.reach == Reach::Nowhere) || seed > 0);
        }
    }

    #[test]
    fn a_large_city_has_organisations_of_all_sizes() {
        let all = houses(7, 3_000);
        let sizes: BTreeSet<usize> = all.iter().map(|house| house.places.len()).collect();
        assert!(
            sizes.contains(&1) && sizes.iter().any(|size| *size > 40),
            "{sizes:?}"
        );
        let largest = sizes.last().copied().unwrap_or_default();
        assert!(largest <= 100);
        for house in &all {
            let names: BTreeSet<&str> = house.brands.iter().map(|one| one.name.as_str()).collect();
            assert_eq!(names.len(), house.brands.len());
        }
    }
}
