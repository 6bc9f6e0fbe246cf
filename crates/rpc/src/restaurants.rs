//! What other slices may ask about restaurants.

use std::fmt;
use std::sync::Arc;

use base::Result;
use domain::organisations::{BrandId, Restaurant, RestaurantId};
use futures_util::future::BoxFuture;

/// The service that keeps the records of restaurants.
pub trait KeepsRestaurants: Send + Sync {
    /// The record of a restaurant; nothing when there is none under that very id.
    fn find<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Restaurant>>>>;

    /// The same, past all memories: for whoever knows that something has changed.
    fn fresh<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Restaurant>>>>;

    /// The restaurants of a brand, in the order of their ids; none for a brand that is not there.
    fn of_brand<'a>(&'a self, brand: BrandId) -> BoxFuture<'a, Result<Arc<[RestaurantId]>>>;

    /// The same, past all memories.
    fn fresh_of_brand<'a>(&'a self, brand: BrandId) -> BoxFuture<'a, Result<Arc<[RestaurantId]>>>;
}

/// Asks about restaurants, mostly from memory. Clones are the same.
#[derive(Clone)]
pub struct Restaurants(Arc<dyn KeepsRestaurants>);

impl Restaurants {
    /// Asks this service.
    #[must_use]
    pub fn new(service: Arc<dyn KeepsRestaurants>) -> Self {
        Restaurants(service)
    }

    /// The record of a restaurant; nothing when there is none under that very id.
    ///
    /// # Errors
    /// Its database is away.
    pub async fn find(&self, id: RestaurantId) -> Result<Option<Arc<Restaurant>>> {
        self.0.find(id).await
    }

    /// The restaurants of a brand, in the order of their ids; none for a brand that is not there.
    ///
    /// # Errors
    /// Its database is away.
    pub async fn of_brand(&self, brand: BrandId) -> Result<Arc<[RestaurantId]>> {
        self.0.of_brand(brand).await
    }

    /// The record of a restaurant past all memories: for whoever knows that something has changed.
    ///
    /// # Errors
    /// Its database is away.
    pub async fn fresh(&self, id: RestaurantId) -> Result<Option<Arc<Restaurant>>> {
        self.0.fresh(id).await
    }

    /// The restaurants of a brand past all memories.
    ///
    /// # Errors
    /// Its database is away.
    pub async fn fresh_of_brand(&self, brand: BrandId) -> Result<Arc<[RestaurantId]>> {
        self.0.fresh_of_brand(brand).await
    }
}

impl fmt::Debug for Restaurants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Restaurants")
    }
}
