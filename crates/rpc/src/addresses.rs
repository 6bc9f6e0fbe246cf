//! What other slices may ask of the address book of a person.

use std::fmt;
use std::sync::Arc;

use base::Result;
use domain::people::{Address, AddressId, PersonId};
use futures_util::future::BoxFuture;

/// The service that keeps address books.
pub trait KeepsAddresses: Send + Sync {
    /// An address of a person; nothing where he has no such address.
    fn find(&self, person: PersonId, id: AddressId) -> BoxFuture<'_, Result<Option<Address>>>;
}

/// Asks whoever keeps address books; without one they are all empty. Clones are the same.
#[derive(Clone, Default)]
pub struct Addresses(Option<Arc<dyn KeepsAddresses>>);

impl Addresses {
    /// Asks this service.
    #[must_use]
    pub fn new(service: Arc<dyn KeepsAddresses>) -> Self {
        Addresses(Some(service))
    }

    /// An address of a person; nothing where he has no such address.
    ///
    /// # Errors
    /// The people database is away.
    pub async fn find(&self, person: PersonId, id: AddressId) -> Result<Option<Address>> {
        match &self.0 {
            Some(service) => service.find(person, id).await,
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Addresses")
    }
}
