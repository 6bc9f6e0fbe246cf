//! The table of operators and its statements.

use store::{Class, Column, Sql, Table};

/// Who runs this installation.
pub(crate) static OPERATORS: Table = Table::new(
    "operators",
    Class::Control,
    &[
        Column::id("id"),
        Column::int("first"),
        Column::bytes("key_digest"),
        Column::bytes("name"),
        Column::bytes("email"),
        Column::bytes("email_digest"),
        Column::int("created_at"),
        Column::int("used_at"),
        Column::id("person"),
        Column::int("ended_at"),
    ],
    1,
    &[],
);

/// Makes the first operator, or makes him again as long as his key was never used.
pub(crate) static CLAIM: Sql = Sql::new(
    "operators.claim",
    &OPERATORS,
    "INSERT INTO operators (id, first, key_digest, name, email, email_digest, created_at, used_at, person, ended_at) \
     VALUES ($1, 1, $2, $3, $4, $5, $6, 0, $7, 0) \
     ON CONFLICT (first) DO UPDATE SET id = excluded.id, key_digest = excluded.key_digest, \
     name = excluded.name, email = excluded.email, email_digest = excluded.email_digest, \
     created_at = excluded.created_at, person = excluded.person \
     WHERE operators.used_at = 0 RETURNING id",
);

pub(crate) static READ_FIRST: Sql = Sql::new(
    "operators.first",
    &OPERATORS,
    "SELECT used_at FROM operators WHERE first = 1",
);

pub(crate) static FIND: Sql = Sql::new(
    "operators.find",
    &OPERATORS,
    "SELECT id, used_at, person FROM operators WHERE key_digest = $1 AND ended_at = 0",
);

pub(crate) static READ: Sql = Sql::new(
    "operators.read",
    &OPERATORS,
    "SELECT id, name, email, created_at, person FROM operators WHERE id = $1 AND ended_at = 0",
);

/// Notes that the key has been used, which ends the life of the link.
pub(crate) static NOTE_USE: Sql = Sql::new(
    "operators.note_use",
    &OPERATORS,
    "UPDATE operators SET used_at = $2 WHERE id = $1 AND used_at = 0",
);

/// Keeps a key usable after the pepper that its digest was made with.
pub(crate) static REDIGEST: Sql = Sql::new(
    "operators.redigest",
    &OPERATORS,
    "UPDATE operators SET key_digest = $2 WHERE id = $1 AND key_digest = $3",
);

pub(crate) static READ_OF_PERSON: Sql = Sql::new(
    "operators.of_person",
    &OPERATORS,
    "SELECT id, name, email, created_at, person FROM operators WHERE person = $1",
);

/// All who are operators, the oldest first.
pub(crate) static LIST: Sql = Sql::new(
    "operators.list",
    &OPERATORS,
    "SELECT id, name, email, created_at, person FROM operators WHERE ended_at = 0 \
     ORDER BY created_at, id LIMIT $1",
);

/// Makes another operator, unless the person is one.
pub(crate) static ADD: Sql = Sql::new(
    "operators.add",
    &OPERATORS,
    "INSERT INTO operators (id, first, key_digest, name, email, email_digest, created_at, used_at, person, ended_at) \
     VALUES ($1, NULL, $2, $3, $4, $5, $6, $6, $7, 0) ON CONFLICT (person) DO NOTHING RETURNING id",
);

/// Lets one removal of an operator wait for another, so that two cannot remove the last two at once. The row of the
/// first operator is never deleted.
pub(crate) static TAKE_TURN: Sql = Sql::new(
    "operators.turn",
    &OPERATORS,
    "UPDATE operators SET used_at = used_at WHERE first = 1",
);

/// Ends an operator, unless it is the last.
pub(crate) static END: Sql = Sql::new(
    "operators.end",
    &OPERATORS,
    "UPDATE operators SET ended_at = $2, person = NULL WHERE id = $1 AND ended_at = 0 \
     AND (SELECT COUNT(*) FROM operators AS o WHERE o.ended_at = 0) > 1 RETURNING id",
);

pub(crate) const TABLES: &[&Table] = &[&OPERATORS];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &CLAIM,
    &READ_FIRST,
    &FIND,
    &READ,
    &NOTE_USE,
    &REDIGEST,
    &READ_OF_PERSON,
    &LIST,
    &ADD,
    &TAKE_TURN,
    &END,
];
