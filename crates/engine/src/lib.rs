//! What works without being asked: supervised tasks, the relay of the log, consumers, timers, retention.
//!
//! Everything here may run on several nodes at once and be killed at any moment. Leases only save work; what makes
//! an effect happen once is a claim or a guard in the commit that stores it. `docs/engine.md` shows how to use it.

pub mod aside;
mod backoff;
mod consumer;
mod engine;
mod follow;
mod freshness;
mod handle;
mod held;
pub mod jobs;
mod keep;
mod letters;
mod part;
mod relay;
pub mod sagas;
mod stepwise;
mod stop;
mod tail;
mod tasks;
mod timers;
pub mod waiting;

pub use consumer::Consumer;
pub use engine::{Engine, PEOPLE, Parts, Settings};
pub use follow::{Remembers, follow};
pub use freshness::Freshness;
pub use handle::Handled;
pub use jobs::{Doing, Job, JobHandler, JobSettings, Priority, Worked};
pub use keep::{Keep, Removed};
pub use letters::{DeadLetter, Retried};
pub use part::PART;
pub use relay::event_id;
pub use stepwise::Claimed;
pub use stop::Stop;
pub use tasks::{TaskState, Tasks};
pub use timers::{Due, Parked, Timer, TimerHandler};
