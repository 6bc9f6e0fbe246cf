//! The tables of organisations, brands and what plans count, and their rows as values.

use base::{Time, Uid};
use domain::organisations::{Name, Named, Organisation, Plan, State};
use store::{Class, Column, Failure, Outcome, Row, Sql, Table};

use super::{fold, restaurants, usage};

/// Organisations: one row in each.
pub(crate) static ORGANISATIONS: Table = Table::new(
    "organisations",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("name"),
        Column::int("version"),
        Column::int("created_at"),
        Column::text("plan"),
        Column::text("state"),
    ],
    1,
    &[],
);

/// The brands of an organisation.
pub(crate) static BRANDS: Table = Table::new(
    "brands",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("name"),
        Column::text("folded"),
        Column::int("version"),
        Column::int("created_at"),
    ],
    1,
    &[],
);

pub(crate) static READ_ORGANISATION: Sql = Sql::new(
    "organisations.read",
    &ORGANISATIONS,
    "SELECT id, name, version, created_at, plan, state FROM organisations WHERE organisation = $1",
);

pub(crate) static RENAME_ORGANISATION: Sql = Sql::new(
    "organisations.rename",
    &ORGANISATIONS,
    "UPDATE organisations SET name = $3, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $4",
);

pub(crate) static SET_PLAN: Sql = Sql::new(
    "organisations.set_plan",
    &ORGANISATIONS,
    "UPDATE organisations SET plan = $3, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $4",
);

pub(crate) static SET_STATE: Sql = Sql::new(
    "organisations.set_state",
    &ORGANISATIONS,
    "UPDATE organisations SET state = $3, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $4",
);

pub(crate) static READ_BRAND: Sql = Sql::new(
    "brands.read",
    &BRANDS,
    "SELECT id, name, version, created_at FROM brands WHERE organisation = $1 AND id = $2",
);

pub(crate) static LIST_BRANDS: Sql = Sql::new(
    "brands.list",
    &BRANDS,
    "SELECT id, name, version, created_at FROM brands \
     WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
);

/// The same, but only those of the list `$4`. Each engine takes a list in its own way.
pub(crate) static LIST_SOME_BRANDS: Sql = Sql::two(
    "brands.list_some",
    &BRANDS,
    "SELECT id, name, version, created_at FROM brands \
     WHERE organisation = $1 AND id > $2 AND id IN (SELECT value FROM rarray($4)) ORDER BY id LIMIT $3",
    "SELECT id, name, version, created_at FROM brands \
     WHERE organisation = $1 AND id > $2 AND id = ANY ($4) ORDER BY id LIMIT $3",
);

pub(crate) static RENAME_BRAND: Sql = Sql::new(
    "brands.rename",
    &BRANDS,
    "UPDATE brands SET name = $3, folded = $4, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $5",
);

pub(crate) const TABLES: &[&Table] = &[
    &ORGANISATIONS,
    &BRANDS,
    &usage::USAGE,
    &restaurants::store::RESTAURANTS,
];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ_ORGANISATION,
    &RENAME_ORGANISATION,
    &SET_PLAN,
    &SET_STATE,
    &READ_BRAND,
    &LIST_BRANDS,
    &LIST_SOME_BRANDS,
    &RENAME_BRAND,
    &usage::TAKE,
    &usage::GIVE_BACK,
    &usage::READ,
    &restaurants::store::READ,
    &restaurants::store::LIST,
    &restaurants::store::LIST_OF_BRAND,
    &restaurants::store::IDS_OF_BRAND,
    &restaurants::store::LIST_SOME,
    &restaurants::store::LIST_SOME_OF_BRAND,
    &restaurants::store::CHANGE,
    &restaurants::store::SET_STATE,
    &restaurants::fold::READ_ALL,
    &fold::READ_ORGANISATIONS,
    &fold::READ_BRANDS,
];

/// Reads `id, name, version, created_at`.
pub(crate) fn read<Id: From<Uid>>(row: &Row) -> Outcome<Named<Id>> {
    Ok(Named {
        id: row.get::<Uid>(0)?.into(),
        name: name(row, 1)?,
        version: row.get(2)?,
        created_at: row.get::<Time>(3)?,
    })
}

/// Reads `id, name, version, created_at, plan, state`.
pub(crate) fn read_organisation(row: &Row) -> Outcome<Organisation> {
    let Named {
        id,
        name,
        version,
        created_at,
    } = read(row)?;
    let (plan, state): (String, String) = (row.get(4)?, row.get(5)?);
    Ok(Organisation {
        id,
        name,
        plan: Plan::find(&plan).ok_or_else(|| damaged("plan"))?,
        state: State::find(&state).ok_or_else(|| damaged("state"))?,
        version,
        created_at,
    })
}

/// A name from a column.
pub(crate) fn name(row: &Row, at: usize) -> Outcome<Name> {
    Name::parse(&row.get::<String>(at)?).map_err(|_| damaged("name"))
}

/// A column that holds what was never written there.
pub(crate) fn damaged(column: &str) -> Failure {
    Failure::Damaged(format!("a stored {column} cannot be read"))
}
