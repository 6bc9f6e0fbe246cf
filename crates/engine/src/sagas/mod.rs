//! Sagas: work of several steps, each with its undo beside it, that is finished or undone whoever dies meanwhile.
//!
//! A saga is a row of its organisation, inserted by the commit of what begins it. A step decides, and its commit moves
//! the row on: effect and journal are stored together. The row is fenced by its `attempt`, which every move and every
//! claim counts up, so two processes that work on one saga have one effect. The id of a step, the same on every try, is
//! the idempotency key for the outside. What can neither be finished nor undone is parked, with its error and its money.
//!
//! A holder keeps its lease by renewing it; a saga whose holder died is claimed by another process within two seconds.
//! `docs/sagas.md` shows how to use it.

mod handed;
mod inspect;
mod journal;
mod keys;
mod queue;
mod run;
mod script;
pub(crate) mod store;
pub mod trial;
mod work;

pub use handed::Handed;
pub use inspect::{Shown, Standing, Which};
pub use journal::{Begun, Saga, wake};
pub use keys::{Direction, key};
pub use run::Stood;
pub use script::{At, Kind, Script, State, Turn};
pub use work::{Known, Pace, Parts, Sagas};
