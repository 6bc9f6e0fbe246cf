//! What other slices keep of people: given out to the person, and removed when the person goes.

use std::fmt;
use std::sync::{Arc, Weak};

use base::{Result, Time};
use domain::people::PersonId;
use futures_util::future::BoxFuture;

/// Somebody who keeps something of people.
pub trait Keeps: Send + Sync {
    /// What it is called in an export.
    fn name(&self) -> &'static str;

    /// Everything that is kept of a person, as JSON; nothing of anybody else.
    fn export<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<String>>;

    /// Refuses with a conflict where a person must hand something over before it may go.
    fn may_go<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<()>>;

    /// Removes what is kept of a person. It may be said again.
    fn erase<'a>(&'a self, person: PersonId, trace: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Gives what a guest has begun to the person that it turned out to be. It may be said again; what belongs to the
    /// past stays with the guest.
    fn hand_over<'a>(&'a self, _guest: PersonId, _person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Where it is written down for good who was erased.
pub trait Erasures: Send + Sync {
    /// Writes down, durably, that a person is erased, when, and who asked for it. A second time changes nothing.
    fn write<'a>(&'a self, person: PersonId, at: Time, by: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Some of those who were erased, after this one in the order of their ids; none is the end.
    fn after(&self, after: Option<PersonId>) -> BoxFuture<'_, Result<Vec<PersonId>>>;
}

/// Asks all who keep something of people. Clones are the same.
#[derive(Clone)]
pub struct Personal {
    keepers: Arc<[Arc<dyn Keeps>]>,
    erasures: Arc<dyn Erasures>,
}

impl Personal {
    /// Asks these.
    #[must_use]
    pub fn new(keepers: Vec<Arc<dyn Keeps>>, erasures: Arc<dyn Erasures>) -> Self {
        Personal {
            keepers: keepers.into(),
            erasures,
        }
    }

    /// Everything that they keep of a person, as the texts of JSON, each under its name.
    ///
    /// # Errors
    /// A database is away.
    pub async fn export(&self, person: PersonId) -> Result<Vec<(&'static str, String)>> {
        let mut all = Vec::with_capacity(self.keepers.len());
        for keeper in self.keepers.iter() {
            all.push((keeper.name(), keeper.export(person).await?));
        }
        Ok(all)
    }

    /// Refuses with a conflict where a person must hand something over before it may go.
    ///
    /// # Errors
    /// There is something to hand over, or a database is away.
    pub async fn may_go(&self, person: PersonId) -> Result<()> {
        for keeper in self.keepers.iter() {
            keeper.may_go(person).await?;
        }
        Ok(())
    }

    /// Removes what they keep of a person. It may be said again.
    ///
    /// # Errors
    /// A database is away; it must be said again.
    pub async fn erase(&self, person: PersonId, trace: &str) -> Result<()> {
        for keeper in self.keepers.iter() {
            keeper.erase(person, trace).await?;
        }
        Ok(())
    }

    /// Who of them takes over what a guest has begun.
    #[must_use]
    pub fn heirs(&self) -> Heirs {
        Heirs(Arc::downgrade(&self.keepers))
    }

    /// The same, with others who keep something of people besides.
    #[must_use]
    pub fn and(self, more: Vec<Arc<dyn Keeps>>) -> Self {
        let keepers = self.keepers.iter().cloned().chain(more);
        Personal {
            keepers: keepers.collect(),
            erasures: self.erasures,
        }
    }

    /// Where it is written down who was erased.
    #[must_use]
    pub fn erasures(&self) -> &dyn Erasures {
        &*self.erasures
    }
}

/// Hands over what guests have begun, as long as somebody has the [`Personal`] that this is of. It does not hold those who
/// keep something of people, for they hold whoever knows people.
#[derive(Clone)]
pub struct Heirs(Weak<[Arc<dyn Keeps>]>);

impl Heirs {
    /// Gives what a guest has begun to the person that it turned out to be. It may be said again.
    ///
    /// # Errors
    /// A database is away; it may be said again.
    pub async fn hand_over(&self, guest: PersonId, person: PersonId) -> Result<()> {
        let Some(keepers) = self.0.upgrade() else {
            return Ok(());
        };
        for keeper in keepers.iter() {
            keeper.hand_over(guest, person).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Heirs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heirs")
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal")
    }
}
