//! Timers: work for a later time that survives everything, set in the same commit as what it is about.
//!
//! A timer is a row of its organisation, so a commit inserts it like any other; the queue role sees the same rows of
//! all organisations and claims those that are due. A claim moves `run_at` to the end of a lease and counts `attempt`
//! up. A holder that dies leaves a row that is due again later; one that only slept finds another attempt in the
//! guard that ends the timer, and its effect is not stored. So the work runs at least once and has one effect.

use std::future::Future;
use std::time::Duration;

use base::{Clock, Error, Organisation, Random, Result, Time, Uid, codes};
use futures_util::future::join_all;
use store::{Call, Commit, Database, Db, Failure, Row, Scope};

use crate::backoff::Backoff;
use crate::engine::Engine;
use crate::handle::{Handled, Handler, Trouble, boxed, call, told};
use crate::held::nap;
use crate::part::{
    CANCEL_TIMER, CLAIM_TIMERS, END_TIMER, FAIL_TIMER, LIST_PARKED, NEXT_TIMER, RETRY_PARKED,
    TIMERS,
};
use crate::stop::Stop;

/// How often a timer is tried before it is parked.
const TRIES: i64 = 5;
/// How often a handler decides again at once because what it had read has changed since. Somebody else was faster, and that is
/// no failure.
const OUTRUN_MAX: u32 = 3;
/// Timers that are claimed, and run side by side.
const CLAIMED_MAX: i64 = 8;
/// How often it is looked for timers that are due; those that are known to come are not waited for so long.
const LOOK: Duration = Duration::from_secs(1);
/// Where parked timers stand: at the end of time.
pub(crate) const PARKED: i64 = i64::MAX;

/// Something to do at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Its id. A second timer with the same id breaks the commit that sets it.
    pub id: Uid,
    /// What is to be done: `order.expire`.
    pub kind: &'static str,
    /// What about, as a JSON object; ids, no personal data.
    pub payload: String,
    /// When.
    pub due_at: Time,
}

impl Timer {
    /// Sets the timer when the commit is stored.
    pub fn set(self, commit: &mut Commit) {
        commit.insert(
            &TIMERS,
            [
                self.id.into(),
                self.kind.into(),
                self.payload.into(),
                self.due_at.into(),
                self.due_at.into(),
                0_i64.into(),
                0_i64.into(),
                "".into(),
            ],
        );
    }

    /// Takes a timer back when the commit is stored, unless it has run.
    pub fn cancel(id: Uid, commit: &mut Commit) {
        commit.change(&CANCEL_TIMER, [id.into()]);
    }
}

/// A timer whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub organisation: Organisation,
    /// Its id.
    pub id: Uid,
    /// What about.
    pub payload: String,
    /// When it was to run.
    pub due_at: Time,
    /// Larger with every claim.
    pub attempt: i64,
    /// How often it was tried, this time included.
    pub tries: i64,
}

impl Due {
    fn read(row: &Row) -> store::Outcome<Self> {
        Ok(Due {
            organisation: row.get(0)?,
            id: row.get(1)?,
            payload: row.get(2)?,
            due_at: row.get(3)?,
            attempt: row.get(4)?,
            tries: row.get(5)?,
        })
    }
}

/// A timer that failed too often and waits for somebody to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The timer.
    pub timer: Due,
    /// How the last try failed.
    pub error: String,
}

/// Somebody who does what timers of a kind ask for.
#[derive(Clone)]
pub struct TimerHandler {
    kind: &'static str,
    handle: Handler<Due>,
}

impl TimerHandler {
    /// Handles timers of this kind.
    pub fn new<F>(kind: &'static str, handle: impl Fn(Due) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Handled>> + Send + 'static,
    {
        TimerHandler {
            kind,
            handle: boxed(handle),
        }
    }

    pub(crate) const fn kind(&self) -> &'static str {
        self.kind
    }
}

/// The timers of one database at work.
pub(crate) struct Alarm {
    pub(crate) handlers: Vec<TimerHandler>,
    pub(crate) db: Db,
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// For how long a claim holds.
    pub(crate) lease: Duration,
    /// The waits between the tries of a timer.
    pub(crate) between: Backoff,
}

impl Alarm {
    /// Runs what is due, until the stop.
    pub(crate) async fn run(&self, stop: &Stop) -> Result<()> {
        while !stop.is_stopping() {
            let mut wait = LOOK;
            for (handler, run_at) in self.handlers.iter().zip(self.next().await?) {
                let Some(run_at) = run_at else { continue };
                let now = self.clock.now();
                if run_at > now {
                    wait = wait.min(run_at.since(now));
                    continue;
                }
                wait = Duration::ZERO;
                let claimed = self.claim(handler.kind).await?;
                let each = claimed.into_iter().map(|due| self.ring(handler, due));
                for rung in join_all(each).await {
                    rung?;
                }
            }
            nap(stop, wait.max(Duration::from_millis(2))).await;
        }
        Ok(())
    }

    /// When the next timer of each kind may be claimed.
    pub(crate) async fn next(&self) -> Result<Vec<Option<Time>>> {
        let calls = self
            .handlers
            .iter()
            .map(|handler| Call::new(&NEXT_TIMER, [handler.kind.into()]));
        let (calls, deadline) = (calls.collect(), self.db.deadline());
        let all = self.database.read(Scope::Nobody, calls, &deadline).await?;
        let first = |rows: &Vec<Row>| rows.first().map(|row| row.get(0)).transpose();
        Ok(all
            .iter()
            .map(first)
            .collect::<store::Outcome<Vec<Option<Time>>>>()?)
    }

    pub(crate) async fn claim(&self, kind: &str) -> Result<Vec<Due>> {
        let now = self.clock.now();
        let until = later(now, self.lease)?;
        let params = [kind.into(), now.into(), until.into(), CLAIMED_MAX.into()];
        let call = Call::new(&CLAIM_TIMERS, params);
        let deadline = self.db.deadline();
        let answers = self.database.transact(vec![call], &deadline).await?;
        let rows = answers.iter().flat_map(|answer| &answer.rows);
        Ok(rows.map(Due::read).collect::<store::Outcome<_>>()?)
    }

    /// Does what one timer asks for. An error means that our own database is away; then the claim runs out.
    pub(crate) async fn ring(&self, handler: &TimerHandler, due: Due) -> Result<()> {
        let how = match self.attempt(handler, due.clone()).await {
            Ok(how) => how,
            Err(Trouble::Away(failure)) => return Err(failure.into()),
            Err(Trouble::Failed(error)) => self.failed(handler.kind, &due, &error).await?,
        };
        metrics::counter!("timers_total", "kind" => handler.kind, "how" => how).increment(1);
        Ok(())
    }

    async fn attempt(
        &self,
        handler: &TimerHandler,
        due: Due,
    ) -> std::result::Result<&'static str, Trouble> {
        let (organisation, id, attempt) = (due.organisation, due.id, due.attempt);
        let mut outrun = 0;
        loop {
            let handled = call(&handler.handle, due.clone()).await;
            let mut commit = match handled.map_err(Trouble::Failed)? {
                Handled::Done => self.db.new_commit(organisation),
                Handled::Commit(commit) => *commit,
            };
            if commit.organisation() != organisation {
                return Err(Trouble::Failed(Error::internal(
                    codes::INTERNAL,
                    "an effect belongs to the organisation of its timer",
                )));
            }
            if !base::planted("timer_not_ended") {
                commit.guard(&END_TIMER, [id.into(), attempt.into()]);
            }
            match self.db.commit(commit, &self.db.deadline()).await {
                Ok(_) => return Ok("done"),
                // It was taken back, or somebody else has claimed it since, and has the right to its effect.
                Err(Failure::Refused { name, .. }) if name == END_TIMER.name => return Ok("lost"),
                Err(Failure::Refused { .. }) if outrun < OUTRUN_MAX => outrun += 1,
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Says when a timer that failed is tried again, or parks it.
    async fn failed(&self, kind: &'static str, due: &Due, error: &Error) -> Result<&'static str> {
        let run_at = if due.tries >= TRIES {
            PARKED
        } else {
            let failures = u32::try_from(due.tries).unwrap_or(u32::MAX);
            let wait = self.between.wait(failures, &self.random);
            later(self.clock.now(), wait)?.as_micros()
        };
        let params = [
            due.organisation.into(),
            due.id.into(),
            due.attempt.into(),
            run_at.into(),
            told(error).into(),
        ];
        let call = Call::new(&FAIL_TIMER, params);
        self.database
            .transact(vec![call], &self.db.deadline())
            .await?;
        let parked = run_at == PARKED;
        tracing::error!(kind, organisation = %due.organisation, parked, error = told(error), "a timer failed");
        Ok(if parked { "parked" } else { "failed" })
    }
}

impl Engine {
    /// The timers of a kind that failed too often on a database.
    ///
    /// # Errors
    /// There is no such database, or it is away.
    pub async fn parked_timers(
        &self,
        database: &str,
        kind: &str,
        limit: i64,
    ) -> Result<Vec<Parked>> {
        let database = self.database(database)?;
        let call = Call::new(&LIST_PARKED, [kind.into(), PARKED.into(), limit.into()]);
        let deadline = self.db().deadline();
        let rows = database.read(Scope::Nobody, vec![call], &deadline).await?;
        let parked = |row: &Row| {
            Ok(Parked {
                timer: Due::read(row)?,
                error: row.get(6)?,
            })
        };
        let all: store::Outcome<_> = rows.iter().flatten().map(parked).collect();
        Ok(all?)
    }

    /// Lets the timers of a kind that failed too often run again; answers how many.
    ///
    /// # Errors
    /// As for [`Engine::parked_timers`].
    pub async fn retry_timers(&self, database: &str, kind: &str) -> Result<u64> {
        let database = self.database(database)?;
        let now = self.clock().now();
        let call = Call::new(&RETRY_PARKED, [kind.into(), PARKED.into(), now.into()]);
        let deadline = self.db().deadline();
        let answers = database.transact(vec![call], &deadline).await?;
        Ok(answers.first().map_or(0, |answer| answer.touched))
    }
}

fn later(now: Time, by: Duration) -> Result<Time> {
    now.plus(by)
        .ok_or_else(|| Error::internal(codes::INTERNAL, "a time beyond the end of time"))
}
