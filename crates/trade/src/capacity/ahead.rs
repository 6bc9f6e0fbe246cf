//! The slots that lie ahead of a restaurant: those in which it serves, and what each of them takes.

use base::Time;
use carte::{Channel, Service};

use super::clock::{Slot, slot_from};
use super::rules::{Bounds, Rules};
use domain::organisations::TimeZone;
use domain::venues::{Venue, open_at};

/// A restaurant's service, as far as slots depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Serving<'a> {
    /// The rules of its capacity.
    pub rules: &'a Rules,
    /// How and when it serves.
    pub venue: &'a Venue,
    /// The zone by which its hours are meant.
    pub zone: TimeZone,
    /// The service.
    pub service: Service,
    /// The sales channel.
    pub channel: &'a Channel,
}

/// A slot in which a restaurant serves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ahead {
    /// The slot.
    pub slot: Slot,
    /// What it takes; `None` when nothing is limited.
    pub bounds: Option<Bounds>,
}

/// The slots at whose beginning the restaurant serves, from one to another, both with.
#[must_use]
pub fn ahead(serving: &Serving<'_>, (first, last): (Slot, Slot)) -> Vec<Ahead> {
    let mut all = Vec::new();
    let mut slot = first;
    // Until when what was found out last holds; whole nights are passed over at once.
    let mut open_until = Time::EPOCH;
    while slot <= last {
        if slot.begins() >= open_until {
            let found = open_at(serving.venue, serving.zone, serving.service, slot.begins());
            let changes = found.changes_at;
            if !found.open {
                let Some(opens) = changes else { break };
                slot = slot_from(opens).max(slot.next());
                continue;
            }
            open_until = changes.unwrap_or_else(|| last.ends());
        }
        let bounds = serving.rules.bounds(serving.zone, slot, serving.channel);
        all.push(Ahead { slot, bounds });
        slot = slot.next();
    }
    all
}
