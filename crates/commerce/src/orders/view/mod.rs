//! Orders as they are asked for and shown.

mod asked;
mod moves;
mod shown;

pub(super) use asked::{Asked, Method};
pub(super) use moves::{CancelAsked, MoveAsked, Returned};
pub(super) use shown::{OrderView, Personal};
