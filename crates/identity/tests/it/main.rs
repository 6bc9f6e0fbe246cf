//! People and operators through the gate, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]

mod codes;
mod codes_drill;
mod operators;
mod people;
mod privacy;
mod sessions;
mod sessions_world;
mod tokens;
mod tokens_forge;
mod world;
