//! Regions for simulations: copies of one, and the same one again for the process that follows one that has ended.

use std::sync::Arc;

use base::{Clock, Random};

use super::{Db, Inner};
use crate::database::Database;
use crate::directory::Directory;
use crate::failure::Outcome;
use crate::gate::Gate;

impl Db {
    /// A copy of a region whose databases are all inline, with a life of its own.
    ///
    /// # Errors
    /// A database is not inline.
    pub fn copy(&self, clock: &Clock, random: &Random) -> Outcome<Db> {
        self.made((clock, random), Database::copy)
    }

    /// The same databases in the hands of a process that remembers nothing, and whose calls pass this gate.
    ///
    /// # Errors
    /// A database is away.
    pub async fn again(&self, gate: Option<Gate>) -> Outcome<Db> {
        let parts = (&self.0.clock, &self.0.random);
        let db = self.made(parts, |database| Ok(database.gated(gate.clone())))?;
        let directory = self.control();
        db.directory().refresh(directory, &db.deadline()).await?;
        Ok(db)
    }

    fn made(
        &self,
        (clock, random): (&Clock, &Random),
        make: impl Fn(&Database) -> Outcome<Database>,
    ) -> Outcome<Db> {
        let from = &self.0;
        let shards = from.shards.iter();
        let shards = shards.map(|(name, database)| Ok((name.clone(), make(database)?)));
        Ok(Db(Arc::new(Inner {
            region: from.region.clone(),
            clock: clock.clone(),
            random: random.clone(),
            control: make(&from.control)?,
            people: make(&from.people)?,
            audit: make(&from.audit)?,
            keys: make(&from.keys)?,
            shards: shards.collect::<Outcome<_>>()?,
            directory: Directory::with_copy(None)?,
            within: from.within,
            in_flight: crate::idempotency::InFlight::default(),
            looks: crate::look::Looks::default(),
        })))
    }
}
