//! Retention: removes what nobody asks for any more, in small batches with pauses, on one node at a time.
//!
//! The store removes nothing younger than 30 days, whatever is asked. The log is kept for ever unless somebody says
//! otherwise, because tables are folded from it; and it is never removed beyond what every consumer has read, nor
//! beyond a dead letter.

use std::time::Duration;

use base::{Clock, Result, Time};
use store::retention::old;
use store::{Call, Database, Db, Scope};

use crate::held::nap;
use crate::part::{CLEAR_CONSUMED, CLEAR_DEAD_LETTERS, OLDEST_DEAD_LETTER};
use crate::stop::Stop;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long what is kept. Less than 30 days counts as 30 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Events; for ever when nothing is said.
    pub log: Option<Duration>,
    /// Answers recorded under an idempotency key.
    pub answers: Duration,
    /// The ids of stored commits.
    pub commits: Duration,
    /// The marks of consumers.
    pub consumed: Duration,
    /// Events that could not be handled; for ever when nothing is said.
    pub dead_letters: Option<Duration>,
    /// How often it is looked for what is too old.
    pub every: Duration,
    /// How many rows are removed at once.
    pub batch: i64,
    /// The pause after each batch.
    pub pause: Duration,
}

impl Default for Keep {
    fn default() -> Self {
        let month = DAY.saturating_mul(30);
        Keep {
            log: None,
            answers: month,
            commits: month,
            consumed: month,
            dead_letters: None,
            every: Duration::from_secs(60 * 60),
            batch: 500,
            pause: Duration::from_millis(100),
        }
    }
}

/// What was removed in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Events.
    pub log: u64,
    /// Recorded answers.
    pub answers: u64,
    /// Ids of commits.
    pub commits: u64,
    /// Marks of consumers.
    pub consumed: u64,
    /// Dead letters.
    pub dead_letters: u64,
}

/// What is removed by its age alone.
#[derive(Clone, Copy)]
enum What {
    DeadLetters,
    Consumed,
    Answers,
    Commits,
}

impl What {
    fn table(self) -> &'static str {
        match self {
            What::DeadLetters => "dead_letters",
            What::Consumed => "consumed",
            What::Answers => "idempotency",
            What::Commits => "commits",
        }
    }
}

/// Retention at work on one database.
pub(crate) struct Sweep {
    pub(crate) keep: Keep,
    /// The consumers of this node, which may not have begun yet.
    pub(crate) consumers: Vec<&'static str>,
    pub(crate) db: Db,
    pub(crate) database: Database,
    pub(crate) clock: Clock,
}

impl Sweep {
    /// Removes what is too old now and then, until the stop.
    pub(crate) async fn run(&self, stop: &Stop) -> Result<()> {
        while !stop.is_stopping() {
            let removed = self.pass(stop).await?;
            if removed != Removed::default() {
                tracing::info!(?removed, "old rows were removed");
            }
            nap(stop, self.keep.every).await;
        }
        Ok(())
    }

    /// Removes all that is too old now.
    pub(crate) async fn pass(&self, stop: &Stop) -> Result<Removed> {
        let keep = &self.keep;
        // The events of dead letters first: the log may then go further.
        let dead_letters = match keep.dead_letters {
            None => 0,
            Some(kept) => self.batches(What::DeadLetters, kept, stop).await?,
        };
        Ok(Removed {
            dead_letters,
            consumed: self.batches(What::Consumed, keep.consumed, stop).await?,
            answers: self.batches(What::Answers, keep.answers, stop).await?,
            commits: self.batches(What::Commits, keep.commits, stop).await?,
            log: match keep.log {
                None => 0,
                Some(kept) => self.log(old(&self.clock, kept)?, stop).await?,
            },
        })
    }

    /// Removes batch after batch until one is not full.
    async fn batches(&self, what: What, kept: Duration, stop: &Stop) -> Result<u64> {
        let before = old(&self.clock, kept)?;
        let full = u64::try_from(self.keep.batch).unwrap_or(u64::MAX);
        let mut all: u64 = 0;
        while !stop.is_stopping() {
            let removed = self.batch(what, before).await?;
            count(what.table(), removed);
            all = all.saturating_add(removed);
            if removed < full {
                break;
            }
            nap(stop, self.keep.pause).await;
        }
        Ok(all)
    }

    async fn batch(&self, what: What, before: Time) -> Result<u64> {
        let (limit, deadline) = (self.keep.batch, self.db.deadline());
        let call = |sql| Call::new(sql, [before.into(), limit.into()]);
        let database = &self.database;
        Ok(match what {
            What::DeadLetters => database.clear(call(&CLEAR_DEAD_LETTERS), &deadline).await?,
            What::Consumed => database.clear(call(&CLEAR_CONSUMED), &deadline).await?,
            What::Answers => database.clear_answers(before, limit, &deadline).await?,
            What::Commits => database.clear_commits(before, limit, &deadline).await?,
        })
    }

    /// Removes old events piece by piece, from where the last pass ended.
    async fn log(&self, before: Time, stop: &Stop) -> Result<u64> {
        let needed = self.needed().await?;
        let mut after = self.database.log_floor(&self.db.deadline()).await?;
        let mut all: u64 = 0;
        while !stop.is_stopping() && after < needed {
            let piece = after.saturating_add(self.keep.batch).min(needed);
            let deadline = self.db.deadline();
            let young = self
                .database
                .first_young(after, piece, before, &deadline)
                .await?;
            let up_to = young.map_or(piece, |young| young.saturating_sub(1));
            if up_to > after {
                let removed = self
                    .database
                    .clear_log(after, up_to, before, &deadline)
                    .await?;
                count("log", removed);
                all = all.saturating_add(removed);
            }
            if young.is_some() {
                break;
            }
            after = up_to;
            nap(stop, self.keep.pause).await;
        }
        Ok(all)
    }

    /// The last position that nobody needs any more.
    async fn needed(&self) -> Result<i64> {
        let deadline = self.db.deadline();
        let head = self.database.log_head(&deadline).await?;
        // A consumer that is new here stands at the beginning, and nothing may go before it has read it.
        for name in &self.consumers {
            self.database.consumer(name, &deadline).await?;
        }
        let slowest = self.database.slowest_consumer(&deadline).await?;
        let call = Call::new(&OLDEST_DEAD_LETTER, []);
        let rows = self
            .database
            .read(Scope::Nobody, vec![call], &deadline)
            .await?;
        let oldest: Option<i64> = rows
            .iter()
            .flatten()
            .next()
            .map(|row| row.get(0))
            .transpose()?;
        let spared = oldest.map_or(head, |oldest| oldest.saturating_sub(1));
        Ok(head.min(slowest.unwrap_or(head)).min(spared))
    }
}

fn count(table: &'static str, removed: u64) {
    metrics::counter!("retention_removed_total", "table" => table).increment(removed);
}
