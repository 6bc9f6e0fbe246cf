//! Removes what is so old that nobody asks for it any more: ids of commits, recorded answers, and the log where
//! somebody wants that.
//!
//! It runs as the queue role. On PostgreSQL the policies let that role remove nothing that is younger than 30 days by
//! the clock of the database, whatever a statement says, and show it of old rows the keys alone. Every call removes a
//! small batch in a transaction of its own, so that it never holds up a commit for long. The last event of a stream
//! stays for ever, because the next version is counted from it.

use std::time::Duration;

use base::{Clock, Time};

use crate::call::{Call, Deadline, Scope};
use crate::database::Database;
use crate::failure::{Failure, Outcome};
use crate::sql::Sql;
use crate::system::{COMMITS, CONSUMERS, FEED, HEAD, IDEMPOTENCY, READ_BOUNDS};
use crate::table::Table;

/// What is younger is never removed, whatever a policy says.
pub const KEPT_AT_LEAST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Commits as the queue role sees them when they are old.
static OLD_COMMITS: Table = COMMITS.as_queue();

/// Recorded answers as the queue role sees them when they are old.
static OLD_ANSWERS: Table = IDEMPOTENCY.as_queue();

/// Removes a batch of ids of commits.
pub(crate) static CLEAR_COMMITS: Sql = Sql::new(
    "commits.clear",
    &OLD_COMMITS,
    "DELETE FROM commits WHERE (organisation, id) IN \
     (SELECT organisation, id FROM commits WHERE at < $1 LIMIT $2)",
);

/// Removes a batch of answers.
pub(crate) static CLEAR_ANSWERS: Sql = Sql::new(
    "idempotency.clear",
    &OLD_ANSWERS,
    "DELETE FROM idempotency WHERE (organisation, caller, operation, key) IN \
     (SELECT organisation, caller, operation, key FROM idempotency WHERE at < $1 LIMIT $2)",
);

/// Removes what is old of a piece of the log, but for the last event of each stream.
pub(crate) static CLEAR_LOG: Sql = Sql::new(
    "log.clear",
    &FEED,
    "DELETE FROM log WHERE position > $1 AND position <= $2 AND at < $3 AND EXISTS \
     (SELECT 1 FROM log AS later WHERE later.organisation = log.organisation \
     AND later.stream = log.stream AND later.version > log.version)",
);

/// Says up to where the log may have gaps: a reader takes a gap after that for damage.
pub(crate) static RAISE_FLOOR: Sql = Sql::new(
    "head.raise_floor",
    &HEAD,
    "UPDATE head SET floor = $1 WHERE id = 1 AND floor < $1 AND position >= $1",
);

/// The consumer that has come least far.
pub(crate) static SLOWEST_CONSUMER: Sql = Sql::new(
    "consumers.slowest",
    &CONSUMERS,
    "SELECT position FROM consumers ORDER BY position LIMIT 1",
);

/// The first event of a piece of the log that is not from before a time.
pub(crate) static FIRST_YOUNG: Sql = Sql::new(
    "log.young",
    &FEED,
    "SELECT position FROM log WHERE position > $1 AND position <= $2 AND at >= $3 \
     ORDER BY position LIMIT 1",
);

/// How long something is kept, by which clock: the time before which rows are old.
///
/// # Errors
/// The time is beyond what can be told.
pub fn old(clock: &Clock, kept: Duration) -> Outcome<Time> {
    clock
        .now()
        .minus(kept.max(KEPT_AT_LEAST))
        .ok_or_else(|| Failure::Malformed("kept from before the beginning of time".to_owned()))
}

impl Database {
    /// Removes up to so many ids of commits from before a time; answers how many.
    ///
    /// # Errors
    /// The deadline passed or the database is away; removing again is right.
    pub async fn clear_commits(
        &self,
        before: Time,
        limit: i64,
        deadline: &Deadline,
    ) -> Outcome<u64> {
        let call = Call::new(&CLEAR_COMMITS, [before.into(), limit.into()]);
        self.clear(call, deadline).await
    }

    /// Removes up to so many recorded answers from before a time; answers how many.
    ///
    /// # Errors
    /// As for [`Database::clear_commits`].
    pub async fn clear_answers(
        &self,
        before: Time,
        limit: i64,
        deadline: &Deadline,
    ) -> Outcome<u64> {
        let call = Call::new(&CLEAR_ANSWERS, [before.into(), limit.into()]);
        self.clear(call, deadline).await
    }

    /// Removes the events from before a time that stand after one position and up to another; answers how many.
    ///
    /// # Errors
    /// As for [`Database::clear_commits`].
    pub async fn clear_log(
        &self,
        after: i64,
        up_to: i64,
        before: Time,
        deadline: &Deadline,
    ) -> Outcome<u64> {
        let calls = vec![
            Call::new(&CLEAR_LOG, [after.into(), up_to.into(), before.into()]),
            Call::new(&RAISE_FLOOR, [up_to.into()]),
        ];
        let answers = self.transact(calls, deadline).await?;
        Ok(answers.first().map_or(0, |answer| answer.touched))
    }

    /// Up to where the log was purged; 0 when it never was.
    ///
    /// # Errors
    /// As for [`Database::clear_commits`].
    pub async fn log_floor(&self, deadline: &Deadline) -> Outcome<i64> {
        let call = Call::new(&READ_BOUNDS, []);
        let rows = self.read(Scope::Nobody, vec![call], deadline).await?;
        let first = rows.iter().flatten().next();
        first.map_or(Ok(0), |row| row.get(1))
    }

    /// The first event after one position and up to another that is not from before a time.
    ///
    /// # Errors
    /// As for [`Database::clear_commits`].
    pub async fn first_young(
        &self,
        after: i64,
        up_to: i64,
        before: Time,
        deadline: &Deadline,
    ) -> Outcome<Option<i64>> {
        let call = Call::new(&FIRST_YOUNG, [after.into(), up_to.into(), before.into()]);
        let rows = self.read(Scope::Nobody, vec![call], deadline).await?;
        let first = rows.iter().flatten().next();
        first.map(|row| row.get(0)).transpose()
    }

    /// Runs a statement that removes rows as the queue role; answers how many.
    ///
    /// # Errors
    /// As for [`Database::clear_commits`].
    pub async fn clear(&self, call: Call, deadline: &Deadline) -> Outcome<u64> {
        let answers = self.transact(vec![call], deadline).await?;
        Ok(answers.first().map_or(0, |answer| answer.touched))
    }

    /// The position of the consumer that has come least far; nothing where there is no consumer.
    ///
    /// # Errors
    /// The deadline passed or the database is away.
    pub async fn slowest_consumer(&self, deadline: &Deadline) -> Outcome<Option<i64>> {
        let call = Call::new(&SLOWEST_CONSUMER, []);
        let rows = self.read(Scope::Nobody, vec![call], deadline).await?;
        let first = rows.iter().flatten().next();
        first.map(|row| row.get(0)).transpose()
    }
}
