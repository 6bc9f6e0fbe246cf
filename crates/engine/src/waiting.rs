//! What waits for its time, as an operator sees it.
//!
//! A timer is found by nothing but its time, so who looks for those about one thing reads all of its organisation and
//! keeps those whose payload names it.

use base::{Organisation, Result, Time, Uid};
use store::{Call, Database, Db, Row, Scope};

use crate::part::{READ_TIMERS, TIMERS_OF_KIND};
use crate::timers::PARKED;

/// How many timers are read at once.
const STEP: i64 = 2_000;
/// How many timers are read for one question.
const READ_MAX: usize = 100_000;

/// A timer that has not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which one.
    pub id: Uid,
    /// What is to be done.
    pub kind: String,
    /// What about: ids.
    pub payload: String,
    /// When it is to be done.
    pub due_at: Time,
    /// When it may be tried next; never by itself when it failed too often.
    pub run_at: Option<Time>,
    /// How often it was tried.
    pub tries: i64,
    /// How the last try failed.
    pub error: String,
}

/// Timers that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The first to be done first.
    pub timers: Vec<Waiting>,
    /// Whether all timers of the organisation were looked at; there may be more otherwise.
    pub is_whole: bool,
}

/// The timers of an organisation whose payload holds one of these words.
///
/// # Errors
/// The database is away.
pub async fn naming(db: &Db, organisation: Organisation, words: &[String]) -> Result<Found> {
    let (mut timers, mut read) = (Vec::new(), 0_usize);
    let mut after = Uid::from_bytes([0; 16]);
    let is_whole = loop {
        let params = [after.into(), STEP.into()];
        let rows = db.rows(organisation, &READ_TIMERS, params).await?;
        for row in &rows {
            let timer = Waiting::read(row)?;
            after = timer.id;
            if words.iter().any(|word| timer.payload.contains(word)) {
                timers.push(timer);
            }
        }
        read = read.saturating_add(rows.len());
        if i64::try_from(rows.len()).is_ok_and(|rows| rows < STEP) {
            break true;
        }
        if read >= READ_MAX {
            break false;
        }
    };
    timers.sort_by_key(|timer: &Waiting| (timer.due_at, timer.id));
    Ok(Found { timers, is_whole })
}

/// What the timers of a kind are about, those of everybody.
///
/// # Errors
/// A database is away.
pub async fn of_kind(db: &Db, kind: &str) -> Result<Vec<String>> {
    let mut payloads = Vec::new();
    for database in db.shards().values() {
        read_kind((db, database), kind, &mut payloads).await?;
    }
    Ok(payloads)
}

async fn read_kind(
    (db, database): (&Db, &Database),
    kind: &str,
    payloads: &mut Vec<String>,
) -> Result<()> {
    let (mut run_at, mut after) = (i64::MIN, Uid::from_bytes([0; 16]));
    loop {
        let params = [kind.into(), run_at.into(), after.into(), STEP.into()];
        let calls = vec![Call::new(&TIMERS_OF_KIND, params)];
        let answers = database.read(Scope::Nobody, calls, &db.deadline()).await?;
        let mut read = 0_i64;
        for row in answers.iter().flatten() {
            (after, run_at) = (row.get(0)?, row.get(2)?);
            payloads.push(row.get(1)?);
            read = read.saturating_add(1);
        }
        if read < STEP {
            return Ok(());
        }
        if payloads.len() >= READ_MAX {
            tracing::warn!(kind, "there are more timers than are read for one question");
            return Ok(());
        }
    }
}

impl Waiting {
    fn read(row: &Row) -> store::Outcome<Self> {
        let run_at: Time = row.get(4)?;
        Ok(Waiting {
            id: row.get(0)?,
            kind: row.get(1)?,
            payload: row.get(2)?,
            due_at: row.get(3)?,
            run_at: (run_at.as_micros() != PARKED).then_some(run_at),
            tries: row.get(5)?,
            error: row.get(6)?,
        })
    }
}
