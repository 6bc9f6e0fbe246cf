//! Worlds for tests and benches: real servers of our own, and faults between them and us.
//!
//! Everything here starts on a free loopback port in a folder of its own, never as root, and is gone
//! when the test process is gone, however that ended. Nothing here is ever linked into the binary,
//! and nothing here expects a service to be running already.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test world that cannot be built must fail its test at once, with the cause"
)]

mod folder;
pub mod ids;
pub mod moto;
pub mod paypal;
pub mod pgbouncer;
pub mod postgres;
pub mod programs;
pub mod provider;
pub mod proxy;
pub mod serve;
pub mod trial;
mod watchdog;
