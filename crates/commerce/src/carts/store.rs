//! The table of carts, its SQL and its rows.

use base::{Time, Uid};
use store::{Class, Column, Outcome, Row, Sql, Table};

/// Carts, sealed.
pub(super) static CARTS: Table = Table::new(
    "carts",
    Class::Person,
    &[
        Column::int("place"),
        Column::id("id"),
        Column::int("version"),
        Column::bytes("body"),
        Column::int("at"),
    ],
    1,
    &[],
)
.cleared();

/// Carts as the queue role sees them when they are old.
static OLD_CARTS: Table = CARTS.as_queue();

/// All carts of a person; there are few.
pub(super) static LIST: Sql = Sql::new(
    "carts.list",
    &CARTS,
    "SELECT place, id, version, body, at FROM carts WHERE person = $1 ORDER BY place",
);

/// Guard: the cart still stands at version `$4`, and holds something else from now on.
pub(super) static CHANGE: Sql = Sql::new(
    "carts.change",
    &CARTS,
    "UPDATE carts SET version = version + 1, body = $5, at = $6 \
     WHERE person = $1 AND place = $2 AND id = $3 AND version = $4",
);

/// The cart is gone; saying so again changes nothing.
pub(super) static REMOVE: Sql = Sql::new(
    "carts.remove",
    &CARTS,
    "DELETE FROM carts WHERE person = $1 AND place = $2 AND id = $3",
);

/// The cart is another one from now on: what it was, was ordered.
pub(super) static RENAME: Sql = Sql::new(
    "carts.rename",
    &CARTS,
    "UPDATE carts SET version = version + 1, id = $4 \
     WHERE person = $1 AND place = $2 AND id = $3",
);

/// All carts of a person but the one in a place that there is not.
pub(super) static REMOVE_ALL: Sql = Sql::new(
    "carts.remove_all",
    &CARTS,
    "DELETE FROM carts WHERE person = $1 AND place <> $2",
);

/// Removes carts that nobody has touched for long.
pub(super) static CLEAR: Sql = Sql::new(
    "carts.clear",
    &OLD_CARTS,
    "DELETE FROM carts WHERE (person, place) IN \
     (SELECT person, place FROM carts WHERE at < $1 LIMIT $2)",
);

pub(super) const TABLES: &[&Table] = &[&CARTS];
pub(super) const STATEMENTS: &[&Sql] = &[&LIST, &CHANGE, &REMOVE, &RENAME, &REMOVE_ALL, &CLEAR];

/// A cart as its row has it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) place: i64,
    pub(super) id: Uid,
    pub(super) version: i64,
    pub(super) sealed: Vec<u8>,
    pub(super) at: Time,
}

/// Reads `place, id, version, body, at`.
pub(super) fn read(row: &Row) -> Outcome<Kept> {
    Ok(Kept {
        place: row.get(0)?,
        id: row.get(1)?,
        version: row.get(2)?,
        sealed: row.get(3)?,
        at: row.get(4)?,
    })
}
