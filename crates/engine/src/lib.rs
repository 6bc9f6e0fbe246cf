//! What works without being asked: supervised tasks, the relay of the log, consumers, timers, retention.
//!
//! Everything here may run on several nodes at once and be killed at any moment. Leases only save work; what makes
//! an effect happen once is a claim or a guard in the commit that stores it. `docs/engine.md` shows how to use it.

mod backoff;
mod stop;
mod tasks;

pub use stop::Stop;
pub use tasks::{TaskState, Tasks};
