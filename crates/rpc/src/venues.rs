//! What other slices may ask about how restaurants serve.

use std::fmt;
use std::sync::Arc;

use base::Result;
use domain::organisations::RestaurantId;
use domain::venues::Venue;
use futures_util::future::BoxFuture;

/// The service that knows how restaurants serve.
pub trait KnowsVenues: Send + Sync {
    /// How a restaurant serves: that of nobody yet for one of which nothing was said; nothing when there is none.
    fn find<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Venue>>>>;

    /// The same, past all memories.
    fn fresh<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Venue>>>>;
}

/// Asks how restaurants serve, mostly from memory. Clones are the same.
#[derive(Clone)]
pub struct Venues(Arc<dyn KnowsVenues>);

impl Venues {
    /// Asks this service.
    #[must_use]
    pub fn new(service: Arc<dyn KnowsVenues>) -> Self {
        Venues(service)
    }

    /// How a restaurant serves; the default, which serves nobody, for one of which nothing was said. Nothing when there
    /// is no such restaurant.
    ///
    /// # Errors
    /// Its database is away.
    pub async fn find(&self, id: RestaurantId) -> Result<Option<Arc<Venue>>> {
        self.0.find(id).await
    }

    /// The same, past all memories: for whoever knows that something has changed.
    ///
    /// # Errors
    /// Its database is away.
    pub async fn fresh(&self, id: RestaurantId) -> Result<Option<Arc<Venue>>> {
        self.0.fresh(id).await
    }
}

impl fmt::Debug for Venues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Venues")
    }
}
