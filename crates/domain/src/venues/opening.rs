//! Whether a restaurant serves at a moment, and when that changes.

use base::Time;

use super::date::{Date, Local, Wall};
use super::hours::Span;
use super::{Halt, Reason, Venue};
use crate::organisations::TimeZone;
use carte::{self, Channel, Service};

/// How far it is looked ahead for the moment that changes something.
pub const AHEAD_DAYS: i32 = 62;

/// Whether a restaurant serves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Openness {
    /// Whether it takes orders.
    pub open: bool,
    /// Why, or with what delay.
    pub why: Why,
    /// When `open` becomes the other; nothing when that is not within [`AHEAD_DAYS`].
    pub changes_at: Option<Time>,
}

/// Why a restaurant serves or does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// These are its hours.
    Hours,
    /// These are its hours, and everything takes longer.
    Busy {
        /// So many minutes longer.
        minutes: u16,
        /// Until then.
        until: Time,
    },
    /// It takes no orders for now.
    Paused {
        /// For this reason.
        reason: Reason,
        /// Until then.
        until: Time,
    },
    /// These are not its hours.
    Closed,
    /// It does not offer this service.
    Never,
}

impl Why {
    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Why::Hours => "open",
            Why::Busy { .. } => "busy",
            Why::Paused { .. } => "paused",
            Why::Closed => "closed",
            Why::Never => "not_offered",
        }
    }
}

/// Whether a service is open at a moment, over any channel: what is paused in one channel only is open.
#[must_use]
pub fn open_at(venue: &Venue, zone: TimeZone, service: Service, at: Time) -> Openness {
    open_over(venue, zone, (service, None), at)
}

/// Whether a service is open over a channel at a moment.
#[must_use]
pub fn open_on(
    venue: &Venue,
    zone: TimeZone,
    (service, channel): (Service, &Channel),
    at: Time,
) -> Openness {
    open_over(venue, zone, (service, Some(channel)), at)
}

/// The day of business that a moment belongs to: until the day starts, still the day before.
#[must_use]
pub fn business_day(venue: &Venue, zone: TimeZone, at: Time) -> Date {
    business_day_of(venue, Wall::of(zone).shows(at))
}

/// When the next day of business begins: until then holds what holds "until tomorrow".
#[must_use]
pub fn next_business_day(venue: &Venue, zone: TimeZone, at: Time) -> Time {
    let wall = Wall::of(zone);
    let today = business_day_of(venue, wall.shows(at));
    wall.when(today.plus(1), venue.hours.day_starts)
}

/// What the clock shows, as parts of the day want to know it.
#[must_use]
pub fn menu_clock(venue: &Venue, zone: TimeZone, at: Time) -> carte::Local {
    let shown = Wall::of(zone).shows(at);
    carte::Local {
        day: business_day_of(venue, shown).weekday(),
        time: shown.time,
        day_starts: venue.hours.day_starts,
    }
}

fn business_day_of(venue: &Venue, shown: Local) -> Date {
    match shown.time < venue.hours.day_starts {
        true => shown.date.plus(-1),
        false => shown.date,
    }
}

fn open_over(
    venue: &Venue,
    zone: TimeZone,
    (service, channel): (Service, Option<&Channel>),
    at: Time,
) -> Openness {
    if venue.hours.of(service).is_none() {
        return Openness {
            open: false,
            why: Why::Never,
            changes_at: None,
        };
    }
    let wall = Wall::of(zone);
    let holds = || {
        let held = venue.standing.at(at);
        held.filter(|held| held.about.means(service, channel))
    };
    let now = by_hours(venue, &wall, service, at);
    let pauses = holds().filter(|held| held.halt == Halt::Paused);
    if let Some(pause) = pauses.max_by_key(|held| held.until) {
        let then = by_hours(venue, &wall, service, pause.until);
        let why = match now.open {
            true => Why::Paused {
                reason: pause.reason,
                until: pause.until,
            },
            false => Why::Closed,
        };
        return Openness {
            open: false,
            why,
            changes_at: match then.open {
                true => Some(pause.until),
                false => then.changes_at,
            },
        };
    }
    let longer = |held: &super::Held| match held.halt {
        Halt::Busy(minutes) => Some((minutes, held.until)),
        Halt::Paused => None,
    };
    match holds().filter_map(longer).max() {
        Some((minutes, until)) if now.open => Openness {
            why: Why::Busy { minutes, until },
            ..now
        },
        _ => now,
    }
}

/// Whether the hours say that it is open, and until when.
fn by_hours(venue: &Venue, wall: &Wall, service: Service, at: Time) -> Openness {
    let today = wall.shows(at).date;
    let mut open_until = None;
    let closed = |changes_at| Openness {
        open: false,
        why: Why::Closed,
        changes_at,
    };
    let open = |changes_at| Openness {
        open: true,
        why: Why::Hours,
        changes_at,
    };
    // What began yesterday may go on today. Spans are looked at in the order in which they begin.
    for day in -1..=AHEAD_DAYS {
        let day = today.plus(day);
        for (begins, ends) in spans_on(venue, wall, service, day) {
            match open_until {
                _ if ends <= at => {}
                None if begins <= at => open_until = Some(ends),
                None => return closed(Some(begins)),
                Some(until) if begins <= until => open_until = Some(until.max(ends)),
                Some(until) => return open(Some(until)),
            }
        }
        // Nothing that begins tomorrow begins before tomorrow.
        if let Some(until) = open_until
            && until < wall.when(day.plus(1), super::hours::MIDNIGHT)
        {
            return open(Some(until));
        }
    }
    match open_until {
        Some(_) => open(None),
        None => closed(None),
    }
}

/// What is served on a day, from when until when, in the order of beginnings.
fn spans_on(venue: &Venue, wall: &Wall, service: Service, day: Date) -> Vec<(Time, Time)> {
    let moments = |span: Span| {
        let last_day = match span.is_over_midnight() {
            true => day.plus(1),
            false => day,
        };
        (wall.when(day, span.from), wall.when(last_day, span.to))
    };
    let mut spans: Vec<(Time, Time)> = match venue.exceptions.of(day, service) {
        Some(exception) => exception.spans.iter().copied().map(moments).collect(),
        None => venue
            .hours
            .of(service)
            .map(|week| week.on(day.weekday()).map(moments).collect())
            .unwrap_or_default(),
    };
    // When the clock is put forward over a whole span, nothing of it is left.
    spans.retain(|(begins, ends)| begins < ends);
    spans.sort_unstable();
    spans
}
