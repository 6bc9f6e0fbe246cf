//! When a restaurant serves: the spans of time that repeat every week.
//!
//! A span belongs to the day on which it begins. One that ends no later than it begins ends on the day after: 18:00 to
//! 02:00 is eight hours, 00:00 to 00:00 a whole day. Spans may touch and overlap; what they cover together counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::date::Local;
use carte::{Days, Service, TimeOfDay, Weekday};

/// The most spans that the week of one service has.
pub const WEEK_SPANS_MAX: usize = 42;
/// The minutes of a day; as a time, the end of it.
pub(super) const DAY_MINUTES: u16 = 1_440;
pub(super) const MIDNIGHT: TimeOfDay = match TimeOfDay::from_minutes(0) {
    Ok(midnight) => midnight,
    Err(_) => panic!("a day begins at midnight"),
};

/// From a time on the clock until another one, on the same day or the day after.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Span {
    /// The first minute.
    pub from: TimeOfDay,
    /// The minute that is not in it any more; of the day after, unless it is later than `from`.
    pub to: TimeOfDay,
}

impl Span {
    /// Whether it ends on the day after the one on which it begins.
    #[must_use]
    pub fn is_over_midnight(self) -> bool {
        self.to <= self.from
    }

    /// The same, if a day has its first minute.
    pub(super) fn checked(self) -> Result<Self, Refusal> {
        match self.from.minutes() < DAY_MINUTES {
            true => Ok(self),
            false => Err(Refusal::OutOfRange),
        }
    }
}

/// A span on some days of every week.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Weekly {
    /// The days on which it begins.
    pub days: Days,
    /// The first minute.
    pub from: TimeOfDay,
    /// The minute that is not in it any more; of the day after, unless it is later than `from`.
    pub to: TimeOfDay,
}

impl Weekly {
    /// The span without its days.
    #[must_use]
    pub const fn span(&self) -> Span {
        Span {
            from: self.from,
            to: self.to,
        }
    }
}

/// The spans of every week.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Week(Vec<Weekly>);

impl Week {
    /// A week of these spans.
    ///
    /// # Errors
    /// There are too many, or one is on no day, or begins at the end of one.
    pub fn new(spans: Vec<Weekly>) -> Result<Self, Refusal> {
        if spans.len() > WEEK_SPANS_MAX {
            return Err(Refusal::TooMany("spans in a week", WEEK_SPANS_MAX));
        }
        for weekly in &spans {
            weekly.span().checked()?;
        }
        match spans.iter().any(|span| span.days.is_empty()) {
            true => Err(Refusal::NoDay),
            false => Ok(Week(spans)),
        }
    }

    /// All spans, as they were given.
    #[must_use]
    pub fn spans(&self) -> &[Weekly] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the spans is on when calendar and clock show this.
    #[must_use]
    pub fn is_on(&self, local: Local) -> bool {
        let Local { date, time } = local;
        let begun = |span: Span| span.from <= time && (span.is_over_midnight() || time < span.to);
        let goes_on = |span: Span| span.is_over_midnight() && time < span.to;
        self.on(date.weekday()).any(begun) || self.on(date.plus(-1).weekday()).any(goes_on)
    }

    /// The spans that begin on this day.
    pub fn on(&self, day: Weekday) -> impl Iterator<Item = Span> {
        let spans = self
            .0
            .iter()
            .filter(move |weekly| weekly.days.contains(&day));
        spans.map(Weekly::span)
    }
}

/// The week of each service, and when a day of business begins. A service that is not here is never offered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Hours {
    /// When a day of business begins: what happens earlier belongs to the day before.
    pub day_starts: TimeOfDay,
    /// The week of each service.
    pub weeks: BTreeMap<Service, Week>,
}

impl Hours {
    /// The same, if a day can begin then.
    ///
    /// # Errors
    /// It would begin at its own end.
    pub fn checked(self) -> Result<Self, Refusal> {
        match self.day_starts.minutes() < DAY_MINUTES {
            true => Ok(self),
            false => Err(Refusal::OutOfRange),
        }
    }

    /// The week of a service, if it is offered at all.
    #[must_use]
    pub fn of(&self, service: Service) -> Option<&Week> {
        self.weeks.get(&service).filter(|week| !week.0.is_empty())
    }
}

impl Default for Hours {
    /// No service is offered, and days begin at midnight.
    fn default() -> Self {
        Hours {
            day_starts: MIDNIGHT,
            weeks: BTreeMap::new(),
        }
    }
}
