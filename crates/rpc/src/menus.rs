//! What other slices may ask about menus: what a restaurant sells now, and what of it can be searched for.

use std::fmt;
use std::sync::Arc;

use base::Result;
use carte::{Availability, ItemId, Menu, RevisionNumber, Words};
use domain::organisations::RestaurantId;
use futures_util::future::BoxFuture;

/// What a restaurant sells now.
#[derive(Clone, Debug)]
pub struct Current {
    /// The number of the revision, of the restaurant's own menu or of its brand's.
    pub revision: RevisionNumber,
    /// The menu as this restaurant sells it: what it hides is not there, its own prices are.
    pub menu: Arc<Menu>,
    /// What has run out, or is counted.
    pub availability: Arc<Availability>,
}

/// What of a menu can be searched for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Indexed {
    /// The number of the revision.
    pub revision: RevisionNumber,
    /// What its categories are called.
    pub categories: Vec<Words>,
    /// What its items are called, but those that the restaurant does not sell.
    pub items: Vec<(ItemId, Words)>,
}

/// The service that knows menus.
pub trait Sells: Send + Sync {
    /// What a restaurant sells now; nothing where no menu is published for it.
    fn current(&self, restaurant: RestaurantId) -> BoxFuture<'_, Result<Option<Arc<Current>>>>;

    /// The same from the database, for whoever was told that what he remembered is not so any more.
    fn fresh(&self, restaurant: RestaurantId) -> BoxFuture<'_, Result<Option<Arc<Current>>>>;

    /// What of its menu can be searched for, from the database and from no memory.
    fn words(&self, restaurant: RestaurantId) -> BoxFuture<'_, Result<Option<Indexed>>>;
}

/// Asks about menus. Clones are the same.
#[derive(Clone)]
pub struct Menus(Arc<dyn Sells>);

impl Menus {
    /// Asks this service.
    #[must_use]
    pub fn new(service: Arc<dyn Sells>) -> Self {
        Menus(service)
    }

    /// What a restaurant sells now; nothing where no menu is published for it. It may be remembered by this node, and
    /// is dropped by the events of menus.
    ///
    /// # Errors
    /// The database is away.
    pub async fn current(&self, restaurant: RestaurantId) -> Result<Option<Arc<Current>>> {
        self.0.current(restaurant).await
    }

    /// The same from the database, for whoever was told that what he remembered is not so any more.
    ///
    /// # Errors
    /// The database is away.
    pub async fn fresh(&self, restaurant: RestaurantId) -> Result<Option<Arc<Current>>> {
        self.0.fresh(restaurant).await
    }

    /// What of its menu can be searched for, from the database and from no memory.
    ///
    /// # Errors
    /// The database is away.
    pub async fn words(&self, restaurant: RestaurantId) -> Result<Option<Indexed>> {
        self.0.words(restaurant).await
    }
}

impl fmt::Debug for Menus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Menus")
    }
}
