//! The sagas of a process at work: a queue of those that it has, claims of those that nobody has, leases kept.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::{Clock, Error, Organisation, Random, Result, Time, Uid, codes};
use store::{Call, Database, Db, Row, Scope};
use tokio::task::JoinSet;

use super::journal::{Begun, Journal, LEASE, PARKED};
use super::queue::{Held, Queue, Taken};
use super::run::{Run, Stood};
use super::script::{Kind, Plot, Script};
use super::store::{CLAIM, COUNT, FAIL, KEEP, NEXT, ORPHANS, SEIZE};
use super::trial::Probe;
use crate::backoff::Backoff;
use crate::consumer::unless_away;
use crate::held::nap;
use crate::stop::Stop;
use crate::tasks::Tasks;

/// Sagas that wait for their turn in this process; more are found by their rows.
const WAITING_MAX: usize = 4_096;
/// Sagas at work in this process at a time.
const RUNNING_MAX: usize = 256;
/// Sagas that are claimed at once.
const CLAIMED_MAX: usize = 64;
/// Leases that are renewed in one transaction.
const KEPT_MAX: usize = 256;
/// The longest wait between two tries of a step.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// How often it is counted what may run and what is parked.
const COUNTED: Duration = Duration::from_secs(5);
/// The shortest pause between two looks.
const PAUSE_MIN: Duration = Duration::from_millis(2);

/// What sagas stand on.
#[derive(Clone)]
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
}

/// How quickly they work.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often it is looked for sagas that nobody has.
    pub look: Duration,
    /// The wait before a step that erred once is tried again; it doubles.
    pub wait: Duration,
    /// For how long a saga of an unknown kind or journal waits for a node that knows it, before it is parked.
    pub orphan: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            look: Duration::from_millis(200),
            wait: Duration::from_millis(500),
            orphan: Duration::from_secs(30),
        }
    }
}

/// How often what is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    /// A step that can be undone, before the saga is undone.
    pub(crate) run: i64,
    /// An undo, or a step that must be done, before the saga is parked.
    pub(crate) must: i64,
}

impl Tries {
    const WORK: Tries = Tries { run: 5, must: 8 };
    /// No try differs from the second, so a proof need not wait for more.
    const PROOF: Tries = Tries { run: 2, must: 2 };
}

/// The sagas of all slices. Cheap to clone; it works after [`Sagas::learn`] and [`Sagas::start`].
#[derive(Clone)]
pub struct Sagas(pub(crate) Arc<Inner>);

/// The scripts of all kinds of sagas.
enum Plots {
    None,
    Learnt(Arc<[Plot]>),
    GivenUp,
}

pub(crate) struct Inner {
    parts: Parts,
    pace: Pace,
    /// What the steps of all kinds are. They hold the slices, which hold this: so they are given up at the end.
    plots: RwLock<Plots>,
    pub(crate) queue: Queue,
    pub(crate) tries: Tries,
    pub(crate) probe: Option<Probe>,
}

impl Inner {
    pub(crate) fn db(&self) -> &Db {
        &self.parts.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.parts.clock
    }

    pub(crate) fn random(&self) -> &Random {
        &self.parts.random
    }

    pub(crate) fn between(&self) -> Backoff {
        Backoff {
            first: self.pace.wait,
            longest: LONGEST_WAIT,
        }
    }

    pub(crate) fn plots(&self) -> Arc<[Plot]> {
        match &*self.plots.read().unwrap_or_else(PoisonError::into_inner) {
            Plots::Learnt(plots) => Arc::clone(plots),
            Plots::None | Plots::GivenUp => Arc::default(),
        }
    }

    pub(crate) fn plot(&self, kind: &str, version: i64) -> Option<Plot> {
        let plots = self.plots();
        let mut plots = plots.iter();
        let found = plots.find(|plot| plot.kind.name == kind && plot.kind.version == version);
        found.cloned()
    }

    /// Learns what was not learnt before; says whether that was so.
    fn learn(&self, plots: Vec<Plot>) -> bool {
        let mut known = self.plots.write().unwrap_or_else(PoisonError::into_inner);
        let is_first = matches!(*known, Plots::None);
        if is_first {
            *known = Plots::Learnt(plots.into());
        }
        is_first
    }

    /// Knows no saga any more, so that whoever knows of sagas can go.
    fn give_up(&self) {
        let mut known = self.plots.write().unwrap_or_else(PoisonError::into_inner);
        *known = Plots::GivenUp;
    }

    /// Runs a saga that this process holds. Whatever goes wrong, its row tells where it stands.
    async fn work(&self, taken: Taken, stop: &Stop) -> Result<Stood> {
        let journal = &taken.journal;
        let Some(plot) = self.plot(&journal.kind, journal.version) else {
            return Ok(Stood::Lost);
        };
        let (organisation, id) = (journal.organisation, journal.id);
        let stood = Run::new(self, &plot, stop, taken).on().await;
        let held = self.queue.release(organisation, id);
        if let (Ok(Stood::Stopped), Some(held)) = (&stood, held) {
            self.give_back(held).await?;
        }
        let how = stood.as_ref().map_or("broken", |stood| stood.name());
        metrics::counter!("sagas_total", "kind" => plot.kind.name, "how" => how).increment(1);
        stood
    }
}

/// A script whose state has any type, for [`Sagas::learn`].
#[derive(Clone)]
pub struct Known(Plot);

impl<S> From<Script<S>> for Known {
    fn from(script: Script<S>) -> Self {
        Known(script.into())
    }
}

impl Sagas {
    /// Sagas that know nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Sagas::paced(parts, Pace::default())
    }

    /// The same at another pace.
    #[must_use]
    pub fn paced(parts: Parts, pace: Pace) -> Self {
        Sagas::probed(parts, pace, None)
    }

    pub(crate) fn probed(parts: Parts, pace: Pace, probe: Option<Probe>) -> Self {
        Sagas(Arc::new(Inner {
            parts,
            pace,
            plots: RwLock::new(Plots::None),
            queue: Queue::new(WAITING_MAX),
            tries: match &probe {
                Some(_) => Tries::PROOF,
                None => Tries::WORK,
            },
            probe,
        }))
    }

    /// Learns all scripts, once.
    ///
    /// # Errors
    /// Two are of one kind and version, one has no steps, or they were learnt before.
    pub fn learn(&self, scripts: Vec<Known>) -> Result<()> {
        let mut kinds: Vec<Kind> = scripts.iter().map(|known| known.0.kind).collect();
        kinds.sort_unstable();
        let twice = kinds.windows(2).any(|pair| pair.first() == pair.last());
        let empty = scripts.iter().any(|known| known.0.steps.is_empty());
        let plots = scripts.into_iter().map(|known| known.0).collect();
        if twice || empty || !self.0.learn(plots) {
            return Err(Error::internal(
                codes::INTERNAL,
                "sagas are learnt once, one script for each kind and version, with steps",
            ));
        }
        Ok(())
    }

    /// Goes on with a saga whose beginning was just stored. Never waits: what finds no room is found by its row.
    pub fn go(&self, begun: Begun) {
        self.0.queue.push(begun.into());
    }

    /// Goes on with it here and now, under its lease, and answers how far it came: for whoever waits for that.
    ///
    /// # Errors
    /// The saga is not known here, or what went wrong could not be written down.
    pub async fn finish(&self, begun: Begun) -> Result<Stood> {
        self.0.queue.hold(Held::of(&begun.journal));
        self.0.work(begun.into(), &Stop::new()).await
    }

    /// Runs a saga here and now, whoever has it: for simulations and tests, and for whoever wants its end at once.
    ///
    /// # Errors
    /// The database is away, or the saga is not known here.
    pub async fn drive(&self, organisation: Organisation, saga: Uid) -> Result<Stood> {
        let (database, _) = self.0.db().home(organisation)?;
        let until = self.0.lease()?;
        let params = [
            organisation.into(),
            saga.into(),
            until.into(),
            PARKED.into(),
        ];
        let claimed = self.0.claimed(database, Call::new(&SEIZE, params)).await?;
        match claimed.into_iter().next() {
            Some(journal) => Box::pin(self.0.work(journal.into(), &Stop::new())).await,
            None => Ok(Stood::Lost),
        }
    }

    /// Begins to work: a task that runs what this process has, and one for each shard that looks for what nobody has.
    pub fn start(&self, tasks: &Tasks) {
        let inner = Arc::clone(&self.0);
        tasks.spawn("sagas", move |stop| {
            let inner = Arc::clone(&inner);
            async move {
                let ran = Arc::clone(&inner).run(&stop).await;
                if stop.is_stopping() {
                    inner.give_up();
                }
                ran
            }
        });
        for (name, database) in self.0.db().shards() {
            let (inner, database) = (Arc::clone(&self.0), database.clone());
            let gauge = name.clone();
            tasks.spawn(format!("sagas of {name}"), move |stop| {
                let look = Look {
                    inner: Arc::clone(&inner),
                    database: database.clone(),
                    name: gauge.clone(),
                };
                async move {
                    while !stop.is_stopping() {
                        unless_away(look.run(&stop).await, &stop).await?;
                    }
                    Ok(())
                }
            });
        }
    }
}

impl Inner {
    fn lease(&self) -> Result<Time> {
        later(self.clock().now(), LEASE)
    }

    async fn claimed(&self, database: &Database, call: Call) -> Result<Vec<Journal>> {
        let answers = database.transact(vec![call], &self.db().deadline()).await?;
        let rows = answers.iter().flat_map(|answer| &answer.rows);
        Ok(rows.map(Journal::read).collect::<store::Outcome<_>>()?)
    }

    /// Runs what is in the queue, each saga as a task of its own.
    async fn run(self: Arc<Self>, stop: &Stop) -> Result<()> {
        let mut queue = self.queue.receiver.lock().await;
        let mut running = JoinSet::new();
        loop {
            let room = running.len() < RUNNING_MAX;
            tokio::select! {
                () = stop.stopped() => break,
                Some(ended) = running.join_next() => tell(ended),
                Some(taken) = queue.recv(), if room => {
                    let (inner, stop) = (Arc::clone(&self), stop.clone());
                    running.spawn(async move { inner.work(taken, &stop).await });
                }
            }
        }
        while let Some(ended) = running.join_next().await {
            tell(ended);
        }
        while let Ok(Taken { journal, .. }) = queue.try_recv() {
            self.queue.release(journal.organisation, journal.id);
            self.give_back(Held::of(&journal)).await?;
        }
        Ok(())
    }

    /// Lets others have a saga at once that this process leaves.
    async fn give_back(&self, held: Held) -> Result<()> {
        let (database, _) = self.db().home(held.organisation)?;
        let call = keep(&held, self.clock().now());
        let deadline = self.db().deadline();
        database.transact(vec![call], &deadline).await?;
        Ok(())
    }
}

fn keep(held: &Held, until: Time) -> Call {
    let (organisation, id) = (held.organisation.into(), held.id.into());
    Call::new(&KEEP, [organisation, id, held.attempt.into(), until.into()])
}

fn tell(ended: std::result::Result<Result<Stood>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(_)) => {}
        // Its lease runs out, and it is gone on with from where its row stands.
        Ok(Err(error)) => tracing::error!(?error, "a saga was left"),
        Err(error) => tracing::error!(%error, "a saga was left"),
    }
}

/// Who looks for sagas of one shard that nobody has, and keeps the leases of those that this process has.
struct Look {
    inner: Arc<Inner>,
    database: Database,
    name: String,
}

impl Look {
    async fn run(&self, stop: &Stop) -> Result<()> {
        let (mut counted, mut orphans) = (Time::from_micros(0), self.inner.clock().now());
        while !stop.is_stopping() {
            self.keep().await?;
            let now = self.inner.clock().now();
            if now.since(counted) >= COUNTED {
                self.count(now).await?;
                counted = now;
            }
            if now.since(orphans) >= self.inner.pace.orphan {
                self.park_orphans(now).await?;
                orphans = now;
            }
            let wait = self.claim_due().await?;
            nap(stop, wait).await;
        }
        Ok(())
    }

    /// Claims what is due; answers until when there is nothing more to do.
    async fn claim_due(&self) -> Result<Duration> {
        let look = self.inner.pace.look;
        let rows = self.read(vec![Call::new(&NEXT, [])]).await?;
        let next: Option<Time> = rows.first().map(|row| row.get(0)).transpose()?;
        let now = self.inner.clock().now();
        match next {
            Some(next) if next > now => Ok(next.since(now).clamp(PAUSE_MIN, look)),
            Some(_) if self.claim().await? > 0 => Ok(PAUSE_MIN),
            _ => Ok(look),
        }
    }

    /// Claims what is due, as much as there is room for; answers how many.
    async fn claim(&self) -> Result<usize> {
        let mut count = 0_usize;
        for plot in self.inner.plots().iter() {
            let room = self.inner.queue.room().min(CLAIMED_MAX);
            let (now, until) = (self.inner.clock().now(), self.inner.lease()?);
            let params = [
                plot.kind.name.into(),
                plot.kind.version.into(),
                now.into(),
                until.into(),
                i64::try_from(room).unwrap_or(0).into(),
            ];
            let call = Call::new(&CLAIM, params);
            let claimed = self.inner.claimed(&self.database, call).await?;
            count = count.saturating_add(claimed.len());
            for journal in claimed {
                self.inner.queue.push(journal.into());
            }
        }
        Ok(count)
    }

    /// Renews the leases of this shard that end soon, in the order in which commits lock rows too.
    async fn keep(&self) -> Result<()> {
        let (now, until) = (self.inner.clock().now(), self.inner.lease()?);
        let soon = later(now, LEASE.checked_div(2).unwrap_or_default())?;
        let mut mine = self.inner.queue.ending(soon);
        mine.retain(|held| {
            let home = self.inner.db().home(held.organisation);
            home.is_ok_and(|(_, placement)| placement.shard == self.name)
        });
        for some in mine.chunks(KEPT_MAX) {
            let calls = some.iter().map(|held| keep(held, until)).collect();
            let deadline = self.inner.db().deadline();
            let answers = self.database.transact(calls, &deadline).await?;
            for (held, answer) in some.iter().zip(answers) {
                if answer.touched == 1 {
                    self.inner.queue.renewed(*held, until);
                }
            }
        }
        Ok(())
    }

    /// Parks what has been due for so long that no node seems to know it.
    async fn park_orphans(&self, now: Time) -> Result<()> {
        let since = now.minus(self.inner.pace.orphan).unwrap_or(now);
        let params = [since.into(), i64::try_from(CLAIMED_MAX).unwrap_or(0).into()];
        for row in self.read(vec![Call::new(&ORPHANS, params)]).await? {
            let (organisation, id): (Organisation, Uid) = (row.get(0)?, row.get(1)?);
            let (kind, version, attempt): (String, i64, i64) =
                (row.get(2)?, row.get(3)?, row.get(4)?);
            if self.inner.plot(&kind, version).is_some() {
                continue;
            }
            let error = format!("no node knows version {version} of the journal of {kind}");
            tracing::error!(saga = ?id, error, "a saga is parked");
            let call = Call::new(
                &FAIL,
                [
                    organisation.into(),
                    id.into(),
                    attempt.into(),
                    PARKED.into(),
                    error.into(),
                ],
            );
            let deadline = self.inner.db().deadline();
            self.database.transact(vec![call], &deadline).await?;
        }
        Ok(())
    }

    /// Tells how many may run, how old the oldest is, and how many are parked.
    async fn count(&self, now: Time) -> Result<()> {
        let open = [0_i64.into(), PARKED.saturating_sub(1).into()];
        let parked = [PARKED.into(), PARKED.into()];
        let calls = vec![Call::new(&COUNT, open), Call::new(&COUNT, parked)];
        let rows = self.read(calls).await?;
        let labels = [("shard", self.name.clone())];
        for (row, name) in rows.iter().zip(["sagas_open", "sagas_parked"]) {
            let count: i64 = row.get(0)?;
            metrics::gauge!(name, &labels).set(count as f64);
        }
        let oldest: Option<i64> = rows.first().map(|row| row.get(1)).transpose()?.flatten();
        let age = oldest.map_or(Duration::ZERO, |at| now.since(Time::from_micros(at)));
        metrics::gauge!("sagas_oldest_seconds", &labels).set(age.as_secs_f64());
        Ok(())
    }

    async fn read(&self, calls: Vec<Call>) -> Result<Vec<Row>> {
        let deadline = self.inner.db().deadline();
        let rows = self.database.read(Scope::Nobody, calls, &deadline).await?;
        Ok(rows.into_iter().flatten().collect())
    }
}

fn later(now: Time, by: Duration) -> Result<Time> {
    now.plus(by)
        .ok_or_else(|| Error::internal(codes::INTERNAL, "a time beyond the end of time"))
}
