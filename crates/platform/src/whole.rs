//! All slices of this crate as one thing, for whoever wires the binary or a world of tests.

use std::sync::Arc;

use base::{Clock, KeyRing, Random, Result};
use edge::{Authorise, Hosts, Identify, Routes, Witness};
use engine::{Consumer, Tasks, TimerHandler};
use fabric::{Bus, Limits, Trust};
use rpc::{Letters, People, Restaurants};
use slice::Cursors;
use store::{Db, Sealer};
use tokio::sync::watch;

use crate::organisations::hosts;
use crate::{access, audit, devices, keys, organisations};

/// Addresses from which wrong pairing codes are counted at once.
const ADDRESSES_MAX: usize = 10_000;

/// What the slices stand on.
#[derive(Clone)]
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
    /// Seals what is personal.
    pub sealer: Sealer,
    /// Signs cursors.
    pub cursors: Cursors,
    /// Under what secrets of keys and devices are stored.
    pub pepper: watch::Receiver<KeyRing>,
    /// Signs the heads of the audit log.
    pub audit: watch::Receiver<KeyRing>,
    /// The bus of this node, on which every committed event is heard.
    pub bus: Bus,
    /// Whether the caches of this node may be believed.
    pub trust: Trust,
    /// Who knows the names of people.
    pub people: People,
    /// Who brings invitations out.
    pub letters: Letters,
    /// The address of the page where invitations are accepted.
    pub join: String,
}

/// The slices at work. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    bus: Bus,
    records: organisations::Records,
    /// Organisations, brands, restaurants.
    pub organisations: organisations::App,
    /// Members, roles, grants, and what follows from them.
    pub access: access::App,
    /// Keys of integrators.
    pub keys: keys::App,
    /// Screens and kiosks.
    pub devices: devices::App,
    /// White label: host names that lead to organisations.
    pub hosts: hosts::App,
    /// The audit log as it is read.
    pub audit: audit::App,
    /// The audit log as it is written.
    pub ledger: audit::Ledger,
}

impl Platform {
    /// Puts the slices together. Nothing works on its own before [`Platform::start`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            db,
            clock,
            random,
            cursors,
            trust,
            ..
        } = parts.clone();
        let access = access::App::new(access::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            sealer: parts.sealer,
            cursors: cursors.clone(),
            trust: trust.clone(),
            people: parts.people,
            letters: parts.letters,
            join: parts.join,
        });
        let records = organisations::Records::new(&db, &clock, &trust);
        let ground = keys::Ground {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors: cursors.clone(),
            pepper: parts.pepper,
            bus: parts.bus.clone(),
            trust,
        };
        Platform {
            bus: parts.bus,
            organisations: organisations::App::new(&db, &clock, &random, cursors.clone())
                .telling(&access)
                .remembered(&records),
            records,
            keys: keys::App::new(&ground, &access),
            devices: devices::App::new(&ground, &Limits::memory(&clock, ADDRESSES_MAX)),
            hosts: hosts::App::new(&db, &clock, &random),
            access,
            audit: audit::App::new(&db, cursors),
            ledger: audit::Ledger::new(&db, &clock, parts.audit),
        }
    }

    /// The routes of all slices.
    #[must_use]
    pub fn routes(&self) -> Routes {
        Routes::new()
            .with(organisations::routes(&self.organisations))
            .with(access::routes(&self.access))
            .with(keys::routes(&self.keys))
            .with(devices::routes(&self.devices))
            .with(hosts::routes(&self.hosts))
            .with(audit::routes(&self.audit))
    }

    /// Who keeps the records of restaurants, for other slices to ask.
    #[must_use]
    pub fn restaurants(&self) -> Restaurants {
        Restaurants::new(Arc::new(self.records.clone()))
    }

    /// Who knows the credentials that organisations give out.
    #[must_use]
    pub fn identify(&self) -> Vec<Arc<dyn Identify>> {
        vec![Arc::new(self.keys.clone()), Arc::new(self.devices.clone())]
    }

    /// Who answers what somebody may do in an organisation.
    #[must_use]
    pub fn authorise(&self) -> Arc<dyn Authorise> {
        let keys = Arc::new(self.keys.clone());
        let devices = Arc::new(self.devices.clone());
        Arc::new(access::Doorkeeper::new(&self.access, keys, devices))
    }

    /// Who knows the host names that lead to organisations.
    #[must_use]
    pub fn hosts(&self) -> Arc<dyn Hosts> {
        Arc::new(self.hosts.clone())
    }

    /// Who writes down what the gate sees.
    #[must_use]
    pub fn witness(&self) -> Arc<dyn Witness> {
        Arc::new(self.ledger.clone())
    }

    /// What is to be done about events.
    ///
    /// # Errors
    /// A pattern of a consumer is none, which a test would have found.
    pub fn consumers(&self) -> Result<Vec<Consumer>> {
        let mut all = access::consumers(&self.access)?;
        all.push(audit::consumer(&self.ledger)?);
        Ok(all)
    }

    /// What is to be done when its time has come.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerHandler> {
        access::timers(&self.access)
    }

    /// Begins what works on its own: following other nodes, appending to the audit log.
    pub fn start(&self, tasks: &Tasks) {
        let (access, bus) = (self.access.clone(), self.bus.clone());
        tasks.spawn("access", move |stop| {
            access.clone().follow(bus.clone(), stop)
        });
        let (records, bus) = (self.records.clone(), self.bus.clone());
        tasks.spawn("restaurants", move |stop| {
            let (records, bus) = (records.clone(), bus.clone());
            async move { records.follow(&bus, &stop).await }
        });
        let keys = self.keys.clone();
        tasks.spawn("keys", move |stop| keys.clone().follow(stop));
        let devices = self.devices.clone();
        tasks.spawn("devices", move |stop| devices.clone().follow(stop));
        let devices = self.devices.clone();
        tasks.spawn("pairings", move |stop| devices.clone().clear(stop));
        let hosts = self.hosts.clone();
        tasks.spawn("hosts", move |stop| hosts.clone().follow(stop));
        let ledger = self.ledger.clone();
        tasks.spawn("audit", move |stop| ledger.clone().run(stop));
    }
}
