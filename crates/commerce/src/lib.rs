//! The slices of what is ordered: orders, carts, and the view of their sagas; and all that they stand on as one thing.
//!
//! A slice is a folder: `store` has its tables and SQL, `app` its use cases, `http` its routes, `view` what it shows.
//! What one of them changes in the commit of another it offers as a part of that commit.

pub mod carts;
pub mod orders;
mod personal;
pub mod sagas;
mod whole;

use store::{Fold, Part};

pub use money::{credit, ledger, payments};
pub use terms::{capacity, offers};
pub use whole::{Commerce, Parts};

/// What all slices bring to every shard, a part each.
pub static SHARDS: &[&Part] = &[
    &capacity::SHARD,
    &credit::SHARD,
    &offers::SHARD,
    &ledger::SHARD,
    &orders::SHARD,
    &orders::NOTES,
    &orders::REFUNDS,
    &payments::SHARD,
];

/// What all slices bring to the people database.
pub static PEOPLE: &[&Part] = &[&carts::PEOPLE, &credit::PEOPLE, &orders::PEOPLE];

/// How the log gives the rows of the folded tables.
pub static FOLDS: &[&Fold] = &[
    &capacity::FOLD,
    &credit::FOLD,
    &credit::FOLD_ENTRIES,
    &offers::FOLD,
    &offers::FOLD_CODES,
    &offers::FOLD_LIVE,
    &ledger::FOLD,
    &ledger::FOLD_POSTINGS,
    &orders::FOLD,
    &orders::NOTES_FOLD,
    &orders::NOTE_NUMBERS_FOLD,
    &orders::REFUNDS_FOLD,
    &orders::RULES_FOLD,
    &payments::FOLD,
];
