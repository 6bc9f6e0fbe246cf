//! The slices of the terms on which orders are taken: offers, and the capacity of kitchens.
//!
//! Both count what an order uses in the commit of that order, as parts of it with guards.

pub mod capacity;
pub mod offers;

use base::{Clock, Random};
use fabric::{Bus, Trust};
use rpc::{Restaurants, Venues};
use slice::Cursors;
use store::Db;

/// What the slices stand on.
#[derive(Clone)]
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
    /// Signs cursors.
    pub cursors: Cursors,
    /// The bus of this node, on which every committed event is heard.
    pub bus: Bus,
    /// Whether the caches of this node may be believed.
    pub trust: Trust,
    /// Who keeps the records of restaurants.
    pub restaurants: Restaurants,
    /// Who knows how restaurants serve.
    pub venues: Venues,
}
