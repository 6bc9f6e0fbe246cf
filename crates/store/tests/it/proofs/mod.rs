//! Proofs that a wrong design of the store would fail: cut connections, races of processes, poolers, policies.

mod cuts;
mod refusals;
mod silence;
mod world;
