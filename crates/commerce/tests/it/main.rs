//! The slices that sell, through the gate, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]

mod ground;
mod pictures;
mod pictures_corpus;
mod venues;
mod venues_standing;
mod world;
