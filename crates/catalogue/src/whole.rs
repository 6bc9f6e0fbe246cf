//! All slices of this crate as one thing, for whoever wires the binary or a world of tests.

use std::sync::Arc;

use base::{Clock, Random, Result};
use edge::Routes;
use engine::{Consumer, Tasks, TimerHandler};
use fabric::{Blobs, Bus, Trust};
use rpc::{Menus, Places, Restaurants, Venues};
use slice::Cursors;
use store::Db;

use crate::{menus, pictures, pricing, venues};

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
    /// The bus of this node, on which every committed event is heard.
    pub bus: Bus,
    /// Whether the caches of this node may be believed.
    pub trust: Trust,
    /// Where pictures are kept.
    pub blobs: Blobs,
    /// Who keeps the records of restaurants.
    pub restaurants: Restaurants,
}

/// The slices at work. Cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    /// How restaurants serve, and when.
    pub venues: venues::App,
    /// What they sell.
    pub menus: menus::App,
    /// What it looks like.
    pub pictures: pictures::App,
    /// What it costs.
    pub pricing: pricing::App,
}

impl Catalogue {
    /// Puts the slices together. Nothing works on its own before [`Catalogue::start`].
    #[must_use]
    pub fn new(parts: &Parts) -> Self {
        let venues = venues::App::new(parts);
        let known = Venues::new(Arc::new(venues.clone()));
        let menus = menus::App::new(parts, known.clone());
        let sold = Menus::new(Arc::new(menus.clone()));
        Catalogue {
            venues,
            menus,
            pictures: pictures::App::new(parts),
            pricing: pricing::App::new(parts, known, sold),
        }
    }

    /// The same, having places in the slots of kitchens held by this service.
    #[must_use]
    pub fn holding(self, places: Places) -> Self {
        Catalogue {
            pricing: self.pricing.holding(places),
            ..self
        }
    }

    /// The routes of all slices.
    #[must_use]
    pub fn routes(&self) -> Routes {
        Routes::new()
            .with(venues::routes(&self.venues))
            .with(menus::routes(&self.menus))
            .with(pictures::routes(&self.pictures))
            .with(pricing::routes(&self.pricing))
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
        let mut all = pictures::timers(&self.pictures);
        all.extend(self.venues.timers());
        all.extend(menus::timers(&self.menus));
        all
    }

    /// Begins what works on its own: following other nodes.
    pub fn start(&self, tasks: &Tasks) {
        pictures::start(&self.pictures, tasks);
        menus::start(&self.menus, tasks);
        let venues = self.venues.clone();
        tasks.spawn("venues", move |stop| venues.clone().follow(stop));
    }
}
