//! Who keeps places in the slots of kitchens: what a quote has held for whoever asked for it, until he orders.

use std::fmt;
use std::sync::Arc;

use base::{Result, Time, Uid};
use carte::{Channel, Service};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use futures_util::future::BoxFuture;

/// What is to be made of one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dish {
    /// How long one of it takes, where the menu says so.
    pub minutes: Option<u16>,
    /// How many of it.
    pub quantity: u32,
}

/// A place that somebody would like to have held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlaceWanted {
    /// For whom.
    pub person: PersonId,
    /// At which restaurant.
    pub restaurant: RestaurantId,
    /// How the order is to reach the diner.
    pub service: Service,
    /// By which channel it would come.
    pub channel: Channel,
    /// When it is asked.
    pub now: Time,
    /// When the order is wanted; as soon as possible when nothing is said.
    pub wanted_at: Option<Time>,
    /// What is to be made.
    pub dishes: Vec<Dish>,
    /// What the items cost, in minor units.
    pub items_minor: i64,
}

/// What comes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlaceHeld {
    /// Nothing is limited then, so nothing is held.
    Unlimited,
    /// It is held.
    Until {
        /// Under which id an order uses it.
        hold: Uid,
        /// Until when.
        until: Time,
    },
    /// There is no place.
    Refused {
        /// Why, for programs.
        code: &'static str,
        /// The same for people.
        words: String,
    },
}

/// Whoever counts what kitchens take on.
pub trait HoldsPlaces: Send + Sync {
    /// Holds a place for a few minutes, instead of any that is held for the same person at the same restaurant.
    fn hold(&self, wanted: PlaceWanted) -> BoxFuture<'_, Result<PlaceHeld>>;
}

/// Asks whoever holds places; without one nothing is limited. Clones are the same.
#[derive(Clone, Default)]
pub struct Places(Option<Arc<dyn HoldsPlaces>>);

impl Places {
    /// Asks this service.
    #[must_use]
    pub fn new(service: Arc<dyn HoldsPlaces>) -> Self {
        Places(Some(service))
    }

    /// Holds a place.
    ///
    /// # Errors
    /// It is asked for too often, or whoever holds places cannot say.
    pub async fn hold(&self, wanted: PlaceWanted) -> Result<PlaceHeld> {
        match &self.0 {
            Some(service) => service.hold(wanted).await,
            None => Ok(PlaceHeld::Unlimited),
        }
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Places")
    }
}
