//! The slices of this crate in the world of the catalogue: webhooks go to receivers on this machine.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use base::{Clock, Organisation, Random, Uid};
use catalogue::Catalogue;
use engine::{Consumer, Engine, Handled, JobSettings, Settings, Tasks, TimerHandler};
use fabric::{Bus, Room, Trust};
use feeds::{Feeds, Neighbours, Parts, Patience, Resolve, Wire};
use futures_util::future::BoxFuture;
use store::{Db, Fold, Part};

use crate::receiver;
use crate::world::Below;

pub(crate) const SHARDS: &[&Part] = feeds::SHARDS;
pub(crate) const PEOPLE: &[&Part] = &[];
pub(crate) const FOLDS: &[&Fold] = &[];

pub(crate) struct More {
    pub(crate) feeds: Feeds,
    /// Whether what is picky does what it is asked for.
    pub(crate) is_mended: Arc<AtomicBool>,
    /// How often its timer has rung well.
    pub(crate) rung: Arc<AtomicU32>,
    db: Db,
    clock: Clock,
    random: Random,
}

/// Every host is this machine, and one breaks whoever asks for it.
struct Here;

impl Resolve for Here {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        assert!(!host.starts_with("broken."), "a fault of ours");
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) })
    }
}

impl More {
    pub(crate) fn new(below: &Below<'_>) -> Self {
        let wire = Wire::believing(receiver::roots(), Arc::new(Here), Neighbours::Allowed);
        let feeds = Feeds::new(&Parts {
            db: below.db.clone(),
            clock: below.clock.clone(),
            random: below.random.clone(),
            cursors: below.cursors.clone(),
            sealer: below.sealer.clone(),
            bus: below.bus.clone(),
            restaurants: below.platform.restaurants(),
            wire: wire.unwrap(),
            patience: Patience {
                retry_for: Duration::from_millis(1_500),
                first: Duration::from_millis(20),
                longest: Duration::from_millis(80),
                ..Patience::default()
            },
        });
        More {
            feeds,
            is_mended: Arc::default(),
            rung: Arc::default(),
            db: below.db.clone(),
            clock: below.clock.clone(),
            random: below.random.clone(),
        }
    }

    pub(crate) fn holding(&self, catalogue: Catalogue) -> Catalogue {
        catalogue
    }

    pub(crate) fn routes(&self) -> edge::Routes {
        self.feeds.routes()
    }

    pub(crate) fn consumers(&self) -> Vec<Consumer> {
        self.feeds.consumers().unwrap()
    }

    pub(crate) fn timers(&self) -> Vec<TimerHandler> {
        Vec::new()
    }

    /// Jobs are done by an engine beside that of the world, on a bus that nobody else hears.
    pub(crate) fn start(&self, tasks: &Tasks) {
        self.feeds.start(tasks);
        let parts = engine::Parts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            bus: Bus::memory(Room::default()),
            trust: Trust::withdrawn(),
        };
        let name = Uid::make(&self.clock, &self.random, Organisation::PEOPLE);
        let mut settings = Settings::new(format!("{name:?}"));
        settings.jobs = JobSettings {
            wait: Duration::from_millis(20),
            ..JobSettings::default()
        };
        settings.timer_wait = Duration::from_millis(20);
        let (is_mended, rung) = (Arc::clone(&self.is_mended), Arc::clone(&self.rung));
        let timer = TimerHandler::new("tests.picky", move |_| {
            let handled = picky(&is_mended);
            let rings = u32::from(handled.is_ok());
            rung.fetch_add(rings, Ordering::SeqCst);
            async move { handled }
        });
        let is_mended = Arc::clone(&self.is_mended);
        let consumer = Consumer::new("tests.picky", &["tests.picky"], move |_| {
            let handled = picky(&is_mended);
            async move { handled }
        });
        let engine = Engine::new(parts, settings, vec![consumer.unwrap()], vec![timer]).unwrap();
        let engine = engine.with_jobs(self.feeds.jobs()).unwrap();
        engine.start(tasks);
        self.feeds.attend(&engine);
    }
}

/// Somebody who can do nothing until he is mended.
fn picky(is_mended: &AtomicBool) -> base::Result<Handled> {
    match is_mended.load(Ordering::SeqCst) {
        true => Ok(Handled::Done),
        false => Err(base::Error::internal(base::codes::INTERNAL, "picky")),
    }
}
