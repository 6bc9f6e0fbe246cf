//! Proofs that a wrong design of the store would fail: cut connections, races of processes, poolers, policies.

#![allow(
    clippy::print_stdout,
    reason = "a proof says how much it has tried, so that a proof of nothing is seen"
)]

mod bases;
mod bouncer;
mod child;
mod cuts;
mod damage;
mod deadlocks;
mod encrypted;
mod mutant;
mod parsed;
mod policies;
mod races;
mod refusals;
mod registry;
mod schemas;
mod scopes;
mod silence;
mod starts;
mod unfiltered;
mod world;
