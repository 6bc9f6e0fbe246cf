//! What the nodes of a region share and may lose at any time: bus, cache, limits; and the place of blobs.
//!
//! All but blobs may forget everything; the commit is the only truth. Memory stands behind each part now;
//! callers see one type each, so that a shared engine can be put behind it without their noticing.

pub mod blobs;
pub mod bus;
pub mod cache;
pub mod limits;

pub use blobs::Blobs;
pub use bus::{Bus, Message, Pattern, Received, Room, Subscription};
pub use cache::{Cache, Held, Hint, Loaded, Trust};
pub use limits::{Limits, Policy, Taken};
