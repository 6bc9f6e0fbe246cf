//! The crate as its users see it: tables of examples and properties, a module for each noun.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say so at once"
)]

mod allocation;
mod clock;
mod currency;
mod cursors;
mod errors;
mod ids;
mod money;
mod organisations;
mod pages;
mod random;
mod ratios;
mod time;
