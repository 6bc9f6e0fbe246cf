//! The tables of second factors, of subjects at other providers and of sign-ins that were begun, with their statements.

use store::{Class, Column, Sql, Table};

/// What a person proves himself with besides a code.
pub(crate) static FACTORS: Table = Table::new(
    "factors",
    Class::Person,
    &[
        Column::id("id"),
        Column::text("kind"),
        Column::bytes("label"),
        Column::bytes("secret"),
        Column::int("created_at"),
        Column::int("confirmed_at"),
        Column::int("last_step"),
        Column::int("used_at"),
    ],
    1,
    &[],
);

/// How often a person was wrong in a row, and where he was right last.
pub(crate) static ATTEMPTS: Table = Table::new(
    "factor_attempts",
    Class::Person,
    &[
        Column::text("what"),
        Column::int("wrong"),
        Column::int("locked_until"),
        Column::int("proved_at"),
        Column::id("proved_session"),
    ],
    1,
    &[],
);

/// Codes for who has lost his factors.
pub(crate) static RECOVERY_CODES: Table = Table::new(
    "recovery_codes",
    Class::Person,
    &[
        Column::bytes("tag"),
        Column::int("made_at"),
        Column::int("used_at"),
    ],
    1,
    &[],
);

/// Who somebody is at another provider, and which passkey is whose.
pub(crate) static SUBJECTS: Table = Table::new(
    "subjects",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::text("provider"),
        Column::bytes("subject"),
        Column::int("created_at"),
        Column::int("used_at"),
    ],
    1,
    &[],
);

/// Sign-ins and challenges that were begun and have not come back.
pub(crate) static STATES: Table = Table::new(
    "states",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::text("kind"),
        Column::text("provider"),
        Column::bytes("browser"),
        Column::text("return_to"),
        Column::int("pepper"),
        Column::bytes("content"),
        Column::int("at"),
        Column::int("expires_at"),
    ],
    1,
    &[],
)
.worked();

/// The same as whoever removes those that are over sees them: of everybody.
static OVER_STATES: Table = STATES.as_queue();

pub(crate) static READ_FACTORS: Sql = Sql::new(
    "factors.read",
    &FACTORS,
    "SELECT id, kind, label, secret, created_at, confirmed_at, last_step, used_at FROM factors \
     WHERE person = $1 ORDER BY created_at, id",
);

pub(crate) static COUNT_CONFIRMED: Sql = Sql::new(
    "factors.count",
    &FACTORS,
    "SELECT CAST(COUNT(*) AS BIGINT) FROM factors WHERE person = $1 AND confirmed_at > 0",
);

/// Puts a TOTP app in force; the step that it was shown with is used.
pub(crate) static CONFIRM: Sql = Sql::new(
    "factors.confirm",
    &FACTORS,
    "UPDATE factors SET confirmed_at = $3, used_at = $3, last_step = $4 \
     WHERE person = $1 AND id = $2 AND confirmed_at = 0",
);

/// Uses a step of time, which nobody can use again.
pub(crate) static USE_STEP: Sql = Sql::new(
    "factors.use_step",
    &FACTORS,
    "UPDATE factors SET last_step = $3, used_at = $4 \
     WHERE person = $1 AND id = $2 AND confirmed_at > 0 AND last_step < $3",
);

/// Uses a passkey. One that counts must have counted on; one that does not always says 0.
pub(crate) static USE_PASSKEY: Sql = Sql::new(
    "factors.use_passkey",
    &FACTORS,
    "UPDATE factors SET secret = $3, last_step = $4, used_at = $5 \
     WHERE person = $1 AND id = $2 AND confirmed_at > 0 \
     AND (last_step < $4 OR (last_step = 0 AND $4 = 0))",
);

pub(crate) static RENAME: Sql = Sql::new(
    "factors.rename",
    &FACTORS,
    "UPDATE factors SET label = $3 WHERE person = $1 AND id = $2",
);

pub(crate) static REMOVE: Sql = Sql::new(
    "factors.remove",
    &FACTORS,
    "DELETE FROM factors WHERE person = $1 AND id = $2",
);

/// Removes what was begun before and never confirmed.
pub(crate) static DROP_UNCONFIRMED: Sql = Sql::new(
    "factors.drop_unconfirmed",
    &FACTORS,
    "DELETE FROM factors WHERE person = $1 AND id <> $2 AND confirmed_at = 0",
);

/// Removes all of a person; `$2` is the smallest id.
pub(crate) static REMOVE_ALL: Sql = Sql::new(
    "factors.remove_all",
    &FACTORS,
    "DELETE FROM factors WHERE person = $1 AND id >= $2",
);

pub(crate) static READ_ATTEMPTS: Sql = Sql::new(
    "factor_attempts.read",
    &ATTEMPTS,
    "SELECT wrong, locked_until, proved_at, proved_session FROM factor_attempts WHERE person = $1 AND what = $2",
);

/// Counts a try before it is looked at, so that many at the same moment are no more than one after the other. It
/// touches no row while the person is kept out.
pub(crate) static COUNT_TRY: Sql = Sql::new(
    "factor_attempts.count",
    &ATTEMPTS,
    "UPDATE factor_attempts SET wrong = CASE WHEN wrong + 1 >= $5 THEN 0 ELSE wrong + 1 END, \
     locked_until = CASE WHEN wrong + 1 >= $5 THEN $4 ELSE locked_until END \
     WHERE person = $1 AND what = $2 AND locked_until <= $3",
);

/// Forgets the tries after one that was right, and notes in which session it was.
pub(crate) static PASS_TRY: Sql = Sql::new(
    "factor_attempts.pass",
    &ATTEMPTS,
    "UPDATE factor_attempts SET wrong = 0, locked_until = 0, proved_at = $3, proved_session = $4 \
     WHERE person = $1 AND what = $2",
);

pub(crate) static REMOVE_ATTEMPTS: Sql = Sql::new(
    "factor_attempts.remove",
    &ATTEMPTS,
    "DELETE FROM factor_attempts WHERE person = $1 AND what = $2",
);

pub(crate) static COUNT_CODES: Sql = Sql::new(
    "recovery_codes.count",
    &RECOVERY_CODES,
    "SELECT CAST(COUNT(*) AS BIGINT) FROM recovery_codes WHERE person = $1 AND used_at = 0",
);

pub(crate) static USE_CODE: Sql = Sql::new(
    "recovery_codes.use",
    &RECOVERY_CODES,
    "UPDATE recovery_codes SET used_at = $3 WHERE person = $1 AND tag = $2 AND used_at = 0",
);

/// Removes all codes of a person; `$2` is empty, the smallest of all tags.
pub(crate) static REMOVE_CODES: Sql = Sql::new(
    "recovery_codes.remove",
    &RECOVERY_CODES,
    "DELETE FROM recovery_codes WHERE person = $1 AND tag >= $2",
);

pub(crate) static FIND_SUBJECT: Sql = Sql::new(
    "subjects.find",
    &SUBJECTS,
    "SELECT person FROM subjects WHERE digest = $1",
);

pub(crate) static READ_SUBJECTS: Sql = Sql::new(
    "subjects.read",
    &SUBJECTS,
    "SELECT provider, subject, created_at, used_at, digest FROM subjects WHERE person = $1 \
     ORDER BY created_at, digest LIMIT 100",
);

pub(crate) static USE_SUBJECT: Sql = Sql::new(
    "subjects.use",
    &SUBJECTS,
    "UPDATE subjects SET used_at = $3 WHERE person = $1 AND digest = $2",
);

pub(crate) static REMOVE_SUBJECT: Sql = Sql::new(
    "subjects.remove",
    &SUBJECTS,
    "DELETE FROM subjects WHERE person = $1 AND digest = $2",
);

/// Removes all subjects of a person; `$2` is empty, the smallest of all digests.
pub(crate) static REMOVE_SUBJECTS: Sql = Sql::new(
    "subjects.remove_all",
    &SUBJECTS,
    "DELETE FROM subjects WHERE person = $1 AND digest >= $2",
);

pub(crate) static READ_STATE: Sql = Sql::new(
    "states.read",
    &STATES,
    "SELECT person, kind, provider, browser, return_to, pepper, content, expires_at FROM states \
     WHERE digest = $1",
);

/// Uses a state: it is gone then, so only one can.
pub(crate) static TAKE_STATE: Sql = Sql::new(
    "states.take",
    &STATES,
    "DELETE FROM states WHERE person = $1 AND digest = $2 AND expires_at > $3",
);

/// Removes what a person began before and has not brought back in time.
pub(crate) static DROP_STATES: Sql = Sql::new(
    "states.drop",
    &STATES,
    "DELETE FROM states WHERE person = $1 AND digest <> $2 AND expires_at <= $3",
);

/// Removes all states of a person; `$2` is empty, the smallest of all digests.
pub(crate) static REMOVE_STATES: Sql = Sql::new(
    "states.remove_all",
    &STATES,
    "DELETE FROM states WHERE person = $1 AND digest >= $2",
);

/// Removes what has not come back in time.
pub(crate) static CLEAR_STATES: Sql = Sql::new(
    "states.clear",
    &OVER_STATES,
    "DELETE FROM states WHERE digest IN (SELECT digest FROM states WHERE expires_at <= $1 LIMIT $2)",
);

pub(crate) const TABLES: &[&Table] = &[&FACTORS, &ATTEMPTS, &RECOVERY_CODES, &SUBJECTS, &STATES];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ_FACTORS,
    &COUNT_CONFIRMED,
    &CONFIRM,
    &USE_STEP,
    &USE_PASSKEY,
    &RENAME,
    &REMOVE,
    &DROP_UNCONFIRMED,
    &REMOVE_ALL,
    &READ_ATTEMPTS,
    &COUNT_TRY,
    &PASS_TRY,
    &REMOVE_ATTEMPTS,
    &COUNT_CODES,
    &USE_CODE,
    &REMOVE_CODES,
    &FIND_SUBJECT,
    &READ_SUBJECTS,
    &USE_SUBJECT,
    &REMOVE_SUBJECT,
    &REMOVE_SUBJECTS,
    &READ_STATE,
    &TAKE_STATE,
    &DROP_STATES,
    &REMOVE_STATES,
    &CLEAR_STATES,
];
