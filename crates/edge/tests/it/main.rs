//! The edge, from outside: what it answers in process, and what its server does on real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once, with the cause"
)]

mod access;
mod admission;
mod context;
mod cookies;
mod csrf;
mod document;
mod framing;
mod gate;
mod hall;
mod health;
mod origin;
mod packed;
mod problems;
mod rates;
mod registry;
mod server;
mod server_floods;
mod server_slow;
mod server_trial;
mod trial;
