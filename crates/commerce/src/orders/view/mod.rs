//! Orders as they are asked for and shown.

mod asked;
mod moves;
mod shown;

pub(super) use asked::Asked;
pub(super) use moves::{CancelAsked, MoveAsked};
pub(super) use shown::{OrderView, Personal};
