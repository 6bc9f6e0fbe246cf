//! A PostgreSQL server of our own: one per test process, a database per test.
//!
//! [`Server::shared`] starts it on first use; the watchdog stops it when the process ends. Roles belong to
//! the whole server, so what a migration creates there is seen by every database of the process.

mod admin;
mod database;
mod server;

pub use database::Database;
pub use server::{Server, Settings};
