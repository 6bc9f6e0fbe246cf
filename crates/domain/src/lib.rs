//! What the platform decides, as pure functions: state and command in, events or a refusal out.
//!
//! No async, no database, no clock, no chance: time and random values are arguments. One module a noun.

pub mod access;
pub mod audit;
pub mod organisations;
pub mod people;
pub mod pricing;
pub mod venues;
