//! The tables of organisations and brands, and their rows as values.

use base::{Time, Uid};
use domain::organisations::{Name, Named};
use store::{Class, Column, Failure, Outcome, Row, Sql, Table};

use super::fold;

/// What an organisation is called.
pub(crate) static ORGANISATIONS: Table = Table::new(
    "organisations",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("name"),
        Column::int("version"),
        Column::int("created_at"),
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
    "SELECT id, name, version, created_at FROM organisations WHERE organisation = $1",
);

pub(crate) static RENAME_ORGANISATION: Sql = Sql::new(
    "organisations.rename",
    &ORGANISATIONS,
    "UPDATE organisations SET name = $3, version = version + 1 \
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

pub(crate) static RENAME_BRAND: Sql = Sql::new(
    "brands.rename",
    &BRANDS,
    "UPDATE brands SET name = $3, folded = $4, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $5",
);

pub(crate) const TABLES: &[&Table] = &[&ORGANISATIONS, &BRANDS];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ_ORGANISATION,
    &RENAME_ORGANISATION,
    &READ_BRAND,
    &LIST_BRANDS,
    &RENAME_BRAND,
    &fold::READ_ORGANISATIONS,
    &fold::READ_BRANDS,
];

/// Reads `id, name, version, created_at`.
pub(crate) fn read<Id: From<Uid>>(row: &Row) -> Outcome<Named<Id>> {
    let name: String = row.get(1)?;
    let name =
        Name::parse(&name).map_err(|error| Failure::Damaged(format!("a stored name: {error}")))?;
    Ok(Named {
        id: row.get::<Uid>(0)?.into(),
        name,
        version: row.get(2)?,
        created_at: row.get::<Time>(3)?,
    })
}
