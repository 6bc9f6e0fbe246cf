//! Slots of 15 minutes, and whether a moment lies in a span that repeats every week.

use std::time::Duration;

use base::Time;
use carte::{Days, TimeOfDay};
use serde::{Deserialize, Serialize};

use domain::venues::Local;

/// How long a slot is.
pub const SLOT_MINUTES: u32 = 15;
/// The same in microseconds.
const SLOT_MICROS: i64 = 15 * 60 * 1_000_000;

/// A quarter of an hour, by its number since the beginning of 1970 in UTC. All zones of today are whole quarters apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(i64);

impl Slot {
    /// The slot of this number.
    #[must_use]
    pub const fn of_number(number: i64) -> Self {
        Slot(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// When it begins.
    #[must_use]
    pub const fn begins(self) -> Time {
        Time::from_micros(self.0.saturating_mul(SLOT_MICROS))
    }

    /// When it ends, which is when the next begins.
    #[must_use]
    pub const fn ends(self) -> Time {
        self.next().begins()
    }

    /// The slot after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Slot(self.0.saturating_add(1))
    }
}

/// The slot that a moment lies in.
#[must_use]
pub fn slot_of(at: Time) -> Slot {
    Slot(at.as_micros().div_euclid(SLOT_MICROS))
}

/// The first slot that begins no earlier than this.
pub(super) fn slot_from(at: Time) -> Slot {
    let slot = slot_of(at);
    match slot.begins() == at {
        true => slot,
        false => slot.next(),
    }
}

/// So many minutes later.
pub(super) fn later(at: Time, minutes: u64) -> Time {
    at.plus(Duration::from_secs(minutes.saturating_mul(60)))
        .unwrap_or(at)
}

/// Whether a moment lies in a span that begins on these days. One that ends no later than it begins ends the day after.
pub(crate) fn is_within(days: &Days, (from, to): (TimeOfDay, TimeOfDay), local: &Local) -> bool {
    let (today, time) = (local.date.weekday(), local.time);
    let is_over_midnight = to <= from;
    let began_today = days.contains(&today) && time >= from && (is_over_midnight || time < to);
    let began_yesterday = is_over_midnight && days.contains(&today.before()) && time < to;
    began_today || began_yesterday
}
