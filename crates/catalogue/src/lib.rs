//! The slices that sell: venues (how a restaurant serves), menus, pictures, pricing.
//!
//! A slice is a folder: `store` has its tables and SQL, `app` its use cases, `http` its routes, `view` what it shows.

pub mod menus;
pub mod pictures;
pub mod pricing;
pub mod venues;
mod whole;

use store::{Fold, Part};

pub use whole::{Catalogue, Parts};

/// What all slices bring to every shard, a part each.
pub static SHARDS: &[&Part] = &[
    &venues::SHARD,
    &menus::SHARD,
    &menus::transfer::SHARD,
    &pictures::SHARD,
];

/// How the log gives the rows of the folded tables.
pub static FOLDS: &[&Fold] = &[
    &menus::fold::FOLD_DRAFTS,
    &menus::fold::FOLD_PARTS,
    &menus::fold::FOLD_HEADS,
    &menus::fold::FOLD_REVISIONS,
    &menus::fold::FOLD_SCHEDULED,
    &menus::fold::FOLD_LOCATIONS,
    &menus::fold::FOLD_STOCK_HEADS,
    &menus::fold::FOLD_STOCK,
    &venues::FOLD,
    &pictures::fold::FOLD,
    &pictures::fold::FOLD_COUNTS,
];
