//! What other slices may ask about people.

use std::fmt;
use std::sync::Arc;

use base::Result;
use domain::people::PersonId;
use futures_util::future::BoxFuture;

/// The service that knows people.
pub trait Known: Send + Sync {
    /// The names of these people, in the same order; nothing for who is unknown, nameless or erased.
    fn names<'a>(&'a self, people: &'a [PersonId]) -> BoxFuture<'a, Result<Vec<Option<String>>>>;
}

/// Asks about people. Clones are the same.
#[derive(Clone)]
pub struct People(Arc<dyn Known>);

impl People {
    /// Asks this service.
    #[must_use]
    pub fn new(service: Arc<dyn Known>) -> Self {
        People(service)
    }

    /// The names of these people, in the same order; nothing for who is unknown, nameless or erased.
    ///
    /// # Errors
    /// The people database is away.
    pub async fn names(&self, people: &[PersonId]) -> Result<Vec<Option<String>>> {
        self.0.names(people).await
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("People")
    }
}
