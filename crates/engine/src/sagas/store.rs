//! The journal of sagas, and all statements over it.
//!
//! A commit of the organisation inserts, moves and ends a row; the queue role finds, claims and renews those of all.

use store::{Class, Column, Sql, Table};

/// Sagas under way or parked, as a commit of their organisation begins, moves and ends them.
pub(crate) static SAGAS: Table = Table::new(
    "sagas",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("kind"),
        Column::int("journal"),
        Column::id("subject"),
        Column::text("state"),
        Column::int("step"),
        Column::int("direction"),
        Column::int("run_at"),
        Column::int("attempt"),
        Column::int("tries"),
        Column::int("waiting"),
        Column::text("error"),
        Column::text("reason"),
        Column::int("minor"),
        Column::text("currency"),
        Column::int("begun_at"),
    ],
    1,
    &[],
)
.worked();

/// The same as the queue role claims it.
static DUE: Table = SAGAS.as_queue();

/// Moves the journal on, together with the effect of a step: the guard that fences both.
pub(crate) static MOVE: Sql = Sql::new(
    "sagas.move",
    &SAGAS,
    "UPDATE sagas SET attempt = attempt + 1, state = $4, step = $5, direction = $6, run_at = $7, tries = $8, \
     waiting = $9, error = $10, reason = $11, minor = $12, currency = $13 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Ends a saga together with the effect of its last step.
pub(crate) static END: Sql = Sql::new(
    "sagas.end",
    &SAGAS,
    "DELETE FROM sagas WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Lets a saga that waits be asked again at once. Whoever is at it just now is fenced off, or its wait would outlast
/// this word. Those that are parked wait for an operator.
pub(crate) static WAKE: Sql = Sql::new(
    "sagas.wake",
    &SAGAS,
    "UPDATE sagas SET attempt = attempt + 1, run_at = $3, tries = 0 \
     WHERE organisation = $1 AND id = $2 AND run_at < $4",
);

/// Lets a saga run again at an operator's word, in the direction and from the step that they say.
pub(crate) static TURN: Sql = Sql::new(
    "sagas.turn",
    &SAGAS,
    "UPDATE sagas SET attempt = attempt + 1, direction = $4, reason = $5, run_at = $6, tries = 0, waiting = 0 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// One saga.
pub(crate) static READ: Sql = Sql::new(
    "sagas.read",
    &SAGAS,
    "SELECT organisation, id, kind, journal, subject, state, step, direction, run_at, attempt, tries, waiting, \
     error, reason, minor, currency, begun_at FROM sagas WHERE organisation = $1 AND id = $2",
);

/// Those about one thing, the oldest first. Few of an organisation are under way, so no index is kept for it.
pub(crate) static ABOUT: Sql = Sql::new(
    "sagas.about",
    &SAGAS,
    "SELECT organisation, id, kind, journal, subject, state, step, direction, run_at, attempt, tries, waiting, \
     error, reason, minor, currency, begun_at FROM sagas \
     WHERE organisation = $1 AND subject = $2 ORDER BY begun_at, id LIMIT $3",
);

/// When the next saga may be claimed.
pub(crate) static NEXT: Sql = Sql::new(
    "sagas.next",
    &DUE,
    "SELECT run_at FROM sagas ORDER BY run_at LIMIT 1",
);

/// Claims sagas of a kind that are due, as timers are claimed.
pub(crate) static CLAIM: Sql = Sql::two(
    "sagas.claim",
    &DUE,
    "UPDATE sagas SET run_at = $4, attempt = attempt + 1, tries = tries + 1, waiting = 0 \
     WHERE (organisation, id) IN (SELECT organisation, id FROM sagas \
     WHERE kind = $1 AND journal = $2 AND run_at <= $3 ORDER BY run_at LIMIT $5) \
     RETURNING organisation, id, kind, journal, subject, state, step, direction, run_at, attempt, tries, waiting, \
     error, reason, minor, currency, begun_at",
    "WITH due AS MATERIALIZED (SELECT organisation, id FROM sagas \
     WHERE kind = $1 AND journal = $2 AND run_at <= $3 ORDER BY run_at LIMIT $5 FOR UPDATE SKIP LOCKED) \
     UPDATE sagas SET run_at = $4, attempt = attempt + 1, tries = tries + 1, waiting = 0 FROM due \
     WHERE sagas.organisation = due.organisation AND sagas.id = due.id \
     RETURNING sagas.organisation, sagas.id, kind, journal, subject, state, step, direction, run_at, attempt, tries, \
     waiting, error, reason, minor, currency, begun_at",
);

/// Claims one saga at once, whoever has it, unless it is parked.
pub(crate) static SEIZE: Sql = Sql::new(
    "sagas.seize",
    &DUE,
    "UPDATE sagas SET run_at = $3, attempt = attempt + 1, tries = tries + 1, waiting = 0 \
     WHERE organisation = $1 AND id = $2 AND run_at < $4 \
     RETURNING organisation, id, kind, journal, subject, state, step, direction, run_at, attempt, tries, waiting, \
     error, reason, minor, currency, begun_at",
);

/// Keeps a lease for longer, or gives it back, unless somebody else has the saga by now.
pub(crate) static KEEP: Sql = Sql::new(
    "sagas.keep",
    &DUE,
    "UPDATE sagas SET run_at = $4 WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// Says when a saga whose step erred may be claimed again, unless somebody else has it by now. It counts as a claim, so
/// that nobody renews the lease that ends with it.
pub(crate) static FAIL: Sql = Sql::new(
    "sagas.fail",
    &DUE,
    "UPDATE sagas SET attempt = attempt + 1, run_at = $4, error = $5, waiting = 0 \
     WHERE organisation = $1 AND id = $2 AND attempt = $3",
);

/// What is due, and nobody has claimed for long.
pub(crate) static ORPHANS: Sql = Sql::new(
    "sagas.orphans",
    &DUE,
    "SELECT organisation, id, kind, journal, attempt FROM sagas WHERE run_at <= $1 ORDER BY run_at LIMIT $2",
);

/// Reads on in the sagas of everybody, those that may run and those that are parked.
pub(crate) static LIST: Sql = Sql::new(
    "sagas.list",
    &DUE,
    "SELECT organisation, id, kind, journal, subject, state, step, direction, run_at, attempt, tries, waiting, \
     error, reason, minor, currency, begun_at FROM sagas \
     WHERE run_at >= $1 AND run_at <= $2 AND (begun_at > $3 OR (begun_at = $3 AND id > $4)) \
     ORDER BY begun_at, id LIMIT $5",
);

/// How many may run, since when the oldest, and how many are parked.
pub(crate) static COUNT: Sql = Sql::new(
    "sagas.count",
    &DUE,
    "SELECT COUNT(*), MIN(begun_at) FROM sagas WHERE run_at >= $1 AND run_at <= $2",
);
