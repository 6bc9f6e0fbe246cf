//! Everything that works on its own, for all databases of a region, started by one call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Random, Result, codes};
use fabric::{Bus, Trust};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use store::{Database, Db};

use crate::backoff::Backoff;
use crate::consumer::{Consumer, Reader, unless_away};
use crate::freshness::{Freshness, watch};
use crate::held::{Held, Holder, nap};
use crate::jobs::{Crew, JobHandler, JobSettings};
use crate::keep::{Keep, Removed, Sweep};
use crate::relay::Relay;
use crate::stop::Stop;
use crate::tail::Tail;
use crate::tasks::Tasks;
use crate::timers::{Alarm, TimerHandler};

/// The name of the people database beside the shards.
pub const PEOPLE: &str = "people";

/// How often the directory is asked for what changed.
const DIRECTORY: Duration = Duration::from_secs(1);

/// The longest wait between two tries of a timer.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What the engine works with.
#[derive(Clone)]
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
    /// The bus of this node.
    pub bus: Bus,
    /// Whether the caches of this node may be believed.
    pub trust: Trust,
}

/// How it works; the defaults suit a node of any size.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A name of this process that no other has, now or later: it holds leases under it.
    pub node: String,
    /// For how long a lease holds, and so how long the work of a node that died waits at most.
    pub lease: Duration,
    /// For how long a claimed timer is left alone; longer than its handler and commit may take.
    pub timer_lease: Duration,
    /// The wait before a timer that failed once is tried again; it doubles, and after the fifth try it is parked.
    pub timer_wait: Duration,
    /// How jobs are worked on.
    pub jobs: JobSettings,
    /// How long what is kept.
    pub keep: Keep,
}

impl Settings {
    /// The defaults, under the name of this process.
    #[must_use]
    pub fn new(node: impl Into<String>) -> Self {
        Settings {
            node: node.into(),
            lease: Duration::from_secs(10),
            timer_lease: Duration::from_secs(60),
            timer_wait: Duration::from_secs(8),
            jobs: JobSettings::default(),
            keep: Keep::default(),
        }
    }
}

/// The consumers and timers of all slices, and what they need. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    parts: Parts,
    settings: Settings,
    consumers: Vec<Consumer>,
    timers: Vec<TimerHandler>,
    jobs: Arc<BTreeMap<&'static str, JobHandler>>,
    freshness: BTreeMap<String, Freshness>,
}

impl Engine {
    /// An engine with the consumers and timers of all slices.
    ///
    /// # Errors
    /// Two consumers have one name.
    pub fn new(
        parts: Parts,
        settings: Settings,
        consumers: Vec<Consumer>,
        timers: Vec<TimerHandler>,
    ) -> Result<Self> {
        let mut names: Vec<&str> = consumers.iter().map(Consumer::name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Error::internal(
                codes::INTERNAL,
                "two consumers have one name",
            ));
        }
        let databases = databases(&parts.db);
        let freshness = databases
            .map(|(name, _)| (name.to_owned(), Freshness::new(&parts.clock)))
            .collect();
        Ok(Engine(Arc::new(Inner {
            parts,
            settings,
            consumers,
            timers,
            jobs: Arc::default(),
            freshness,
        })))
    }

    /// The same engine, with somebody to do each kind of job. To be called before it is cloned or started.
    ///
    /// # Errors
    /// Two do jobs of one kind, or the engine was cloned.
    pub fn with_jobs(mut self, handlers: Vec<JobHandler>) -> Result<Self> {
        let said = |said: &'static str| Error::internal(codes::INTERNAL, said);
        let count = handlers.len();
        let jobs = handlers
            .into_iter()
            .map(|handler| (handler.kind(), handler));
        let jobs: BTreeMap<_, _> = jobs.collect();
        if jobs.len() != count {
            return Err(said("two do jobs of one kind"));
        }
        let inner =
            Arc::get_mut(&mut self.0).ok_or_else(|| said("the engine is in use already"))?;
        inner.jobs = Arc::new(jobs);
        Ok(self)
    }

    /// Starts relay, consumers, timers, retention and the watch over the head, each as a task of its own.
    pub fn start(&self, tasks: &Tasks) {
        for (name, database) in databases(self.db()) {
            let tail = Tail::default();
            self.start_relay(tasks, name, (database, &tail));
            for consumer in &self.0.consumers {
                self.start_reader(tasks, name, self.reader_of(consumer, (database, &tail)));
            }
            self.start_alarm(tasks, name, database);
            self.start_crew(tasks, name, database);
            self.start_sweep(tasks, name, database);
        }
        let fresh: Arc<[(String, Freshness)]> = self.0.freshness.clone().into_iter().collect();
        let trust = self.0.parts.trust.clone();
        tasks.spawn("freshness", move |stop| {
            watch(Arc::clone(&fresh), trust.clone(), stop)
        });
        let db = self.db().clone();
        tasks.spawn("directory", move |stop| follow_directory(db.clone(), stop));
    }

    /// How fresh the view of a database is, by the name of the shard, or [`PEOPLE`].
    #[must_use]
    pub fn freshness(&self) -> &BTreeMap<String, Freshness> {
        &self.0.freshness
    }

    /// Removes from a database what is too old, now.
    ///
    /// # Errors
    /// There is no such database, or it is away.
    pub async fn sweep(&self, database: &str) -> Result<Removed> {
        let database = self.database(database)?.clone();
        self.sweep_of(&database).pass(&Stop::new()).await
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.parts.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    pub(crate) fn database(&self, name: &str) -> Result<&Database> {
        let mut all = databases(self.db());
        let found = all.find(|(known, _)| *known == name);
        found
            .map(|(_, database)| database)
            .ok_or_else(|| Error::missing(codes::NOT_FOUND, "there is no such database"))
    }

    /// All databases of the region by their names, those of organisations first.
    pub(crate) fn databases(&self) -> impl Iterator<Item = (&str, &Database)> {
        databases(self.db())
    }

    /// The kinds of timers that somebody here handles.
    pub(crate) fn timer_kinds(&self) -> impl Iterator<Item = &'static str> {
        self.0.timers.iter().map(TimerHandler::kind)
    }

    pub(crate) fn reader(&self, database: &str, consumer: &str) -> Result<Reader> {
        let database = self.database(database)?;
        let mut all = self.0.consumers.iter();
        let consumer = all.find(|known| known.name() == consumer);
        let consumer = consumer
            .ok_or_else(|| Error::missing(codes::NOT_FOUND, "there is no such consumer"))?;
        Ok(self.reader_of(consumer, (database, &Tail::default())))
    }

    fn reader_of(&self, consumer: &Consumer, (database, tail): (&Database, &Tail)) -> Reader {
        Reader {
            consumer: consumer.clone(),
            db: self.db().clone(),
            database: database.clone(),
            tail: tail.clone(),
            random: self.0.parts.random.clone(),
        }
    }

    fn sweep_of(&self, database: &Database) -> Sweep {
        Sweep {
            keep: self.0.settings.keep.clone(),
            consumers: self.0.consumers.iter().map(Consumer::name).collect(),
            db: self.db().clone(),
            database: database.clone(),
            clock: self.clock().clone(),
        }
    }

    fn holder(&self) -> Holder {
        Holder {
            clock: self.clock().clone(),
            node: self.0.settings.node.clone(),
            time: self.0.settings.lease,
        }
    }

    fn start_relay(&self, tasks: &Tasks, name: &str, (database, tail): (&Database, &Tail)) {
        let Some(freshness) = self.0.freshness.get(name) else {
            return;
        };
        let fresh = (self.clock(), freshness);
        let relay = Arc::new(Relay::new(name, database, (&self.0.parts.bus, tail), fresh));
        tasks.spawn(format!("relay of {name}"), move |stop| {
            let relay = Arc::clone(&relay);
            async move { relay.run(&stop).await }
        });
    }

    fn start_reader(&self, tasks: &Tasks, name: &str, reader: Reader) {
        let lease = format!("consumer {}", reader.consumer.name());
        let task = format!("{lease} of {name}");
        let (holder, reader) = (self.holder(), Arc::new(reader));
        tasks.spawn(task, move |stop| {
            let (holder, reader, lease) = (holder.clone(), Arc::clone(&reader), lease.clone());
            async move { in_turn(&holder, &*reader, &lease, &stop).await }
        });
    }

    fn start_sweep(&self, tasks: &Tasks, name: &str, database: &Database) {
        let (holder, sweep) = (self.holder(), Arc::new(self.sweep_of(database)));
        tasks.spawn(format!("retention of {name}"), move |stop| {
            let (holder, sweep) = (holder.clone(), Arc::clone(&sweep));
            async move { in_turn(&holder, &*sweep, "retention", &stop).await }
        });
    }

    pub(crate) fn known_consumers(&self) -> &[Consumer] {
        &self.0.consumers
    }

    pub(crate) fn alarm_of(&self, database: &Database) -> Alarm {
        Alarm {
            handlers: self.0.timers.clone(),
            db: self.db().clone(),
            database: database.clone(),
            clock: self.clock().clone(),
            random: self.0.parts.random.clone(),
            lease: self.0.settings.timer_lease,
            between: Backoff {
                first: self.0.settings.timer_wait,
                longest: LONGEST_WAIT,
            },
        }
    }

    /// Timers need no lease over all: each is claimed by itself, and all nodes share the work.
    fn start_alarm(&self, tasks: &Tasks, name: &str, database: &Database) {
        if self.0.timers.is_empty() {
            return;
        }
        let alarm = Arc::new(self.alarm_of(database));
        tasks.spawn(format!("timers of {name}"), move |stop| {
            let alarm = Arc::clone(&alarm);
            async move {
                while !stop.is_stopping() {
                    unless_away(alarm.run(&stop).await, &stop).await?;
                }
                Ok(())
            }
        });
    }

    /// Jobs are claimed one by one too.
    fn start_crew(&self, tasks: &Tasks, name: &str, database: &Database) {
        if self.0.jobs.is_empty() {
            return;
        }
        let crew = Crew {
            handlers: Arc::clone(&self.0.jobs),
            db: self.db().clone(),
            database: database.clone(),
            clock: self.clock().clone(),
            random: self.0.parts.random.clone(),
            settings: self.0.settings.jobs,
        };
        tasks.spawn(format!("jobs of {name}"), move |stop| {
            let crew = crew.clone();
            async move {
                while !stop.is_stopping() {
                    unless_away(crew.run(&stop).await, &stop).await?;
                }
                Ok(())
            }
        });
    }
}

/// Work that one node does at a time.
trait Work: Sync {
    fn database(&self) -> &Database;
    fn work<'a>(&'a self, stop: &'a Stop) -> BoxFuture<'a, Result<()>>;
}

impl Work for Reader {
    fn database(&self) -> &Database {
        &self.database
    }

    fn work<'a>(&'a self, stop: &'a Stop) -> BoxFuture<'a, Result<()>> {
        self.run(stop).boxed()
    }
}

impl Work for Sweep {
    fn database(&self) -> &Database {
        &self.database
    }

    fn work<'a>(&'a self, stop: &'a Stop) -> BoxFuture<'a, Result<()>> {
        self.run(stop).boxed()
    }
}

/// Does work whenever no other node does it, until the stop.
async fn in_turn(holder: &Holder, work: &dyn Work, lease: &str, stop: &Stop) -> Result<()> {
    while !stop.is_stopping() {
        let held = holder
            .hold(work.database(), lease, stop, work.work(stop))
            .await;
        let elsewhere = matches!(held, Ok(Held::Elsewhere));
        unless_away(held.map(|_| ()), stop).await?;
        if elsewhere {
            nap(stop, holder.time.checked_div(4).unwrap_or_default()).await;
        }
    }
    Ok(())
}

async fn follow_directory(db: Db, stop: Stop) -> Result<()> {
    while !stop.is_stopping() {
        let refreshed = db.refresh_directory(&db.deadline()).await;
        unless_away(refreshed.map_err(Error::from), &stop).await?;
        nap(&stop, DIRECTORY).await;
    }
    Ok(())
}

fn databases(db: &Db) -> impl Iterator<Item = (&str, &Database)> {
    let shards = db.shards().iter();
    shards
        .map(|(name, database)| (name.as_str(), database))
        .chain(std::iter::once((PEOPLE, db.people())))
}
