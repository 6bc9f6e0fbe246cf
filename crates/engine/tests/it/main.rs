//! The engine as those who build on it see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once, with the cause"
)]

mod consumers;
mod freshness;
mod jobs;
mod relay;
mod retention;
mod saga_faults;
mod sagas;
mod tasks;
mod timers;
mod world;
