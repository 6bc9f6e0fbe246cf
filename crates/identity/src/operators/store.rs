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
    ],
    1,
    &[],
);

/// Makes the first operator, or makes him again as long as his key was never used.
pub(crate) static CLAIM: Sql = Sql::new(
    "operators.claim",
    &OPERATORS,
    "INSERT INTO operators (id, first, key_digest, name, email, email_digest, created_at, used_at) \
     VALUES ($1, 1, $2, $3, $4, $5, $6, 0) \
     ON CONFLICT (first) DO UPDATE SET id = excluded.id, key_digest = excluded.key_digest, \
     name = excluded.name, email = excluded.email, email_digest = excluded.email_digest, \
     created_at = excluded.created_at WHERE operators.used_at = 0 RETURNING id",
);

pub(crate) static READ_FIRST: Sql = Sql::new(
    "operators.first",
    &OPERATORS,
    "SELECT used_at FROM operators WHERE first = 1",
);

pub(crate) static FIND: Sql = Sql::new(
    "operators.find",
    &OPERATORS,
    "SELECT id, used_at FROM operators WHERE key_digest = $1",
);

pub(crate) static READ: Sql = Sql::new(
    "operators.read",
    &OPERATORS,
    "SELECT name, email, created_at FROM operators WHERE id = $1",
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

pub(crate) const TABLES: &[&Table] = &[&OPERATORS];

pub(crate) const STATEMENTS: &[&Sql] = &[&CLAIM, &READ_FIRST, &FIND, &READ, &NOTE_USE, &REDIGEST];
