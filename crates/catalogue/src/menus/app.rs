//! What the use cases of this slice stand on.

use std::sync::Arc;

use base::{Clock, Error, Random, Result, Trail as _, codes};
use carte::Finding;
use domain::organisations::{Restaurant, RestaurantId};
use fabric::Bus;
use rpc::{Restaurants, Venues};
use slice::{Ask, Cursors};
use store::{Commit, Db, Failure};

use super::memory::Memory;
use super::place::Place;

/// How many findings an answer tells of.
const FINDINGS_MAX: usize = 50;
/// How often a change is decided again because somebody else was faster, where the caller has seen no version.
const TRIES: usize = 8;

/// The use cases of menus. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) cursors: Cursors,
    pub(super) restaurants: Restaurants,
    pub(super) venues: Venues,
    pub(super) bus: Bus,
    pub(super) memory: Memory,
}

impl App {
    /// The slice over these parts; whoever knows how restaurants serve says when their next day begins.
    #[must_use]
    pub fn new(parts: &crate::Parts, venues: Venues) -> Self {
        App(Arc::new(Inner {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            cursors: parts.cursors.clone(),
            restaurants: parts.restaurants.clone(),
            venues,
            bus: parts.bus.clone(),
            memory: Memory::new(&parts.clock, &parts.trust),
        }))
    }

    /// The record of a restaurant.
    pub(super) async fn restaurant(&self, id: RestaurantId) -> Result<Arc<Restaurant>> {
        let found = self.0.restaurants.find(id).await.at()?;
        found.ok_or_else(missing)
    }

    /// Missing where there is no such restaurant. Of brands the gate has seen to that.
    pub(super) async fn find_place(&self, place: Place) -> Result<()> {
        match place {
            Place::Restaurant(id) => self.restaurant(id).await.map(|_| ()),
            Place::Brand(id) => match self.0.db.knows(id.organisation()).await {
                true => Ok(()),
                false => Err(missing()),
            },
        }
    }

    /// An empty commit of the organisation of a place.
    pub(super) fn commit_of(&self, place: Place) -> Commit {
        self.0.db.new_commit(place.organisation())
    }
}

/// Who asks, where nobody does: what the platform itself does when its time has come.
pub(super) fn of_itself(actor: &str) -> Ask {
    Ask {
        actor: actor.to_owned(),
        trace: String::new(),
        key: None,
    }
}

/// Decides again while others are faster.
#[derive(Default)]
pub(super) struct Tries(usize);

impl Tries {
    /// Whether it must be decided again, because somebody else was faster; not for ever.
    pub(super) fn again<T>(&mut self, settled: &Result<T>) -> bool {
        self.0 = self.0.saturating_add(1);
        matches!(settled, Err(error) if was_refused(error)) && self.0 < TRIES
    }
}

/// What is said in the end, when others were faster again and again.
pub(super) fn outrun(error: Error) -> Error {
    match was_refused(&error) {
        true => Error::conflict(
            codes::CONFLICT,
            "others changed the same at the same time, again and again",
        )
        .caused_by(error),
        false => error,
    }
}

#[track_caller]
pub(super) fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

/// What was seen is not so any more.
#[track_caller]
pub(super) fn late() -> Error {
    Error::conflict(codes::VERSION_CHANGED, "it was changed since it was read")
}

/// A change that lost a race says the same as one that came too late.
pub(super) fn changed(error: Error) -> Error {
    match was_refused(&error) {
        true => late().caused_by(error),
        false => error,
    }
}

pub(super) fn was_refused(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    matches!(source, Some(Failure::Refused { .. }))
}

/// What was found against a change or a menu, as fields of an error.
#[track_caller]
pub(super) fn found(code: &'static str, said: &'static str, findings: &[Finding]) -> Error {
    let error = Error::invalid(code, said);
    findings
        .iter()
        .take(FINDINGS_MAX)
        .fold(error, |error, finding| {
            let field = match &finding.part {
                Some(part) => format!("{part}.{}", finding.field),
                None => finding.field.clone(),
            };
            error.field(field, codes::FIELD_INVALID, finding.words.clone())
        })
}
