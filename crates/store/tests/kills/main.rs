//! SIGKILL of a writing process, and of the database server: nothing acknowledged is lost, nothing is there twice
//! or in part.
//!
//! A child process writes with 64 clients and says what it is about to do and what was answered; its words outlive
//! it in a pipe. The parent kills it at a random moment and compares the words with the rows.

#![allow(
    clippy::print_stdout,
    reason = "a drill says how much it has tried, so that a drill of nothing is seen"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once, with the cause"
)]

#[allow(dead_code, reason = "shared with the proofs, which use all of it")]
#[path = "../it/proofs/child.rs"]
mod child;
mod drill;
mod ledger;
#[allow(dead_code, reason = "shared with the proofs, which use all of it")]
#[path = "../it/proofs/world.rs"]
mod world;
