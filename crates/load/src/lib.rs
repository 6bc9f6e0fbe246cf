//! Load: clients that wait for each answer before they ask again, what they saw, and how busy the machine was.
//!
//! It knows no runtime and no database: whoever measures brings a [`Client`] and the tasks or threads to drive it
//! on. A figure is always shown beside its limit, measured in the same run; nothing here passes or fails by time.

mod busy;
mod drive;
mod figure;
mod histogram;
mod table;

pub use busy::{Busy, Watch};
pub use drive::{Answer, Client, Pace, Tally, drive};
pub use figure::{Figure, Goal, Report};
pub use histogram::Histogram;
pub use table::Table;
