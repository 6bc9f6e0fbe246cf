//! What the outside reads of the log, and is told of it: the feed of events, and webhooks.
//!
//! Both show the same events in the same form (`shown`), those of the kinds in one table (`kinds`), without anything that
//! is said of people.

mod events;
pub mod kinds;
mod shown;
mod whole;

pub use whole::{Feeds, Parts};
