//! The feed and webhooks, through the gate, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail wherever it likes"
)]

mod feed;
mod hooks;
mod kinds;
mod more;
mod receiver;
mod work;
#[path = "../../../catalogue/tests/it/world.rs"]
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "others ask more of it"
)]
mod world;
