//! The slices of this crate as one thing, for whoever wires the binary or a world of tests.

use base::{Clock, Random};
use edge::Routes;
use engine::Tasks;
use fabric::Bus;
use rpc::Restaurants;
use slice::Cursors;
use store::{Db, Sealer};

use crate::events;

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
}

/// The slices at work. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    events: events::App,
}

impl Feeds {
    /// Puts the slices together. Nothing works on its own before [`Feeds::start`].
    #[must_use]
    pub fn new(parts: &Parts) -> Self {
        Feeds {
            events: events::App::new(parts),
        }
    }

    /// The routes of all slices.
    #[must_use]
    pub fn routes(&self) -> Routes {
        events::routes(&self.events)
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
