//! The slices of what is ordered and paid: orders, payments, ledger, offers, capacity, carts, and the view of their sagas.
//!
//! A slice is a folder: `store` has its tables and SQL, `app` its use cases, `http` its routes, `view` what it shows.
//! What one of them changes in the commit of another it offers as a part of that commit.

mod whole;

use store::{Fold, Part};

pub use whole::{Commerce, Parts};

/// What all slices bring to every shard, a part each.
pub static SHARDS: &[&Part] = &[];

/// What all slices bring to the people database.
pub static PEOPLE: &[&Part] = &[];

/// How the log gives the rows of the folded tables.
pub static FOLDS: &[&Fold] = &[];
