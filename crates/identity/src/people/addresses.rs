//! The address book of a person.

use base::{Organisation, Result, Time, Uid};
use domain::people::{ADDRESSES_MAX, Address, AddressId, PersonId};
use futures_util::future::BoxFuture;
use rpc::KeepsAddresses;
use serde_json::{Map, json};
use slice::Ask;
use store::{Row, Value};

use super::app::{App, By, json_text, lost, read_json};
use super::profile::{PEOPLE, changed, missing, too_many};
use super::store as rows;

/// An address as its row tells it.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) id: AddressId,
    pub(crate) address: Address,
    pub(crate) version: i64,
    pub(crate) created_at: Time,
}

impl KeepsAddresses for App {
    fn find(&self, person: PersonId, id: AddressId) -> BoxFuture<'_, Result<Option<Address>>> {
        Box::pin(async move {
            let found = self.find_address(person, id).await?;
            Ok(found.map(|entered| entered.address))
        })
    }
}

impl App {
    /// All addresses of a person, the oldest first.
    pub(crate) async fn addresses(&self, person: PersonId) -> Result<Vec<Entered>> {
        let mut all = Vec::new();
        for row in self.rows(person, &rows::LIST_ADDRESSES, []).await? {
            all.extend(self.entered(person, &row).await?);
        }
        Ok(all)
    }

    /// Reads one address of a person.
    pub(crate) async fn address(&self, person: PersonId, id: AddressId) -> Result<Entered> {
        self.find_address(person, id).await?.ok_or_else(missing)
    }

    async fn find_address(&self, person: PersonId, id: AddressId) -> Result<Option<Entered>> {
        let found = self
            .rows(person, &rows::READ_ADDRESS, [id.uid().into()])
            .await?;
        match found.first() {
            Some(row) => self.entered(person, row).await,
            None => Ok(None),
        }
    }

    /// Adds an address, if there is room.
    pub(crate) async fn add_address(
        &self,
        ask: &Ask,
        person: PersonId,
        address: &Address,
    ) -> Result<Entered> {
        let db = &self.0.db;
        // What is kept under the key of the request is the id alone: the address is personal and stands nowhere open.
        let text = json_text(address)?;
        let request = self
            .0
            .sealer
            .digest("address", &text, &db.deadline())
            .await?;
        let request = base::base64::encode(&request);
        let id = ask
            .settle(db, (PEOPLE, "addresses.add"), &request, async || {
                let id = AddressId::make(&self.0.clock, &self.0.random, Organisation::PEOPLE);
                let sealed = self.seal(person, "address", &text).await?;
                let mut commit = self.bare_commit(person);
                commit.guard(&rows::MORE_ADDRESSES, [ADDRESSES_MAX.into()]);
                let payload = Map::from_iter([
                    ("person".to_owned(), json!(person)),
                    ("address".to_owned(), sealed.to_json(person.uid())),
                ]);
                let cells: [store::Cell; 4] = [
                    id.uid().into(),
                    Value::from(sealed).into(),
                    1.into(),
                    commit.at().into(),
                ];
                commit.insert(&rows::ADDRESSES, cells);
                let by = by(ask, person);
                commit.event(by.event(&commit, (id.uid(), 1), "address.added", payload));
                Ok((commit, id))
            })
            .await
            .map_err(
                |error| match refused_by(&error, rows::MORE_ADDRESSES.name) {
                    true => too_many("a person has at most 20 addresses").caused_by(error),
                    false => error,
                },
            )?;
        self.address(person, id).await
    }

    /// Changes an address, if it is still what was read.
    pub(crate) async fn change_address(
        &self,
        ask: &Ask,
        (person, id): (PersonId, AddressId),
        (seen, change): (i64, impl FnOnce(Address) -> Result<Address>),
    ) -> Result<Entered> {
        let found = self.address(person, id).await?;
        if found.version != seen {
            return Err(changed());
        }
        let address = change(found.address.clone())?;
        if address == found.address {
            return Ok(found);
        }
        let sealed = self.seal(person, "address", &json_text(&address)?).await?;
        let version = seen.saturating_add(1);
        let payload = Map::from_iter([
            ("person".to_owned(), json!(person)),
            ("address".to_owned(), sealed.to_json(person.uid())),
        ]);
        let mut commit = self.bare_commit(person);
        let params: [Value; 3] = [id.uid().into(), seen.into(), sealed.into()];
        commit.guard(&rows::CHANGE_ADDRESS, params);
        let by = by(ask, person);
        commit.event(by.event(&commit, (id.uid(), version), "address.changed", payload));
        match self.store(commit).await {
            Ok(_) => Ok(Entered {
                address,
                version,
                ..found
            }),
            Err(failure) if lost(&failure, rows::CHANGE_ADDRESS.name) => {
                Err(changed().caused_by(failure))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Removes an address.
    pub(crate) async fn remove_address(
        &self,
        ask: &Ask,
        person: PersonId,
        id: AddressId,
    ) -> Result<()> {
        let found = self.address(person, id).await?;
        let mut commit = self.bare_commit(person);
        let params: [Value; 2] = [id.uid().into(), found.version.into()];
        commit.guard(&rows::FEWER_ADDRESSES, []);
        commit.guard(&rows::REMOVE_ADDRESS, params);
        let payload = Map::from_iter([("person".to_owned(), json!(person))]);
        let version = found.version.saturating_add(1);
        let by = by(ask, person);
        commit.event(by.event(&commit, (id.uid(), version), "address.removed", payload));
        match self.store(commit).await {
            Ok(_) => Ok(()),
            Err(failure) if lost(&failure, rows::REMOVE_ADDRESS.name) => {
                Err(changed().caused_by(failure))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn entered(&self, person: PersonId, row: &Row) -> Result<Option<Entered>> {
        let sealed: Vec<u8> = row.get(1)?;
        let Some(text) = self.open(person, "address", &sealed).await? else {
            return Ok(None);
        };
        Ok(Some(Entered {
            id: row.get::<Uid>(0)?.into(),
            address: read_json(&text)?,
            version: row.get(2)?,
            created_at: row.get(3)?,
        }))
    }
}

fn by(ask: &Ask, person: PersonId) -> By<'_> {
    By {
        person,
        trace: &ask.trace,
    }
}

/// Whether an error comes from this guard.
fn refused_by(error: &base::Error, guard: &str) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<store::Failure>())
        .is_some_and(|failure| lost(failure, guard))
}
