//! Worlds for the engine: a region with the engine's tables, an organisation whose stock counts effects.
//!
//! [`stamp`] makes each test once for every storage engine, with its name in the test's name.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Result, Time, Uid};
use engine::{Consumer, Engine, Handled, PART, Settings, Tasks, TimerHandler};
use fabric::{Bus, Room, Trust};
use store::{Commit, Db, Event};
use testkit::trial::{self, ADD_STOCK, Home, READ_STOCK};
use tokio::runtime::Builder;

pub(crate) use testkit::trial::{Engine as On, SHARD};

pub(crate) const PARTS: store::Parts = store::Parts {
    shards: &[&PART],
    people: &[&PART],
    control: &[],
    audit: &[],
};

pub(crate) struct World {
    pub(crate) trial: trial::World,
    pub(crate) home: Home,
}

/// One node: an engine that runs, and what belongs to it.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) tasks: Tasks,
    pub(crate) bus: Bus,
    pub(crate) trust: Trust,
}

pub(crate) fn run(on: On, test: impl AsyncFnOnce(Arc<World>)) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { test(Arc::new(World::new(on).await)).await });
}

impl World {
    pub(crate) async fn new(on: On) -> Self {
        let trial = trial::World::new(on).await;
        trial.db.migrate(&PARTS).await.unwrap();
        let home = trial.home(0).await;
        World { trial, home }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.trial.db
    }

    pub(crate) fn id(&self) -> Uid {
        let (clock, random) = (&self.trial.clock, &self.trial.random);
        Uid::make(clock, random, self.home.organisation)
    }

    /// A node that works already.
    pub(crate) fn node(
        &self,
        db: &Db,
        settings: Settings,
        consumers: Vec<Consumer>,
        timers: Vec<TimerHandler>,
    ) -> Node {
        let (clock, random) = (self.trial.clock.clone(), self.trial.random.clone());
        let tasks = Tasks::new(clock.clone(), random.clone());
        let (bus, trust) = (Bus::memory(Room::default()), Trust::withdrawn());
        let parts = engine::Parts {
            db: db.clone(),
            clock,
            random,
            bus: bus.clone(),
            trust: trust.clone(),
        };
        let engine = Engine::new(parts, settings, consumers, timers).unwrap();
        engine.start(&tasks);
        Node {
            engine,
            tasks,
            bus,
            trust,
        }
    }

    /// Stores an event of this kind in a stream of its own.
    pub(crate) async fn happen(&self, kind: &'static str) -> Uid {
        let stream = self.id();
        self.happen_at(kind, stream, 1, self.trial.clock.now())
            .await;
        stream
    }

    pub(crate) async fn happen_at(&self, kind: &'static str, stream: Uid, version: i64, at: Time) {
        let mut commit = self.at(at);
        commit.event(Event {
            stream,
            version,
            kind,
            payload: "{}".to_owned(),
            actor: "test".to_owned(),
            at,
            trace: String::new(),
        });
        self.db()
            .commit(commit, &self.db().deadline())
            .await
            .unwrap();
    }

    /// A commit that was begun at some time.
    pub(crate) fn at(&self, at: Time) -> Commit {
        Commit::new(
            &Clock::fixed(at),
            &self.trial.random,
            self.home.organisation,
        )
    }

    /// How many effects there were.
    pub(crate) async fn effects(&self) -> i64 {
        let home = &self.home;
        let rows = self
            .db()
            .rows(home.organisation, &READ_STOCK, [home.dish.into()])
            .await
            .unwrap();
        rows[0].get(0).unwrap()
    }

    /// An effect that can be counted.
    pub(crate) fn effect(&self) -> Handled {
        let mut commit = self.db().new_commit(self.home.organisation);
        commit.change(&ADD_STOCK, [self.home.dish.into(), 1.into()]);
        commit.into()
    }

    /// A consumer that has one effect for each event of these kinds.
    pub(crate) fn counter(self: &Arc<Self>, kinds: &[&str]) -> Consumer {
        let world = Arc::clone(self);
        let handle = move |_| {
            let effect = world.effect();
            async move { Ok(effect) }
        };
        Consumer::new("counter", kinds, handle).unwrap()
    }
}

impl Node {
    pub(crate) async fn stop(self) {
        let late = self.tasks.stop(Duration::from_secs(10)).await;
        assert_eq!(late, Vec::<String>::new());
        let failed = self.tasks.states().into_iter();
        let failed: Vec<_> = failed
            .filter(|state| state.last_failure.is_some())
            .collect();
        assert_eq!(failed, []);
    }
}

/// Settings of a node with a name.
pub(crate) fn settings(node: &str) -> Settings {
    Settings::new(node)
}

/// Waits until something holds; a minute is more than any machine needs.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

pub(crate) fn failure() -> Result<Handled> {
    Err(base::Error::internal(base::codes::INTERNAL, "no way"))
}

macro_rules! stamp {
    ($($engine:ident $on:ident: $($test:ident)+;)+) => {
        $(mod $engine {
            $(#[test]
            fn $test() {
                crate::world::run(crate::world::On::$on, super::$test);
            })+
        })+
    };
}
pub(crate) use stamp;
