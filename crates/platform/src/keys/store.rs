//! The table of keys and its rows as values. Times are 0 for as long as nothing has happened.

use std::sync::Arc;

use base::{Time, Uid};
use domain::access::{Access, KeyId};
use domain::organisations::{Consent, Issue, Name, Scopes};
use store::{Class, Column, Outcome, Row, Sql, Table, Value};

use super::known::Record;
use crate::organisations::store::{damaged, name};

/// The keys of integrators.
pub(crate) static KEYS: Table = Table::new(
    "keys",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("label"),
        Column::text("scopes"),
        Column::text("consent"),
        Column::text("created_by"),
        Column::int("created_at"),
        Column::int("expires_at"),
        Column::int("revoked_at"),
        Column::bytes("tag"),
        Column::int("pepper"),
        Column::int("used_at"),
    ],
    1,
    &[],
);

pub(crate) static FIND: Sql = Sql::new(
    "keys.find",
    &KEYS,
    "SELECT scopes, consent, tag, pepper, expires_at FROM keys \
     WHERE organisation = $1 AND id = $2 AND revoked_at = 0",
);

pub(crate) static READ: Sql = Sql::new(
    "keys.read",
    &KEYS,
    "SELECT id, label, scopes, consent, created_by, created_at, expires_at, used_at FROM keys \
     WHERE organisation = $1 AND id = $2 AND revoked_at = 0",
);

pub(crate) static LIST: Sql = Sql::new(
    "keys.list",
    &KEYS,
    "SELECT id, label, scopes, consent, created_by, created_at, expires_at, used_at FROM keys \
     WHERE organisation = $1 AND id > $2 AND revoked_at = 0 ORDER BY id LIMIT $3",
);

pub(crate) static REVOKE: Sql = Sql::new(
    "keys.revoke",
    &KEYS,
    "UPDATE keys SET revoked_at = $3 WHERE organisation = $1 AND id = $2 AND revoked_at = 0",
);

pub(crate) static NOTE_USE: Sql = Sql::new(
    "keys.note_use",
    &KEYS,
    "UPDATE keys SET used_at = $3 WHERE organisation = $1 AND id = $2 AND used_at < $3",
);

pub(crate) static RETAG: Sql = Sql::new(
    "keys.retag",
    &KEYS,
    "UPDATE keys SET tag = $3, pepper = $4 WHERE organisation = $1 AND id = $2 AND tag = $5",
);

/// A key as it is shown to those who keep it.
pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) issue: Issue,
    pub(crate) created_by: String,
    pub(crate) created_at: Time,
    pub(crate) used_at: Option<Time>,
}

/// Reads what [`READ`] and [`LIST`] answer.
pub(crate) fn read(row: &Row) -> Outcome<Key> {
    Ok(Key {
        id: row.get::<Uid>(0)?.into(),
        issue: Issue {
            label: name(row, 1)?,
            scopes: scopes(row, 2)?,
            consent: consent(row, 3)?,
            expires_at: some(row.get(6)?),
        },
        created_by: row.get(4)?,
        created_at: row.get(5)?,
        used_at: some(row.get(7)?),
    })
}

/// Reads what [`FIND`] answers.
pub(crate) fn record(row: &Row) -> Outcome<Record> {
    let permissions = scopes(row, 0)?.permissions();
    let access = match consent(row, 1)? {
        Consent::All => Access::wide(permissions),
        Consent::Only(restaurants) => Access::at_restaurants(restaurants, permissions),
    };
    Ok(Record {
        access: Arc::new(access),
        tag: row.get(2)?,
        pepper: row.get(3)?,
        ends_at: some(row.get(4)?),
    })
}

/// The cells of what was issued: label, scopes, consent.
pub(crate) fn cells(issue: &Issue) -> Outcome<[Value; 3]> {
    let json = |text: serde_json::Result<String>| text.map_err(|_| damaged("key"));
    Ok([
        Name::as_str(&issue.label).into(),
        json(serde_json::to_string(&issue.scopes))?.into(),
        json(serde_json::to_string(&issue.consent))?.into(),
    ])
}

/// A time that is 0 for none.
pub(crate) fn some(at: Time) -> Option<Time> {
    (at != Time::EPOCH).then_some(at)
}

fn scopes(row: &Row, at: usize) -> Outcome<Scopes> {
    serde_json::from_str(&row.get::<String>(at)?).map_err(|_| damaged("scope"))
}

fn consent(row: &Row, at: usize) -> Outcome<Consent> {
    serde_json::from_str(&row.get::<String>(at)?).map_err(|_| damaged("consent"))
}
