//! The slices of the terms on which orders are taken: offers, and the capacity of kitchens.
//!
//! Both count what an order uses in the commit of that order, as parts of it with guards; a place that is held before in a
//! commit of its own.

pub mod capacity;
pub mod offers;

use base::{Clock, Random};
use fabric::{Bus, Limits, Trust};
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
    /// Counts how often people ask for what others then cannot have.
    pub limits: Limits,
    /// Who keeps the records of restaurants.
    pub restaurants: Restaurants,
    /// Who knows how restaurants serve.
    pub venues: Venues,
}
