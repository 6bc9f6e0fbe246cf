//! What people do with what is known of them: read and change the profile, add and remove contacts.

use base::{Error, Organisation, Result, Time, Trail, Uid, codes};
use domain::people::{CONTACTS_MAX, Contact, ContactId, ContactKind, PersonId, Profile};
use serde_json::{Map, json};
use slice::Ask;
use store::{Row, Value};

use super::app::{App, By, Person, Proof, closed, json_text, lost};
use super::store as rows;

/// A contact of a person.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) id: ContactId,
    pub(crate) contact: Contact,
    pub(crate) verified_at: Time,
    pub(crate) created_at: Time,
    digest: Vec<u8>,
}

impl App {
    /// Reads a person who asks for itself.
    pub(crate) async fn person(&self, person: PersonId) -> Result<Person> {
        self.find(person).await?.ok_or_else(missing)
    }

    /// The contacts of a person, the oldest first.
    pub(crate) async fn contacts(&self, person: PersonId) -> Result<Vec<Reached>> {
        let mut all = Vec::new();
        for row in self.rows(person, &rows::LIST_CONTACTS, []).await? {
            all.extend(self.reached(person, &row).await?);
        }
        Ok(all)
    }

    /// Changes what a person says of itself, if it is still what was read.
    pub(crate) async fn change_profile(
        &self,
        ask: &Ask,
        person: PersonId,
        (seen, change): (i64, impl FnOnce(Profile) -> Result<Profile>),
    ) -> Result<Person> {
        let found = self.person(person).await?;
        if found.version != seen {
            return Err(changed());
        }
        let profile = change(found.profile.clone())?;
        if profile == found.profile {
            return Ok(found);
        }
        let sealed = self.seal(person, "profile", &json_text(&profile)?).await?;
        let by = By {
            person,
            trace: &ask.trace,
        };
        let payload = Map::from_iter([("profile".to_owned(), sealed.to_json(person.uid()))]);
        let version = seen.saturating_add(1);
        let mut commit = self.bare_commit(person);
        let params: [Value; 2] = [seen.into(), sealed.into()];
        commit.guard(&rows::SET_PROFILE, params);
        commit.event(by.event(&commit, (person.uid(), version), "person.changed", payload));
        match self.store(commit).await {
            Ok(_) => Ok(Person {
                version,
                profile,
                ..found
            }),
            Err(failure) if lost(&failure, rows::SET_PROFILE.name) => {
                Err(changed().caused_by(failure))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Adds a contact that was proven just now. One that is the person's already stays as it is.
    pub(crate) async fn add_contact(
        &self,
        person: PersonId,
        contact: &Contact,
        trace: &str,
    ) -> Result<Reached> {
        match self.person_of_contact(contact).await? {
            Some(owner) if owner == person => return self.known_contact(person, contact).await,
            Some(_) => return Err(taken()),
            None => {}
        }
        let mut commit = self.bare_commit(person);
        commit.guard(&rows::MORE_CONTACTS, [CONTACTS_MAX.into()]);
        let id = self
            .add_contact_row(&mut commit, By { person, trace }, (contact, Proof::Given))
            .await?;
        let at = commit.at();
        match self.store(commit).await {
            Ok(_) => Ok(Reached {
                id,
                contact: contact.clone(),
                verified_at: at,
                created_at: at,
                digest: Vec::new(),
            }),
            Err(failure) if lost(&failure, rows::MORE_CONTACTS.name) => {
                Err(too_many("a person has at most 10 contacts").caused_by(failure))
            }
            Err(failure) if lost(&failure, rows::CONTACTS.name) => Err(taken().caused_by(failure)),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Removes a contact, unless it is the last: without one nobody can sign in again.
    pub(crate) async fn remove_contact(
        &self,
        ask: &Ask,
        person: PersonId,
        id: ContactId,
    ) -> Result<()> {
        let all = self.contacts(person).await?;
        let found = all.into_iter().find(|reached| reached.id == id);
        let found = found.ok_or_else(missing)?;
        let by = By {
            person,
            trace: &ask.trace,
        };
        let mut commit = self.bare_commit(person);
        commit.guard(&rows::FEWER_CONTACTS, []);
        commit.guard(&rows::REMOVE_CONTACT, [found.digest.into()]);
        let payload = Map::from_iter([("person".to_owned(), json!(person))]);
        commit.event(by.event(&commit, (id.uid(), 2), "contact.removed", payload));
        match self.store(commit).await {
            Ok(_) => Ok(()),
            Err(failure) if lost(&failure, rows::FEWER_CONTACTS.name) => Err(Error::conflict(
                codes::LAST_ONE,
                "the last contact stays: without one nobody could sign in again",
            )
            .caused_by(failure)),
            Err(failure) if lost(&failure, rows::REMOVE_CONTACT.name) => {
                Err(missing().caused_by(failure))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn known_contact(&self, person: PersonId, contact: &Contact) -> Result<Reached> {
        let all = self.contacts(person).await?;
        let same = |reached: &Reached| reached.contact.compared() == contact.compared();
        let mut found = all.into_iter().find(same).ok_or_else(missing)?;
        let mut commit = self.commit_of(person);
        let (digest, at) = (found.digest.clone(), commit.at());
        commit.change(&rows::VERIFY_CONTACT, [digest.into(), at.into()]);
        self.store(commit).await.map_err(closed)?;
        if found.verified_at == Time::EPOCH {
            found.verified_at = at;
        }
        Ok(found)
    }

    async fn reached(&self, person: PersonId, row: &Row) -> Result<Option<Reached>> {
        let (kind, sealed): (String, Vec<u8>) = (row.get(1)?, row.get(2)?);
        let Some(text) = self.open(person, "contact", &sealed).await? else {
            return Ok(None);
        };
        let damaged = |error| {
            Error::internal(codes::DAMAGED, "a contact is not as it was written").caused_by(error)
        };
        let kind: ContactKind = kind.parse().map_err(damaged)?;
        Ok(Some(Reached {
            id: row.get::<Uid>(0)?.into(),
            contact: Contact::parse(kind, &text).map_err(damaged)?,
            verified_at: row.get(3).at()?,
            created_at: row.get(4).at()?,
            digest: row.get(5).at()?,
        }))
    }
}

/// The key under which a change of a person happens once.
pub(super) const PEOPLE: Organisation = Organisation::PEOPLE;

#[track_caller]
pub(super) fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

#[track_caller]
pub(super) fn changed() -> Error {
    Error::conflict(codes::VERSION_CHANGED, "it was changed since it was read")
}

#[track_caller]
pub(super) fn too_many(said: &'static str) -> Error {
    Error::conflict(codes::TOO_MANY, said)
}

#[track_caller]
fn taken() -> Error {
    Error::conflict(
        codes::CONTACT_TAKEN,
        "this contact belongs to another person; sign in with it instead",
    )
}
