//! The slices that sell, through the gate, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]

#[path = "../../../domain/tests/fuzz/menus.rs"]
#[allow(dead_code, reason = "others draw more from it")]
mod chance;
mod drafts;
mod ground;
mod large;
mod more;
mod pictures;
mod pictures_corpus;
mod public;
mod public_since;
mod publishing;
mod quote;
mod stock;
mod transfer;
mod venues;
mod venues_standing;
mod world;
