//! The slices that every other one stands on: organisations and their brands, the first operator.
//!
//! A slice is a folder: `store` has its tables and SQL, `app` its use cases, `http` its routes, `view` what it shows.

mod ask;
pub mod organisations;
pub mod setup;
mod typed;

use store::{Fold, Migration, Part};

/// What the slices bring to every shard.
pub static SHARD: Part = Part {
    name: "platform",
    tables: organisations::store::TABLES,
    statements: organisations::store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "organisations",
        sqlite: include_str!("../migrations/shard/sqlite/0001_organisations.sql"),
        postgres: include_str!("../migrations/shard/postgres/0001_organisations.sql"),
    }],
};

/// What they bring to the control database.
pub static CONTROL: Part = Part {
    name: "platform",
    tables: setup::store::TABLES,
    statements: setup::store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "operators",
        sqlite: include_str!("../migrations/control/sqlite/0001_operators.sql"),
        postgres: include_str!("../migrations/control/postgres/0001_operators.sql"),
    }],
};

/// How the log gives the rows of the folded tables.
pub static FOLDS: &[&Fold] = &[
    &organisations::fold::FOLD_ORGANISATIONS,
    &organisations::fold::FOLD_BRANDS,
];
