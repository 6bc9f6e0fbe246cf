//! Tables and properties of venues.

mod ground;
mod opening;
mod said;

use std::collections::BTreeMap;

use base::Time;

use super::*;
use crate::organisations::TimeZone;
use carte::{Days, Service, TimeOfDay, Weekday};

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

fn time(text: &str) -> TimeOfDay {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn span(from: &str, to: &str) -> Span {
    Span {
        from: time(from),
        to: time(to),
    }
}

fn weekly(days: &[Weekday], from: &str, to: &str) -> Weekly {
    Weekly {
        days: days.iter().copied().collect::<Days>(),
        from: time(from),
        to: time(to),
    }
}

/// A venue that offers pickup in these spans.
fn picking_up(spans: Vec<Weekly>) -> Venue {
    let weeks = BTreeMap::from([(Service::Pickup, Week::new(spans).unwrap())]);
    Venue {
        hours: Hours {
            weeks,
            ..Hours::default()
        },
        ..Venue::default()
    }
}

/// The same with days that are not like the others.
fn except(venue: Venue, put: Vec<Exception>) -> Venue {
    let remove = Vec::new();
    let exceptions = venue.exceptions.edited(&ExceptionsEdit { put, remove });
    Venue {
        exceptions: exceptions.unwrap(),
        ..venue
    }
}

fn special(date: &str, spans: Vec<Span>) -> Exception {
    Exception {
        date: day(date),
        service: None,
        spans,
        note: None,
    }
}
