//! The ledger of an organisation: what was earned, owed, taken and given back, in double entry.
//!
//! Other slices post to it as a part of their own commits, and a thing that happened once can be posted only once.
//! Rows are added and never changed; each bears a checksum, and all of them are folded from the event
//! `ledger.posted`. Nothing in it says who anybody is.

mod app;
mod fold;
mod http;
mod part;
mod store;
mod view;

use ::store::{Migration, Part};

pub use app::{App, Period, Posted};
pub use fold::{FOLD_POSTINGS, FOLD_TRANSACTIONS as FOLD};
pub use http::{routes, whole};
pub use part::{is_posted, post};
pub use view::{AccountView, BalanceView, PostingView, TotalView, TransactionView};

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "ledger",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "ledger",
        sqlite: include_str!("../../migrations/ledger/sqlite/0001_ledger.sql"),
        postgres: include_str!("../../migrations/ledger/postgres/0001_ledger.sql"),
    }],
};
