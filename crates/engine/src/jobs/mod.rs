//! Jobs: work beside the requests, enqueued in the commit of what it is about, done by any process.
//!
//! A job is a row of its organisation. The queue role claims it under a lease that is renewed while the work goes on; a
//! claim counts `attempt` up, and the guard that ends the job asks for it. So the work runs at least once and has one
//! effect. Organisations take turns, and none has more than its share of the room: ten thousand jobs of one do not
//! delay the one of another. `docs/jobs.md` shows how to use it.

mod crew;
mod failed;
mod room;
pub(crate) mod table;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::{Organisation, Result, Time, Uid};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use store::{Call, Commit, Db, Row};

use table::{CANCEL, FAILED, JOBS, LEFT, TOTAL, WAITING};

pub use failed::FailedJob;

pub(crate) use crew::Crew;

/// No job and no batch.
const NOBODY: Uid = Uid::from_bytes([0; 16]);

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Priority {
    /// Somebody waits for it.
    High,
    /// As a rule.
    #[default]
    Normal,
    /// When there is time.
    Low,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

    /// How often a job is tried before it is put aside, unless its handler says otherwise.
    #[must_use]
    pub const fn tries(self) -> u32 {
        match self {
            Priority::High | Priority::Normal => 3,
            Priority::Low => 5,
        }
    }

    /// How long a try may take, unless its handler says otherwise.
    #[must_use]
    pub const fn within(self) -> Duration {
        Duration::from_secs(match self {
            Priority::High => 60,
            Priority::Normal => 90,
            Priority::Low => 300,
        })
    }

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
        }
    }

    const fn number(self) -> i64 {
        match self {
            Priority::High => 0,
            Priority::Normal => 1,
            Priority::Low => 2,
        }
    }
}

/// Something to do beside the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    kind: &'static str,
    payload: String,
    priority: Priority,
    not_before: Option<Time>,
    batch: Option<(Uid, u32)>,
    after: Option<Uid>,
}

impl Job {
    /// A job of a kind (`hook.deliver`), about what the JSON object says: ids, no personal data.
    #[must_use]
    pub fn new(kind: &'static str, payload: impl Into<String>) -> Self {
        Job {
            kind,
            payload: payload.into(),
            priority: Priority::Normal,
            not_before: None,
            batch: None,
            after: None,
        }
    }

    /// The same job with this priority.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The same job, but not before this time.
    #[must_use]
    pub fn not_before(mut self, time: Time) -> Self {
        self.not_before = Some(time);
        self
    }

    /// The same job as one of so many that are one piece of work; [`progress`] tells how far it is.
    #[must_use]
    pub fn in_batch(mut self, batch: Uid, total: u32) -> Self {
        self.batch = Some((batch, total));
        self
    }

    /// The same job, beginning only when nothing is left of another job or of a batch. One that failed is left until
    /// somebody has it reprocessed or discards it.
    #[must_use]
    pub fn after(mut self, other: Uid) -> Self {
        self.after = Some(other);
        self
    }

    /// Adds the job when the commit is stored. A second job with the same id breaks the commit that adds it.
    pub fn enqueue(self, id: Uid, commit: &mut Commit) {
        let run_at = match self.after {
            Some(_) => WAITING,
            None => self.not_before.unwrap_or(commit.at()).as_micros(),
        };
        let made_at = self.not_before.unwrap_or(commit.at());
        let (batch, total) = self.batch.unwrap_or((id, 1));
        commit.insert(
            &JOBS,
            [
                id.into(),
                self.kind.into(),
                self.payload.into(),
                self.priority.number().into(),
                batch.into(),
                i64::from(total).into(),
                self.after.unwrap_or(NOBODY).into(),
                made_at.into(),
                run_at.into(),
                0_i64.into(),
                0_i64.into(),
                "".into(),
            ],
        );
    }

    /// Takes a job back when the commit is stored, unless it has ended. One that is under way has no effect any more.
    pub fn cancel(id: Uid, commit: &mut Commit) {
        commit.change(&CANCEL, [id.into()]);
    }
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many jobs it had.
    pub total: i64,
    /// How many have ended well.
    pub done: i64,
    /// How many failed too often, and wait for somebody to look.
    pub failed: i64,
}

/// How far a batch is; nothing when nothing is left of it, because all has ended.
///
/// # Errors
/// The organisation is not there, or its database is away.
pub async fn progress(db: &Db, organisation: Organisation, batch: Uid) -> Result<Option<Progress>> {
    let calls = vec![
        Call::new(&TOTAL, [batch.into()]),
        Call::new(&LEFT, [batch.into(), FAILED.into()]),
    ];
    let rows = db.read(organisation, calls, &db.deadline()).await?;
    let mut rows = rows.iter().map(|rows| rows.first());
    let (Some(Some(total)), Some(Some(left))) = (rows.next(), rows.next()) else {
        return Ok(None);
    };
    let total: i64 = total.get(0)?;
    Ok(Some(Progress {
        total,
        done: total.saturating_sub(left.get(0)?),
        failed: left.get(1)?,
    }))
}

/// A job that somebody does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// Whose it is.
    pub organisation: Organisation,
    /// Its id.
    pub id: Uid,
    /// What is to be done.
    pub kind: String,
    /// What about.
    pub payload: String,
    /// The batch that it belongs to; its own id where it belongs to none.
    pub batch: Uid,
    /// When it was to begin, as it was enqueued.
    pub made_at: Time,
    /// Larger with every claim.
    pub attempt: i64,
    /// How often it was tried since it last went well, this time included.
    pub tries: i64,
}

impl Doing {
    fn read(row: &Row) -> store::Outcome<Self> {
        Ok(Doing {
            organisation: row.get(0)?,
            id: row.get(1)?,
            kind: row.get(2)?,
            payload: row.get(3)?,
            batch: row.get(4)?,
            made_at: row.get(6)?,
            attempt: row.get(7)?,
            tries: row.get(8)?,
        })
    }
}

/// What became of a job.
#[derive(Debug)]
pub enum Worked {
    /// It has ended; whatever was done may be done twice without harm.
    Done,
    /// It has ended with this effect, which is stored once.
    Commit(Box<Commit>),
    /// It goes on at a time; what it did so far is stored. That is no failure, however often it happens.
    Again {
        /// What it did so far.
        commit: Box<Commit>,
        /// When it goes on.
        at: Time,
    },
}

impl From<Commit> for Worked {
    fn from(commit: Commit) -> Self {
        Worked::Commit(Box::new(commit))
    }
}

type Work = Arc<dyn Fn(Doing) -> BoxFuture<'static, Result<Worked>> + Send + Sync>;

/// Somebody who does jobs of a kind.
#[derive(Clone)]
pub struct JobHandler {
    kind: &'static str,
    work: Work,
    tries: Option<u32>,
    within: Option<Duration>,
}

impl JobHandler {
    /// Does jobs of this kind. The same job may be handed over twice; its effect is stored once.
    pub fn new<F>(kind: &'static str, work: impl Fn(Doing) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Worked>> + Send + 'static,
    {
        JobHandler {
            kind,
            work: Arc::new(move |doing| work(doing).boxed()),
            tries: None,
            within: None,
        }
    }

    /// The same handler, giving up after so many tries instead of what the priority says.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = Some(tries);
        self
    }

    /// The same handler with so much time for a try instead of what the priority says.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = Some(within);
        self
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }
}

/// How jobs are worked on; the defaults suit a node of any size.
#[derive(Clone, Copy, Debug)]
pub struct JobSettings {
    /// How many are under way at a time, for each database.
    pub room: usize,
    /// How many of them may belong to one organisation.
    pub share: usize,
    /// For how long a claim holds without being renewed, and so how long the work of a node that died waits.
    pub lease: Duration,
    /// The wait before a job that failed once is tried again; it doubles.
    pub wait: Duration,
    /// How long jobs that are under way have at a stop; what has not ended is given back.
    pub stop_within: Duration,
}

impl Default for JobSettings {
    fn default() -> Self {
        JobSettings {
            room: 32,
            share: 8,
            lease: Duration::from_secs(20),
            wait: Duration::from_secs(2),
            stop_within: Duration::from_secs(3),
        }
    }
}
