//! The slices of this crate, in the world of those that they sell for.

use std::sync::Arc;

use commerce::payments::Pretend;
use commerce::{Commerce, Parts};
use engine::{Consumer, Tasks, TimerHandler};
use rpc::{Menus, Providers, Venues};
use store::{Fold, Part, Sealer};
use testkit::provider::Fake;

use crate::world::Below;

pub(crate) static SHARDS: &[&Part] = commerce::SHARDS;
pub(crate) static PEOPLE: &[&Part] = commerce::PEOPLE;
pub(crate) static FOLDS: &[&Fold] = commerce::FOLDS;

pub(crate) struct More {
    pub(crate) commerce: Commerce,
    /// A provider that is never asked first, and tells things by itself.
    pub(crate) fake: Fake,
    pub(crate) sealer: Sealer,
}

impl More {
    pub(crate) fn new(below: &Below<'_>) -> Self {
        let fake = Fake::new("fake", below.random);
        let parts = Parts {
            db: below.db.clone(),
            clock: below.clock.clone(),
            random: below.random.clone(),
            cursors: below.cursors.clone(),
            sealer: below.sealer.clone(),
            bus: below.bus.clone(),
            trust: below.trust.clone(),
            restaurants: below.platform.restaurants(),
            venues: Venues::new(Arc::new(below.catalogue.venues.clone())),
            menus: Menus::new(Arc::new(below.catalogue.menus.clone())),
            stock: below.catalogue.menus.clone(),
            providers: Providers::new(vec![Arc::new(Pretend::new()), Arc::new(fake.clone())]),
        };
        More {
            commerce: Commerce::new(&parts),
            fake,
            sealer: parts.sealer,
        }
    }

    pub(crate) fn routes(&self) -> edge::Routes {
        self.commerce.routes()
    }

    pub(crate) fn consumers(&self) -> Vec<Consumer> {
        self.commerce.consumers().unwrap()
    }

    pub(crate) fn timers(&self) -> Vec<TimerHandler> {
        self.commerce.timers()
    }

    pub(crate) fn start(&self, tasks: &Tasks) {
        self.commerce.start(tasks);
    }
}
