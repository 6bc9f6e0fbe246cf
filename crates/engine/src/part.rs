//! The tables of the engine, which every shard and the people database carry, and all of its statements.

use store::{Class, Column, Migration, Part, Sql, Table};

use crate::jobs::table as jobs;
use crate::sagas::store as sagas;

/// Which events a consumer has turned into an effect.
pub(crate) static CONSUMED: Table = Table::new(
    "consumed",
    Class::Organisation,
    &[
        Column::text("consumer"),
        Column::id("stream"),
        Column::int("version"),
        Column::int("at"),
    ],
    3,
    &[],
)
.for_people()
.cleared();

/// The same as the queue role sees it when it is old.
static OLD_CONSUMED: Table = CONSUMED.as_queue();

/// Events that a consumer could not handle.
static DEAD_LETTERS: Table = Table::new(
    "dead_letters",
    Class::Queue,
    &[
        Column::text("consumer"),
        Column::int("position"),
        Column::int("organisation"),
        Column::text("kind"),
        Column::text("error"),
        Column::int("tries"),
        Column::int("at"),
    ],
    2,
    &[],
);

/// Work for later, as a commit of its organisation sets, ends and cancels it.
pub(crate) static TIMERS: Table = Table::new(
    "timers",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("kind"),
        Column::text("payload"),
        Column::int("due_at"),
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
static DUE: Table = TIMERS.as_queue();

/// Whether a consumer has turned an event into an effect.
pub(crate) static FIND_CONSUMED: Sql = Sql::new(
    "consumed.find",
    &CONSUMED,
    "SELECT at FROM consumed \
     WHERE organisation = $1 AND consumer = $2 AND stream = $3 AND version = $4",
);

/// Removes a batch of old marks.
pub(crate) static CLEAR_CONSUMED: Sql = Sql::new(
    "consumed.clear",
    &OLD_CONSUMED,
    "DELETE FROM consumed WHERE (organisation, consumer, stream, version) IN \
     (SELECT organisation, consumer, stream, version FROM consumed WHERE at < $1 LIMIT $2)",
);

/// Puts an event aside, or notes that it failed once more.
pub(crate) static ADD_DEAD_LETTER: Sql = Sql::new(
    "dead_letters.add",
    &DEAD_LETTERS,
    "INSERT INTO dead_letters (consumer, position, organisation, kind, error, tries, at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (consumer, position) DO UPDATE \
     SET error = excluded.error, tries = dead_letters.tries + excluded.tries, at = excluded.at",
);

/// Reads on in what a consumer could not handle.
pub(crate) static LIST_DEAD_LETTERS: Sql = Sql::new(
    "dead_letters.list",
    &DEAD_LETTERS,
    "SELECT position, organisation, kind, error, tries, at FROM dead_letters \
     WHERE consumer = $1 AND position > $2 ORDER BY position LIMIT $3",
);

/// Reads on in what any consumer could not handle.
pub(crate) static LIST_ALL_DEAD_LETTERS: Sql = Sql::new(
    "dead_letters.list_all",
    &DEAD_LETTERS,
    "SELECT consumer, position, organisation, kind, error, tries, at FROM dead_letters \
     WHERE consumer > $1 OR (consumer = $1 AND position > $2) \
     ORDER BY consumer, position LIMIT $3",
);

/// One event that a consumer could not handle.
pub(crate) static FIND_DEAD_LETTER: Sql = Sql::new(
    "dead_letters.find",
    &DEAD_LETTERS,
    "SELECT consumer, position, organisation, kind, error, tries, at FROM dead_letters \
     WHERE consumer = $1 AND position = $2",
);

/// Forgets an event that was handled after all.
pub(crate) static REMOVE_DEAD_LETTER: Sql = Sql::new(
    "dead_letters.remove",
    &DEAD_LETTERS,
    "DELETE FROM dead_letters WHERE consumer = $1 AND position = $2",
);

/// The oldest event that somebody may still want to handle.
pub(crate) static OLDEST_DEAD_LETTER: Sql = Sql::new(
    "dead_letters.oldest",
    &DEAD_LETTERS,
    "SELECT position FROM dead_letters ORDER BY position LIMIT 1",
);

/// Removes a batch of events that nobody wanted to handle for long.
pub(crate) static CLEAR_DEAD_LETTERS: Sql = Sql::new(
    "dead_letters.clear",
    &DEAD_LETTERS,
    "DELETE FROM dead_letters WHERE (consumer, position) IN \
     (SELECT consumer, position FROM dead_letters WHERE at < $1 LIMIT $2)",
);

/// Ends a timer together with its effect: the guard that fences both.
pub(crate) static END_TIMER: Sql = Sql::new(
    "timers.end",
    &TIMERS,
    "DELETE FROM timers WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Reads on in the timers of an organisation.
pub(crate) static READ_TIMERS: Sql = Sql::new(
    "timers.read",
    &TIMERS,
    "SELECT id, kind, payload, due_at, run_at, tries, error FROM timers \
     WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
);

/// Reads on in the timers of a kind, of everybody.
pub(crate) static TIMERS_OF_KIND: Sql = Sql::new(
    "timers.of_kind",
    &DUE,
    "SELECT id, payload, run_at FROM timers \
     WHERE kind = $1 AND (run_at > $2 OR (run_at = $2 AND id > $3)) ORDER BY run_at, id LIMIT $4",
);

/// Takes a timer back, if it is still there.
pub(crate) static CANCEL_TIMER: Sql = Sql::new(
    "timers.cancel",
    &TIMERS,
    "DELETE FROM timers WHERE organisation = $1 AND id = $2",
);

/// When the next timer of a kind may be claimed.
pub(crate) static NEXT_TIMER: Sql = Sql::new(
    "timers.next",
    &DUE,
    "SELECT run_at FROM timers WHERE kind = $1 ORDER BY run_at LIMIT 1",
);

/// Claims timers of a kind that are due. PostgreSQL passes over those that another node claims at this moment; the
/// list is made once, or a plan could lock more rows than it may claim. SQLite has one writer.
pub(crate) static CLAIM_TIMERS: Sql = Sql::two(
    "timers.claim",
    &DUE,
    "UPDATE timers SET run_at = $3, attempt = attempt + 1, tries = tries + 1 \
     WHERE (organisation, id) IN (SELECT organisation, id FROM timers \
     WHERE kind = $1 AND run_at <= $2 ORDER BY run_at LIMIT $4) \
     RETURNING organisation, id, payload, due_at, attempt, tries",
    "WITH due AS MATERIALIZED (SELECT organisation, id FROM timers \
     WHERE kind = $1 AND run_at <= $2 ORDER BY run_at LIMIT $4 FOR UPDATE SKIP LOCKED) \
     UPDATE timers SET run_at = $3, attempt = attempt + 1, tries = tries + 1 FROM due \
     WHERE timers.organisation = due.organisation AND timers.id = due.id \
     RETURNING timers.organisation, timers.id, payload, due_at, attempt, tries",
);

/// Says when a timer that failed may be claimed again, unless somebody else has it by now.
pub(crate) static FAIL_TIMER: Sql = Sql::new(
    "timers.fail",
    &DUE,
    "UPDATE timers SET run_at = $4, error = $5 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// The timers of a kind that failed too often, which stand at the end of time.
pub(crate) static LIST_PARKED: Sql = Sql::new(
    "timers.parked",
    &DUE,
    "SELECT organisation, id, payload, due_at, attempt, tries, error FROM timers \
     WHERE kind = $1 AND run_at = $2 LIMIT $3",
);

/// Lets the timers of a kind that failed too often run again.
pub(crate) static RETRY_PARKED: Sql = Sql::new(
    "timers.retry",
    &DUE,
    "UPDATE timers SET run_at = $3, tries = 0 WHERE kind = $1 AND run_at = $2",
);

/// Reads on in the timers of a kind that failed too often.
pub(crate) static LIST_PARKED_AFTER: Sql = Sql::new(
    "timers.parked_after",
    &DUE,
    "SELECT organisation, id, kind, payload, due_at, attempt, tries, error FROM timers \
     WHERE kind = $1 AND run_at = $2 \
     AND (organisation > $3 OR (organisation = $3 AND id > $4)) ORDER BY organisation, id LIMIT $5",
);

/// A timer that failed too often.
pub(crate) static FIND_PARKED: Sql = Sql::new(
    "timers.find_parked",
    &DUE,
    "SELECT organisation, id, kind, payload, due_at, attempt, tries, error FROM timers \
     WHERE organisation = $1 AND id = $2 AND run_at = $3",
);

/// Lets a timer that failed too often run again, in a commit that says who wants that.
pub(crate) static RERUN_TIMER: Sql = Sql::new(
    "timers.rerun",
    &TIMERS,
    "UPDATE timers SET run_at = $5, tries = 0 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3 AND run_at = $4",
);

/// Takes away a timer that failed too often, in a commit that says who wants that.
pub(crate) static DISCARD_TIMER: Sql = Sql::new(
    "timers.discard",
    &TIMERS,
    "DELETE FROM timers WHERE organisation = $1 AND id = $2 AND attempt = $3 AND run_at = $4",
);

/// What the engine brings to every shard and to the people database.
pub static PART: Part = Part {
    name: "engine",
    tables: &[
        &CONSUMED,
        &DEAD_LETTERS,
        &TIMERS,
        &jobs::JOBS,
        &sagas::SAGAS,
    ],
    statements: &[
        &FIND_CONSUMED,
        &CLEAR_CONSUMED,
        &ADD_DEAD_LETTER,
        &LIST_DEAD_LETTERS,
        &LIST_ALL_DEAD_LETTERS,
        &FIND_DEAD_LETTER,
        &REMOVE_DEAD_LETTER,
        &OLDEST_DEAD_LETTER,
        &CLEAR_DEAD_LETTERS,
        &END_TIMER,
        &READ_TIMERS,
        &TIMERS_OF_KIND,
        &CANCEL_TIMER,
        &NEXT_TIMER,
        &CLAIM_TIMERS,
        &FAIL_TIMER,
        &LIST_PARKED,
        &RETRY_PARKED,
        &LIST_PARKED_AFTER,
        &FIND_PARKED,
        &RERUN_TIMER,
        &DISCARD_TIMER,
        &jobs::END,
        &jobs::AGAIN,
        &jobs::CANCEL,
        &jobs::TOTAL,
        &jobs::LEFT,
        &jobs::NEXT,
        &jobs::TURN,
        &jobs::CLAIM,
        &jobs::HOLD,
        &jobs::GIVE_BACK,
        &jobs::FAIL,
        &jobs::RELEASE,
        &jobs::LIST_WAITING,
        &jobs::LIST_FAILED,
        &jobs::FIND_FAILED,
        &jobs::RERUN,
        &jobs::THROW_AWAY,
        &jobs::REPROCESS,
        &jobs::REPROCESS_ALL,
        &jobs::DISCARD,
        &sagas::MOVE,
        &sagas::END,
        &sagas::WAKE,
        &sagas::TURN,
        &sagas::READ,
        &sagas::ABOUT,
        &sagas::NEXT,
        &sagas::CLAIM,
        &sagas::SEIZE,
        &sagas::KEEP,
        &sagas::FAIL,
        &sagas::ORPHANS,
        &sagas::LIST,
        &sagas::COUNT,
    ],
    migrations: &[
        Migration {
            number: 1,
            name: "engine",
            sqlite: include_str!("../migrations/sqlite/0001_engine.sql"),
            postgres: include_str!("../migrations/postgres/0001_engine.sql"),
        },
        Migration {
            number: 2,
            name: "sagas",
            sqlite: include_str!("../migrations/sqlite/0002_sagas.sql"),
            postgres: include_str!("../migrations/postgres/0002_sagas.sql"),
        },
        Migration {
            number: 3,
            name: "jobs",
            sqlite: include_str!("../migrations/sqlite/0003_jobs.sql"),
            postgres: include_str!("../migrations/postgres/0003_jobs.sql"),
        },
    ],
};
