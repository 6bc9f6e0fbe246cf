//! Guests who turn out to be somebody: who takes over from a guest finds the guest's orders among his own, may do with them
//! what the guest could, and has the guest's carts.
//!
//! Orders stay those of the guest, sealed with the guest's key. The first who takes over is the guest's heir for good, which is
//! written down before anything is handed over. An order that is placed meanwhile is noted for the guest before it is asked
//! for an heir, so either this or the hand-over sees the other; and a cart goes once its order is stored, wherever it is then.

use base::{Result, Trail as _, Uid};
use domain::people::PersonId;
use store::{Call, Class, Column, Commit, Sql, Table};
use trade::carts::CartId;
use trade::orders::{Order, OrderId};

use super::app::App;
use super::store::{self as rows, NOTE};
use crate::carts::Found;

/// How many orders are handed over at once.
const AT_ONCE: i64 = 100;
/// Ids before and after all others.
const FIRST: Uid = Uid::from_bytes([0; 16]);
const LAST: Uid = Uid::from_bytes([0xff; 16]);

/// Whom a guest turned out to be.
pub(super) static HEIRS: Table =
    Table::new("person_heirs", Class::Person, &[Column::id("heir")], 0, &[]);

/// The first heir is the heir.
pub(super) static NAME: Sql = Sql::new(
    "person_heirs.name",
    &HEIRS,
    "INSERT INTO person_heirs (person, heir) VALUES ($1, $2) ON CONFLICT (person) DO NOTHING",
);

pub(super) static READ: Sql = Sql::new(
    "person_heirs.read",
    &HEIRS,
    "SELECT heir FROM person_heirs WHERE person = $1",
);

/// The heir of somebody is forgotten, but for one whom there is not.
pub(super) static FORGET: Sql = Sql::new(
    "person_heirs.forget",
    &HEIRS,
    "DELETE FROM person_heirs WHERE person = $1 AND heir <> $2",
);

impl App {
    /// Gives what a guest has ordered and put together to the person that he turned out to be. Of several persons the first
    /// has it all. It may be said again.
    pub(crate) async fn hand_over(&self, guest: PersonId, person: PersonId) -> Result<()> {
        let mut commit = self.commit_of(guest);
        commit.change(&NAME, [person.uid().into()]);
        self.store(commit).await?;
        if self.heir(guest).await? != Some(person) {
            return Ok(());
        }
        for found in self.0.carts.all(guest).await? {
            self.hand_over_cart((guest, person), &found).await?;
        }
        let mut before = LAST;
        loop {
            let wanted = (before, AT_ONCE);
            let ids = rows::own(&self.0.db, guest, wanted).await.at()?;
            let Some(last) = ids.last() else {
                return Ok(());
            };
            before = *last;
            let mut commit = self.commit_of(person);
            for id in ids {
                commit.change(&NOTE, [id.into()]);
            }
            self.store(commit).await?;
        }
    }

    /// Gives a cart of a guest to a person, who keeps it before it is taken from the guest. Only then it is asked whether it was
    /// ordered: whoever orders it later finds it there, and whoever was faster is seen.
    async fn hand_over_cart(
        &self,
        (guest, person): (PersonId, PersonId),
        found: &Found,
    ) -> Result<()> {
        let carts = &self.0.carts;
        if !carts.adopt(person, found).await? {
            return Ok(());
        }
        let restaurant = found.body.asked.restaurant_id;
        if let Some(order) = self.of_cart(restaurant, found.id).await?
            && let Some(cart) = self.find(order).await?.held.cart
        {
            carts.ordered(person, cart).await?;
        }
        carts.remove(guest, found.id).await?;
        Ok(())
    }

    /// Whether an order is a person's: he has placed it, or the guest that he was.
    pub(super) async fn is_of(&self, order: &Order, person: PersonId) -> Result<bool> {
        match order.customer {
            Some(customer) if customer == person => Ok(true),
            Some(customer) => Ok(self.heir(customer).await? == Some(person)),
            None => Ok(false),
        }
    }

    /// Notes that a person has placed an order, and its heir if it was a guest. It may be said again.
    pub(super) async fn placed(&self, person: PersonId, order: OrderId) -> Result<()> {
        let mut owner = Some(person);
        for _ in 0..2 {
            let Some(one) = owner else { break };
            let mut commit = self.commit_of(one);
            commit.change(&NOTE, [order.uid().into()]);
            self.store(commit).await?;
            owner = self.heir(one).await?;
        }
        Ok(())
    }

    /// Removes a cart that was ordered as it stood at a version: from where a person has it, and where its heir has.
    pub(super) async fn close(&self, person: PersonId, cart: (CartId, i64)) -> Result<()> {
        self.0.carts.ordered(person, cart).await?;
        match self.heir(person).await? {
            Some(heir) => self.0.carts.ordered(heir, cart).await,
            None => Ok(()),
        }
    }

    /// Forgets which orders a person has placed, and who his heir is. It may be said again.
    pub(crate) async fn forget(&self, person: PersonId) -> Result<()> {
        let mut commit = self.commit_of(person);
        commit.change(&rows::FORGET, [FIRST.into()]);
        commit.change(&FORGET, [FIRST.into()]);
        self.store(commit).await
    }

    /// Whom a guest turned out to be; nobody where he is one still, or was none ever.
    async fn heir(&self, guest: PersonId) -> Result<Option<PersonId>> {
        let db = &self.0.db;
        let calls = vec![Call::new(&READ, [])];
        let found = db.read_person(guest.uid(), calls, &db.deadline()).await;
        let found = found.at()?;
        let heir = found.iter().flatten().next();
        Ok(heir
            .map(|row| row.get::<Uid>(0))
            .transpose()?
            .map(PersonId::from))
    }

    fn commit_of(&self, person: PersonId) -> Commit {
        Commit::of_person(&self.0.clock, &self.0.random, person.uid())
    }

    async fn store(&self, commit: Commit) -> Result<()> {
        let db = &self.0.db;
        db.commit(commit, &db.deadline()).await.at()?;
        Ok(())
    }
}
