//! Proofs that a wrong design of the store would fail: cut connections, races of processes, poolers, policies.

mod bouncer;
mod child;
mod cuts;
mod deadlocks;
mod races;
mod refusals;
mod silence;
mod world;
