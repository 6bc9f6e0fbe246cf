//! All slices of this crate as one thing, for whoever wires the binary or a world of tests.

use std::sync::Arc;

use base::{Clock, Random, Result};
use edge::Routes;
use engine::sagas::{self, Sagas};
use engine::{Consumer, Tasks, TimerHandler};
use fabric::{Bus, Limits, Trust};
use rpc::{Addresses, Fraud, Menus, Places, Providers, Restaurants, Venues};
use slice::Cursors;
use store::{Db, Sealer};

use crate::{capacity, carts, credit, ledger, offers, orders, payments};

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
    /// Counts how often people ask for what others then cannot have.
    pub limits: Limits,
    /// Who keeps the records of restaurants.
    pub restaurants: Restaurants,
    /// Who knows how restaurants serve.
    pub venues: Venues,
    /// Who knows what they sell.
    pub menus: Menus,
    /// Who counts what is left of what they sell.
    pub stock: catalogue::menus::App,
    /// Who says what an order looks like.
    pub fraud: Fraud,
    /// Who keeps the address books of diners.
    pub addresses: Addresses,
    /// Who moves money.
    pub providers: Providers,
}

/// The slices at work. Cheap to clone.
#[derive(Clone)]
pub struct Commerce {
    /// How much kitchens take on.
    pub capacity: capacity::App,
    /// Coupons and promotions.
    pub offers: offers::App,
    /// What was earned, owed, taken and given back.
    pub ledger: ledger::App,
    /// What providers are asked for its money.
    pub payments: payments::App,
    /// What people have as credit.
    pub credit: credit::App,
    /// What is ordered, and how it goes on.
    pub orders: orders::App,
    /// What goes on by itself until it is finished or undone.
    pub sagas: Sagas,
    /// What operators see of it.
    inspector: crate::sagas::App,
}

impl From<&Parts> for money::Parts {
    fn from(parts: &Parts) -> Self {
        Self {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            cursors: parts.cursors.clone(),
            providers: parts.providers.clone(),
        }
    }
}

impl From<&Parts> for terms::Parts {
    fn from(parts: &Parts) -> Self {
        Self {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            cursors: parts.cursors.clone(),
            bus: parts.bus.clone(),
            trust: parts.trust.clone(),
            limits: parts.limits.clone(),
            restaurants: parts.restaurants.clone(),
            venues: parts.venues.clone(),
        }
    }
}

impl Commerce {
    /// Puts the slices together. Nothing works on its own before [`Commerce::start`].
    #[must_use]
    pub fn new(parts: &Parts) -> Self {
        let terms = terms::Parts::from(parts);
        let (capacity, offers) = (capacity::App::new(&terms), offers::App::new(&terms));
        let of_money = money::Parts::from(parts);
        let payments = payments::App::new(&of_money);
        let (ledger, credit) = (ledger::App::new(&of_money), credit::App::new(&of_money));
        let sagas = Sagas::new(sagas::Parts {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
        });
        let with = orders::With {
            offers: offers.clone(),
            capacity: capacity.clone(),
            payments: payments.clone(),
            credit: credit.clone(),
            ledger: ledger.clone(),
            sagas: sagas.clone(),
        };
        let orders = orders::App::new(parts, with.clone());
        Commerce {
            inspector: crate::sagas::App::new(parts, &orders, &with),
            capacity,
            offers,
            ledger,
            payments,
            credit,
            orders,
            sagas,
        }
    }

    /// Who holds places in the slots of kitchens, for whoever quotes.
    #[must_use]
    pub fn places(&self) -> Places {
        Places::new(Arc::new(self.capacity.clone()))
    }

    /// The routes of all slices.
    #[must_use]
    pub fn routes(&self) -> Routes {
        Routes::new()
            .with(capacity::routes(&self.capacity))
            .with(offers::routes(&self.offers))
            .with(ledger::routes(&self.ledger))
            .with(payments::routes(&self.payments))
            .with(orders::routes(&self.orders))
            .with(carts::routes(&carts::App::new(&self.orders)))
            .with(crate::sagas::routes(&self.inspector))
    }

    /// What is to be done about events.
    ///
    /// # Errors
    /// A pattern of a consumer is none, which a test would have found.
    pub fn consumers(&self) -> Result<Vec<Consumer>> {
        let mut consumers = self.orders.consumers()?;
        consumers.push(self.credit.consumer()?);
        Ok(consumers)
    }

    /// What is to be done when its time has come.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerHandler> {
        let mut timers = self.orders.timers();
        timers.extend(self.capacity.timers());
        timers.extend(self.payments.timers());
        timers
    }

    /// Begins what works on its own.
    pub fn start(&self, tasks: &Tasks) {
        capacity::start(&self.capacity, tasks);
        offers::start(&self.offers, tasks);
        orders::start(&self.orders, tasks);
        carts::start(self.orders.carts(), tasks);
        crate::sagas::start(&self.inspector, tasks);
        match self.sagas.learn(self.orders.scripts()) {
            Ok(()) => self.sagas.start(tasks),
            // Two of one name, which a test would have found: better none than the wrong one.
            Err(error) => tracing::error!(?error, "no saga goes on"),
        }
    }
}
