//! The store as its callers see it, on every engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once, with the cause"
)]

mod contract;
mod proofs;
mod world;
