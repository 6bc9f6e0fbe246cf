//! The table of jobs, as a commit of its organisation changes it and as the queue role claims from it.

use store::{Class, Column, Sql, Table};

/// Where jobs that failed too often stand: at the end of time.
pub(crate) const FAILED: i64 = i64::MAX;
/// Where jobs stand that begin when others have ended.
pub(crate) const WAITING: i64 = i64::MAX - 1;

/// Work beside the requests, as a commit of its organisation adds and ends it.
pub(crate) static JOBS: Table = Table::new(
    "jobs",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("kind"),
        Column::text("payload"),
        Column::int("priority"),
        Column::id("batch"),
        Column::int("total"),
        Column::id("after"),
        Column::int("made_at"),
        Column::int("run_at"),
        Column::int("attempt"),
        Column::int("tries"),
        Column::text("error"),
    ],
    1,
    &[],
)
.for_people()
.worked();

/// The same as the queue role claims it.
pub(crate) static TO_DO: Table = JOBS.as_queue();

/// Ends a job together with its effect: the guard that fences both.
pub(crate) static END: Sql = Sql::new(
    "jobs.end",
    &JOBS,
    "DELETE FROM jobs WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Has a job run again later, together with the effect that it had so far; it has not failed.
pub(crate) static AGAIN: Sql = Sql::new(
    "jobs.again",
    &JOBS,
    "UPDATE jobs SET run_at = $4, tries = 0, error = '' \
     WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Takes a job back, wherever it stands.
pub(crate) static CANCEL: Sql = Sql::new(
    "jobs.cancel",
    &JOBS,
    "DELETE FROM jobs WHERE organisation = $1 AND id = $2",
);

/// How many jobs a batch had, while any of them is left.
pub(crate) static TOTAL: Sql = Sql::new(
    "jobs.total",
    &JOBS,
    "SELECT total FROM jobs WHERE organisation = $1 AND batch = $2 LIMIT 1",
);

/// How many jobs of a batch are left, and how many of these have failed.
pub(crate) static LEFT: Sql = Sql::new(
    "jobs.left",
    &JOBS,
    "SELECT CAST(COUNT(*) AS BIGINT), CAST(COUNT(CASE WHEN run_at = $3 THEN 1 END) AS BIGINT) \
     FROM jobs WHERE organisation = $1 AND batch = $2",
);

/// When the next job of a priority may be claimed.
pub(crate) static NEXT: Sql = Sql::new(
    "jobs.next",
    &TO_DO,
    "SELECT run_at FROM jobs WHERE priority = $1 ORDER BY run_at LIMIT 1",
);

/// The next organisation after one that has work of a priority that is due. It is found by the index, so it does not
/// matter how many jobs those have that are passed over.
pub(crate) static TURN: Sql = Sql::new(
    "jobs.turn",
    &TO_DO,
    "SELECT organisation FROM jobs WHERE priority = $1 AND organisation > $2 AND run_at <= $3 \
     ORDER BY organisation LIMIT 1",
);

/// Claims jobs of an organisation and a priority that are due. PostgreSQL passes over those that another node claims
/// at this moment; the list is made once, or a plan could lock more rows than it may claim. SQLite has one writer.
pub(crate) static CLAIM: Sql = Sql::two(
    "jobs.claim",
    &TO_DO,
    "UPDATE jobs SET run_at = $4, attempt = attempt + 1, tries = tries + 1 \
     WHERE (organisation, id) IN (SELECT organisation, id FROM jobs \
     WHERE priority = $1 AND organisation = $2 AND run_at <= $3 ORDER BY run_at, id LIMIT $5) \
     RETURNING organisation, id, kind, payload, batch, after, made_at, attempt, tries",
    "WITH due AS MATERIALIZED (SELECT organisation, id FROM jobs \
     WHERE priority = $1 AND organisation = $2 AND run_at <= $3 ORDER BY run_at, id LIMIT $5 \
     FOR UPDATE SKIP LOCKED) \
     UPDATE jobs SET run_at = $4, attempt = attempt + 1, tries = tries + 1 FROM due \
     WHERE jobs.organisation = due.organisation AND jobs.id = due.id \
     RETURNING jobs.organisation, jobs.id, kind, payload, batch, after, made_at, attempt, tries",
);

/// Holds a claim for longer, unless somebody else has it by now.
pub(crate) static HOLD: Sql = Sql::new(
    "jobs.hold",
    &TO_DO,
    "UPDATE jobs SET run_at = $4 WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Gives a claim back as if it had not been: nobody here can do such work, or has the time.
pub(crate) static GIVE_BACK: Sql = Sql::new(
    "jobs.give_back",
    &TO_DO,
    "UPDATE jobs SET run_at = $4, tries = tries - 1 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Says when a job that failed may be claimed again, unless somebody else has it by now.
pub(crate) static FAIL: Sql = Sql::new(
    "jobs.fail",
    &TO_DO,
    "UPDATE jobs SET run_at = $4, error = $5 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Lets those begin that waited for a job or a batch, if nothing is left of it.
pub(crate) static RELEASE: Sql = Sql::new(
    "jobs.release",
    &TO_DO,
    "UPDATE jobs SET run_at = $4 WHERE organisation = $1 AND after = $2 AND run_at = $3 \
     AND NOT EXISTS (SELECT 1 FROM jobs AS before \
     WHERE before.organisation = $1 AND before.batch = $2)",
);

/// Jobs that wait for others, from one on.
pub(crate) static LIST_WAITING: Sql = Sql::new(
    "jobs.waiting",
    &TO_DO,
    "SELECT organisation, id, after FROM jobs WHERE run_at = $1 \
     AND (organisation > $2 OR (organisation = $2 AND id > $3)) ORDER BY organisation, id LIMIT $4",
);

/// Jobs that failed too often, from one on.
pub(crate) static LIST_FAILED: Sql = Sql::new(
    "jobs.failed",
    &TO_DO,
    "SELECT organisation, id, kind, payload, batch, after, made_at, attempt, tries, error \
     FROM jobs WHERE run_at = $1 \
     AND (organisation > $2 OR (organisation = $2 AND id > $3)) ORDER BY organisation, id LIMIT $4",
);

/// A job that failed too often.
pub(crate) static FIND_FAILED: Sql = Sql::new(
    "jobs.find_failed",
    &TO_DO,
    "SELECT organisation, id, kind, payload, batch, after, made_at, attempt, tries, error \
     FROM jobs WHERE organisation = $1 AND id = $2 AND run_at = $3",
);

/// Lets a job that failed too often run again, in a commit that says who wants that.
pub(crate) static RERUN: Sql = Sql::new(
    "jobs.rerun",
    &JOBS,
    "UPDATE jobs SET run_at = $5, tries = 0 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3 AND run_at = $4",
);

/// Takes away a job that failed too often, in a commit that says who wants that.
pub(crate) static THROW_AWAY: Sql = Sql::new(
    "jobs.throw_away",
    &JOBS,
    "DELETE FROM jobs WHERE organisation = $1 AND id = $2 AND attempt = $3 AND run_at = $4",
);

/// Lets a job that failed too often run again.
pub(crate) static REPROCESS: Sql = Sql::new(
    "jobs.reprocess",
    &TO_DO,
    "UPDATE jobs SET run_at = $4, tries = 0 WHERE organisation = $1 AND id = $2 AND run_at = $3",
);

/// Lets all of a kind that failed too often run again.
pub(crate) static REPROCESS_ALL: Sql = Sql::new(
    "jobs.reprocess_all",
    &TO_DO,
    "UPDATE jobs SET run_at = $3, tries = 0 WHERE run_at = $2 AND kind = $1",
);

/// Takes away a job that failed too often.
pub(crate) static DISCARD: Sql = Sql::new(
    "jobs.discard",
    &TO_DO,
    "DELETE FROM jobs WHERE organisation = $1 AND id = $2 AND run_at = $3",
);
