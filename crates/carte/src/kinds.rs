//! How, where and when things are sold: services, channels, parts of the day, taxes, allergens and diets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Channel, Key, Words};

/// Makes enums whose values have names that are written, read and listed.
macro_rules! named {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $text:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $value,)+
        }

        impl $name {
            /// All of them, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// How it is written.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }

            /// The one of this name.
            #[must_use]
            pub fn find(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    )+};
}

named! {
    /// How something reaches the diner.
    Service {
        /// It is brought.
        Delivery = "delivery",
        /// It is fetched.
        Pickup = "pickup",
        /// It is eaten there.
        DineIn = "dine_in",
    }
    /// What must be declared in the European Union: annex II of regulation 1169/2011.
    Allergen {
        /// Cereals that contain gluten.
        Gluten = "gluten",
        /// Crustaceans.
        Crustaceans = "crustaceans",
        /// Eggs.
        Eggs = "eggs",
        /// Fish.
        Fish = "fish",
        /// Peanuts.
        Peanuts = "peanuts",
        /// Soybeans.
        Soybeans = "soybeans",
        /// Milk, with lactose.
        Milk = "milk",
        /// Nuts that grow on trees.
        Nuts = "nuts",
        /// Celery.
        Celery = "celery",
        /// Mustard.
        Mustard = "mustard",
        /// Sesame.
        Sesame = "sesame",
        /// Sulphur dioxide and sulphites.
        Sulphites = "sulphites",
        /// Lupin.
        Lupin = "lupin",
        /// Molluscs.
        Molluscs = "molluscs",
    }
    /// Who may eat something.
    Diet {
        /// No meat, no fish.
        Vegetarian = "vegetarian",
        /// Nothing of animals.
        Vegan = "vegan",
        /// By the rules of Islam.
        Halal = "halal",
        /// By the rules of Judaism.
        Kosher = "kosher",
        /// Made without gluten.
        GlutenFree = "gluten_free",
        /// Made without lactose.
        LactoseFree = "lactose_free",
        /// Of organic farming.
        Organic = "organic",
    }
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
    /// What is to be paid besides the price.
    TaxesIncluded {
        /// Nothing: taxes are in the prices.
        Included = "included",
        /// The taxes, which come on top.
        Added = "added",
    }
}

/// Minutes of a day.
const DAY_MINUTES: u16 = 1_440;
/// Minutes of an hour.
const HOUR_MINUTES: u16 = 60;

impl Weekday {
    /// The day before.
    #[must_use]
    pub const fn before(self) -> Self {
        match self {
            Weekday::Monday => Weekday::Sunday,
            Weekday::Tuesday => Weekday::Monday,
            Weekday::Wednesday => Weekday::Tuesday,
            Weekday::Thursday => Weekday::Wednesday,
            Weekday::Friday => Weekday::Thursday,
            Weekday::Saturday => Weekday::Friday,
            Weekday::Sunday => Weekday::Saturday,
        }
    }
}

impl Weekday {
    /// The day after.
    #[must_use]
    pub fn after(self) -> Self {
        let is_next = |day: &Weekday| day.before() == self;
        Self::ALL.iter().copied().find(is_next).unwrap_or(self)
    }
}

/// A time on the clock of a restaurant, to the minute, written as `11:30`; `24:00` is the end of a day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

/// A text that is no time on a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a time of the day is written like 11:30, from 00:00 to 24:00")]
pub struct TimeOfDayError;

impl TimeOfDay {
    /// The time so many minutes after midnight; 1,440 is the end of the day.
    ///
    /// # Errors
    /// A day has not so many minutes.
    pub const fn from_minutes(minutes: u16) -> Result<Self, TimeOfDayError> {
        match minutes <= DAY_MINUTES {
            true => Ok(Self(minutes)),
            false => Err(TimeOfDayError),
        }
    }

    /// The minutes after midnight.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// How many minutes later than another time it is on a clock that goes round, less than a day.
    const fn after(self, other: Self) -> u16 {
        let (late, early) = (self.0 % DAY_MINUTES, other.0 % DAY_MINUTES);
        late.saturating_add(DAY_MINUTES).saturating_sub(early) % DAY_MINUTES
    }
}

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let two = |digits: &str| match digits.len() == 2
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            true => digits.parse::<u16>().map_err(|_| TimeOfDayError),
            false => Err(TimeOfDayError),
        };
        let (hours, minutes) = text.split_once(':').ok_or(TimeOfDayError)?;
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        if minutes >= HOUR_MINUTES {
            return Err(TimeOfDayError);
        }
        Self::from_minutes(hours.saturating_mul(HOUR_MINUTES).saturating_add(minutes))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}",
            self.0 / HOUR_MINUTES,
            self.0 % HOUR_MINUTES
        )
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base::text::deserialize(deserializer)
    }
}

/// A moment on the clock of a restaurant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Local {
    /// The weekday of the business day that it belongs to: at one in the night, often the day before.
    pub day: Weekday,
    /// The time on the clock.
    pub time: TimeOfDay,
    /// When a business day begins.
    pub day_starts: TimeOfDay,
}

/// Some days of the week.
pub type Days = BTreeSet<Weekday>;

/// A part of the day, such as lunch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Daypart {
    /// What prices and categories call it by.
    pub key: Key,
    /// What people call it.
    pub name: Words,
    /// The business days on which it is.
    pub days: Days,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends; an earlier time than the beginning is meant on the next day, and the same time lasts all day.
    pub to: TimeOfDay,
}

impl Daypart {
    /// Whether it is on at a moment.
    ///
    /// What goes on after midnight belongs to the day on which it began, and so does what goes on after the business
    /// day. What lasts all day is on for the whole business day, whenever that begins.
    #[must_use]
    pub fn is_on(&self, local: &Local) -> bool {
        let is_today = self.days.contains(&local.day);
        let length = match self.to.after(self.from) {
            0 => return is_today,
            minutes => minutes,
        };
        let begins = self.from.after(local.day_starts);
        let ends = begins.saturating_add(length);
        let now = local.time.after(local.day_starts);
        let Some(rest) = ends.checked_sub(DAY_MINUTES) else {
            return is_today && begins <= now && now < ends;
        };
        // It goes beyond a business day. On the clock it either ends on the next day, or it begins so early on its
        // day that the business day before was not over.
        let (first, last) = match self.to <= self.from {
            true => (is_today, self.days.contains(&local.day.before())),
            false => (self.days.contains(&local.day.after()), is_today),
        };
        (first && begins <= now) || (last && now < rest)
    }
}

/// What taxes apply to a kind of goods.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxClass {
    /// What items call it by.
    pub key: Key,
    /// The rate for each service, in millionths: 7 % is 70,000.
    pub rates: BTreeMap<Service, i64>,
}

/// In which services and channels something is sold; nothing named means all.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sold {
    /// The services.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Service>,
    /// The channels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<Channel>,
}

impl Sold {
    /// Whether it is sold so.
    #[must_use]
    pub fn is_for(&self, service: Service, channel: &Channel) -> bool {
        (self.services.is_empty() || self.services.contains(&service))
            && (self.channels.is_empty() || self.channels.contains(channel))
    }

    /// Whether it is sold in all services and channels.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.services.is_empty() && self.channels.is_empty()
    }
}

/// What a price depends on.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// How it reaches the diner.
    pub service: Service,
    /// Where it is ordered.
    pub channel: &'a Channel,
    /// The parts of the day that are on; see [`Menu::dayparts_at`](super::Menu::dayparts_at).
    pub dayparts: &'a [&'a Key],
}
