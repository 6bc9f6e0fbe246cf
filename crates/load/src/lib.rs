//! Load: clients that ask again when they were answered, or when it is time to; what they saw; how busy the machine was.
//!
//! It knows no database: whoever measures brings a [`Client`], and for closed loops also the tasks or threads to drive it
//! on. [`orders`] are clients that the binary has, too, and [`mod@bench`] is what all benches begin and end with. A figure is
//! always shown beside its limit, measured in the same run; nothing here passes or fails by time.

pub mod bench;
mod busy;
mod drive;
mod figure;
mod histogram;
mod open;
pub mod orders;
mod table;

pub use busy::{Busy, Watch};
pub use drive::{Answer, Client, Pace, Tally, drive};
pub use figure::{Figure, Goal, Report};
pub use histogram::Histogram;
pub use open::{Plan, Schedule, Spacing, asking, drive_open, open_loop};
pub use table::Table;
