//! The slices of this crate, in the world of those that they sell for.

use std::sync::{Arc, Mutex};

use base::Uid;
use catalogue::Catalogue;
use commerce::payments::Pretend;
use commerce::{Commerce, Parts};
use domain::people::{Address, AddressId, Line, PersonId, Point};
use engine::{Consumer, Tasks, TimerHandler};
use fabric::Limits;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rpc::fraud::{FraudScore, JudgesOrders, Recommendation, Risk, Wished};
use rpc::{Addresses, Fraud, KeepsAddresses, Menus, Providers, Venues};
use store::{Fold, Part, Sealer};
use testkit::provider::Fake;

use crate::kitchen::NEAR;
use crate::world::Below;

pub(crate) static SHARDS: &[&Part] = commerce::SHARDS;
pub(crate) static PEOPLE: &[&Part] = commerce::PEOPLE;
pub(crate) static FOLDS: &[&Fold] = commerce::FOLDS;

tokio::task_local! {
    /// Where this is set nothing of these slices works on its own: sagas go on when a test says so.
    pub(crate) static STILL: ();
}

pub(crate) struct More {
    pub(crate) commerce: Commerce,
    /// What it stands on.
    pub(crate) parts: Parts,
    /// A provider that is never asked first, and tells things by itself.
    pub(crate) fake: Fake,
    pub(crate) home: Home,
    pub(crate) sealer: Sealer,
}

/// Somebody who finds that much is suspicious: from 500.00 an order is looked at, from 900.00 it is not taken. Of orders
/// from 400.00 he has nothing to say.
struct Wary;

impl JudgesOrders for Wary {
    fn judge<'a>(&'a self, wished: &'a Wished) -> BoxFuture<'a, base::Result<FraudScore>> {
        let (score, risk, recommendation) = match wished.total.minor() {
            90_000.. => (95, Risk::High, Recommendation::Reject),
            50_000.. => (60, Risk::Medium, Recommendation::Review),
            40_000.. => return std::future::pending().boxed(),
            _ => (5, Risk::Low, Recommendation::Accept),
        };
        let flags = match risk {
            Risk::Low => Vec::new(),
            Risk::Medium | Risk::High => vec!["large".to_owned()],
        };
        let score = FraudScore {
            score,
            risk,
            flags,
            recommendation,
        };
        std::future::ready(Ok(score)).boxed()
    }
}

/// Everybody has one address, until it is moved or taken away.
#[derive(Clone)]
pub(crate) struct Home(Arc<Mutex<Option<String>>>);

/// The address that everybody has.
pub(crate) fn home() -> AddressId {
    Uid::from_bytes([7; 16]).into()
}

impl KeepsAddresses for Home {
    fn find(
        &self,
        _person: PersonId,
        id: AddressId,
    ) -> BoxFuture<'_, base::Result<Option<Address>>> {
        let line = |text: &str| Line::parse(text).unwrap();
        let street = self.0.lock().unwrap().clone();
        let home = street.filter(|_| id == home()).map(|street| Address {
            label: None,
            street: line(&street),
            city: Some(line("Napoli")),
            post_code: None,
            instructions: Some(line("Second floor")),
            point: Some(Point::new(NEAR.0, NEAR.1).unwrap()),
        });
        std::future::ready(Ok(home)).boxed()
    }
}

impl Home {
    /// From now on it is in another street, or there is none.
    pub(crate) fn is_in(&self, street: Option<&str>) {
        *self.0.lock().unwrap() = street.map(str::to_owned);
    }
}

impl More {
    pub(crate) fn new(below: &Below<'_>) -> Self {
        let home = Home(Arc::default());
        home.is_in(Some("Via dei Tribunali 32"));
        let fake = Fake::new("fake", below.random);
        let parts = Parts {
            db: below.db.clone(),
            clock: below.clock.clone(),
            random: below.random.clone(),
            cursors: below.cursors.clone(),
            sealer: below.sealer.clone(),
            bus: below.bus.clone(),
            trust: below.trust.clone(),
            limits: Limits::memory(below.clock, 1_000),
            restaurants: below.platform.restaurants(),
            venues: Venues::new(Arc::new(below.catalogue.venues.clone())),
            menus: Menus::new(Arc::new(below.catalogue.menus.clone())),
            stock: below.catalogue.menus.clone(),
            fraud: Fraud::new(Arc::new(Wary)),
            addresses: Addresses::new(Arc::new(home.clone())),
            providers: Providers::new(vec![Arc::new(Pretend::new()), Arc::new(fake.clone())]),
        };
        More {
            commerce: Commerce::new(&parts),
            fake,
            home,
            sealer: parts.sealer.clone(),
            parts,
        }
    }

    /// What is sold, with places that are held here.
    pub(crate) fn holding(&self, catalogue: Catalogue) -> Catalogue {
        catalogue.holding(self.commerce.places())
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
        if STILL.try_with(|()| ()).is_err() {
            self.commerce.start(tasks);
        }
    }
}
