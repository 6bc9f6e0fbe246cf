//! What the outside reads of the log, and is told of it: the feed of events, and webhooks.
//!
//! Both show the same events in the same form (`shown`), those of the kinds in one table (`kinds`), without anything that
//! is said of people. Operators see here what could not be done of it, or of anything else (`work`).

mod events;
mod hooks;
pub mod kinds;
mod shown;
mod whole;
mod work;

use store::Part;

pub use hooks::{DeliveryId, HookId, Neighbours, OfTheSystem, Patience, Resolve, Wire};
pub use whole::{Feeds, Parts};

/// What the slices bring to every shard, a part each.
pub static SHARDS: &[&Part] = &[&hooks::store::SHARD];
