//! Days of the calendar, and what a clock on the wall shows at a moment.
//!
//! Zones come from a database that is part of the program. A minute that the clock skips when summer begins counts as
//! the moment at which it skips it; one that it shows twice when summer ends counts as the first of both.

use std::fmt;
use std::str::FromStr;

use base::{Time, text};
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone as Clockwork};
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hours::{DAY_MINUTES, MIDNIGHT};
use crate::organisations::TimeZone;
use carte::{TimeOfDay, Weekday};

/// A day of the calendar, 2000 to 2199.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

/// A text that is no day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a date is a day from 2000-01-01 to 2199-12-31, written like 2026-12-24")]
pub struct DateError;

impl Date {
    /// The day of these numbers, if there is one.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = civil::Date::new(year, month, day).ok()?;
        (2_000..=2_199).contains(&year).then_some(Date(date))
    }

    /// The year that it is in.
    #[must_use]
    pub fn year(self) -> i64 {
        self.0.year().into()
    }

    /// Which day of the week it is.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        match self.0.weekday() {
            civil::Weekday::Monday => Weekday::Monday,
            civil::Weekday::Tuesday => Weekday::Tuesday,
            civil::Weekday::Wednesday => Weekday::Wednesday,
            civil::Weekday::Thursday => Weekday::Thursday,
            civil::Weekday::Friday => Weekday::Friday,
            civil::Weekday::Saturday => Weekday::Saturday,
            civil::Weekday::Sunday => Weekday::Sunday,
        }
    }

    /// The day so many days later, or earlier; the last or first one that there is when there is none.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Date(self.0.saturating_add(days.days()))
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().ok_or(DateError)?;
            match part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()) {
                true => part.parse::<i16>().map_err(|_| DateError),
                false => Err(DateError),
            }
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let small = |number: i16| i8::try_from(number).map_err(|_| DateError);
        match parts.next() {
            Some(_) => Err(DateError),
            None => Date::new(year, small(month)?, small(day)?).ok_or(DateError),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

/// What calendar and clock of a place show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Local {
    /// The day.
    pub date: Date,
    /// The minute of that day.
    pub time: TimeOfDay,
}

/// What calendar and clock show at a moment in this zone.
#[must_use]
pub fn local(zone: TimeZone, at: Time) -> Local {
    Wall::of(zone).shows(at)
}

/// The clock of a zone, ready to be asked often.
pub(super) struct Wall(Clockwork);

impl Wall {
    /// The clock of this zone. All zones that can be named are known, which a test holds.
    pub(super) fn of(zone: TimeZone) -> Self {
        Wall(Clockwork::get(zone.name()).unwrap_or(Clockwork::UTC))
    }

    /// What it shows.
    pub(super) fn shows(&self, at: Time) -> Local {
        let shown = self.0.to_datetime(moment(at));
        let minutes = i16::from(shown.hour()) * 60 + i16::from(shown.minute());
        let minutes = u16::try_from(minutes).unwrap_or_default();
        Local {
            date: Date(shown.date()),
            time: TimeOfDay::from_minutes(minutes).unwrap_or(MIDNIGHT),
        }
    }

    /// The moment at which it first shows this time of this day, or skips it.
    pub(super) fn when(&self, date: Date, time: TimeOfDay) -> Time {
        let (date, minutes) = match time.minutes() {
            DAY_MINUTES.. => (date.plus(1), 0),
            minutes => (date, minutes),
        };
        let small = |number: u16| i8::try_from(number).unwrap_or_default();
        let shown = date.0.at(small(minutes / 60), small(minutes % 60), 0, 0);
        let found = self.0.to_ambiguous_timestamp(shown);
        let skipped = matches!(found.offset(), AmbiguousOffset::Gap { .. });
        let earlier = found.earlier().unwrap_or(match date.0.year() < 0 {
            true => Timestamp::MIN,
            false => Timestamp::MAX,
        });
        // In a gap, the earlier of both readings lies before the moment at which the clock was put forward.
        let skips = skipped.then(|| self.0.following(earlier).next()).flatten();
        let moment = skips.map_or(earlier, |skips| skips.timestamp());
        Time::from_micros(moment.as_microsecond())
    }
}

fn moment(at: Time) -> Timestamp {
    Timestamp::from_microsecond(at.as_micros()).unwrap_or(match at < Time::EPOCH {
        true => Timestamp::MIN,
        false => Timestamp::MAX,
    })
}
