//! The slices of this crate as one thing, for whoever wires the binary or a world of tests.

use base::{Clock, Random, Result};
use edge::Routes;
use engine::{Consumer, Engine, JobHandler, Tasks};
use fabric::Bus;
use rpc::Restaurants;
use slice::Cursors;
use store::{Db, Sealer};

use crate::events;
use crate::hooks::{self, Patience, Wire};
use crate::work;

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
    /// Seals the secrets of webhooks.
    pub sealer: Sealer,
    /// The bus of this node, on which every committed event is heard.
    pub bus: Bus,
    /// Who keeps the records of restaurants.
    pub restaurants: Restaurants,
    /// Calls webhooks.
    pub wire: Wire,
    /// How patient we are with them.
    pub patience: Patience,
}

/// The slices at work. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    events: events::App,
    hooks: hooks::App,
    work: work::App,
}

impl Feeds {
    /// Puts the slices together. Nothing works on its own before [`Feeds::start`].
    #[must_use]
    pub fn new(parts: &Parts) -> Self {
        Feeds {
            events: events::App::new(parts),
            hooks: hooks::App::new(parts),
            work: work::App::new(parts),
        }
    }

    /// The routes of all slices.
    #[must_use]
    pub fn routes(&self) -> Routes {
        events::routes(&self.events)
            .with(hooks::routes(&self.hooks))
            .with(work::routes(&self.work))
    }

    /// What is to be done about events.
    ///
    /// # Errors
    /// A pattern of a consumer is none, which a test would have found.
    pub fn consumers(&self) -> Result<Vec<Consumer>> {
        Ok(vec![self.hooks.consumer()?])
    }

    /// Who does the jobs of these slices.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobHandler> {
        self.hooks.jobs()
    }

    /// Says who does the work of this node, so that operators can have done again what failed.
    pub fn attend(&self, engine: &Engine) {
        self.work.attend(engine);
    }

    /// How many wait for news on this node; for tests.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.events.waiting()
    }

    /// Begins what works on its own.
    pub fn start(&self, tasks: &Tasks) {
        let events = self.events.clone();
        tasks.spawn("news of the feed", move |stop| events.clone().follow(stop));
    }
}
