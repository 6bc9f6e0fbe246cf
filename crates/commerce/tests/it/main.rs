//! The slices of what is ordered and paid, through the gate, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]

#[allow(dead_code, reason = "others ask more of it")]
mod kitchen;
mod more;
mod orders;
mod orders_races;
#[path = "../../../catalogue/tests/it/world.rs"]
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "others ask more of it"
)]
mod world;
