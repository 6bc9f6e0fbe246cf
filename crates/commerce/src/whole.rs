//! All slices of this crate as one thing, for whoever wires the binary or a world of tests.

use base::{Clock, Random, Result};
use edge::Routes;
use engine::{Consumer, Tasks, TimerHandler};
use fabric::{Bus, Trust};
use rpc::{Menus, Restaurants, Venues};
use slice::Cursors;
use store::{Db, Sealer};

/// What the slices stand on.
#[derive(Clone)]
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
    /// Signs cursors.
    pub cursors: Cursors,
    /// Seals what is said of people.
    pub sealer: Sealer,
    /// The bus of this node, on which every committed event is heard.
    pub bus: Bus,
    /// Whether the caches of this node may be believed.
    pub trust: Trust,
    /// Who keeps the records of restaurants.
    pub restaurants: Restaurants,
    /// Who knows how restaurants serve.
    pub venues: Venues,
    /// Who knows what they sell.
    pub menus: Menus,
    /// Who counts what is left of what they sell.
    pub stock: catalogue::menus::App,
}

/// The slices at work. Cheap to clone.
#[derive(Clone)]
pub struct Commerce {}

impl Commerce {
    /// Puts the slices together. Nothing works on its own before [`Commerce::start`].
    #[must_use]
    pub fn new(_parts: &Parts) -> Self {
        Commerce {}
    }

    /// The routes of all slices.
    #[must_use]
    pub fn routes(&self) -> Routes {
        Routes::new()
    }

    /// What is to be done about events.
    ///
    /// # Errors
    /// A pattern of a consumer is none, which a test would have found.
    pub fn consumers(&self) -> Result<Vec<Consumer>> {
        Ok(Vec::new())
    }

    /// What is to be done when its time has come.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerHandler> {
        Vec::new()
    }

    /// Begins what works on its own.
    pub fn start(&self, _tasks: &Tasks) {}
}
