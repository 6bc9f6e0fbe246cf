//! The slices that every other one stands on: organisations with their restaurants, access, audit.
//!
//! A slice is a folder: `store` has its tables and SQL, `app` its use cases, `http` its routes, `view` what it shows.

pub mod access;
pub mod audit;
pub mod devices;
pub mod keys;
pub mod organisations;
mod personal;
mod whole;

use store::{Fold, Migration, Part};

pub use personal::personal;
pub use whole::{Parts, Platform};

/// What the slices bring to every shard.
pub static SHARD: Part = Part {
    name: "platform",
    tables: organisations::store::TABLES,
    statements: organisations::store::STATEMENTS,
    migrations: &[
        Migration {
            number: 1,
            name: "organisations",
            sqlite: include_str!("../migrations/shard/sqlite/0001_organisations.sql"),
            postgres: include_str!("../migrations/shard/postgres/0001_organisations.sql"),
        },
        Migration {
            number: 2,
            name: "restaurants",
            sqlite: include_str!("../migrations/shard/sqlite/0002_restaurants.sql"),
            postgres: include_str!("../migrations/shard/postgres/0002_restaurants.sql"),
        },
    ],
};

/// What all slices bring to every shard, a part each.
pub static SHARDS: &[&Part] = &[&SHARD, &access::SHARD, &keys::SHARD, &devices::SHARD];

/// What the slices bring to the people database, a part each.
pub static PEOPLE: &[&Part] = &[&access::PEOPLE, &devices::PEOPLE];

/// What the slices bring to the control database, a part each.
pub static CONTROL: &[&Part] = &[&audit::CONTROL, &organisations::hosts::CONTROL];

/// How the log gives the rows of the folded tables.
pub static FOLDS: &[&Fold] = &[
    &organisations::fold::FOLD_ORGANISATIONS,
    &organisations::fold::FOLD_BRANDS,
    &organisations::restaurants::fold::FOLD,
    &organisations::usage::FOLD,
    &keys::fold::FOLD,
    &devices::fold::FOLD,
    &access::fold::FOLD_ROLES,
    &access::fold::FOLD_MEMBERS,
    &access::fold::FOLD_GRANTS,
    &access::fold::FOLD_TALLIES,
];
