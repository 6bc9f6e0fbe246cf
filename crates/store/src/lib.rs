//! One commit path over SQLite and PostgreSQL: the commit is the only truth.
//!
//! A slice declares tables, statements and migrations as values, reads typed rows, and hands over a [`Commit`].
//! It never sees a transaction, a driver, or which engine it runs on. `docs/store.md` shows how.

pub mod backup;
mod call;
mod checksum;
mod commit;
mod database;
mod db;
mod directory;
mod failure;
mod fold;
mod gate;
mod head;
mod idempotency;
mod lease;
mod log;
mod look;
mod migrate;
pub mod postgres;
pub mod retention;
mod row;
mod seal;
mod sql;
mod sqlite;
mod system;
mod table;
mod ticket;
mod value;
pub mod verify;

pub use call::{Answer, Call, Deadline, Scope};
pub use checksum::checksum;
pub use commit::{Cell, Commit, Committed, Event, Taken};
pub use database::{Database, Place};
pub use db::{Db, Parts, Settings};
pub use directory::{Directory, Placement, State};
pub use failure::{Failure, Outcome, Rule};
pub use fold::{Fold, Folded};
pub use gate::{Border, Gate};
pub use idempotency::{Key, Reply};
pub use lease::Lease;
pub use log::Logged;
pub use migrate::Migration;
pub use row::{FromValue, Row};
pub use seal::{Opened, Sealed, Sealer};
pub use sql::{Part, Sql};
pub use system::{CONTROL, DATABASE, KEYS};
pub use table::{Class, Column, Reach, Table};
pub use value::{Kind, Value};
