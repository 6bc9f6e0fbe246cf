//! What the platform knows of a person, for the person alone; and forgetting it.

use base::{Error, Result, Time, codes};
use domain::people::PersonId;
use futures_util::future::BoxFuture;
use rpc::Known;
use serde_json::{Value as Json, json};
use store::{Call, Failure, Value};

use super::app::{App, By, State};
use super::codes::Codes;
use super::store as rows;
use super::view::{AddressView, ContactView};

/// How often a change is tried again that another one outran.
const TRIES: usize = 5;

/// Who asked for an erasure, or for a change of state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// His id: it is written into the event.
    pub(crate) actor: &'a str,
    /// The trace of his request.
    pub(crate) trace: &'a str,
    /// Why, where it was not the person itself.
    pub(crate) reason: Option<&'a str>,
}

impl App {
    /// Everything of this slice about a person, for the person to take along.
    ///
    /// # Errors
    /// A database is away.
    pub async fn export(&self, person: PersonId) -> Result<Json> {
        let Some(found) = self.find(person).await? else {
            return Ok(Json::Null);
        };
        let contacts = self.contacts(person).await?;
        let contacts: Vec<ContactView> = contacts.iter().map(ContactView::from).collect();
        let addresses = self.addresses(person).await?;
        let addresses: Vec<AddressView> = addresses.iter().map(AddressView::from).collect();
        let profile = &found.profile;
        Ok(json!({
            "id": person,
            "state": found.state.name(),
            "firstName": profile.first_name,
            "lastName": profile.last_name,
            "profileImageUrl": profile.picture,
            "locale": profile.locale,
            "city": profile.city,
            "version": found.version,
            "createdAt": found.created_at,
            "contacts": contacts,
            "addresses": addresses,
        }))
    }

    /// Forgets a person: its contacts, addresses and codes go, what is sealed in the log can never be read again, and
    /// the row stays as a mark that somebody was there. Erasing again is right, and finishes what was interrupted.
    ///
    /// # Errors
    /// A database is away; it must be tried again then.
    pub async fn erase(&self, person: PersonId, codes: &Codes) -> Result<()> {
        self.erase_for(person, codes, None).await
    }

    /// The same, with who asked for it in the event.
    pub(crate) async fn erase_for(
        &self,
        person: PersonId,
        codes: &Codes,
        asked: Option<&Asked<'_>>,
    ) -> Result<()> {
        if let Some(found) = self.find(person).await? {
            let contacts = self.contacts(person).await?;
            // Contacts are opened before anything goes, for their codes are found by them.
            for reached in &contacts {
                codes.end_of(&reached.contact).await?;
            }
            let trace = asked.map_or("", |asked| asked.trace);
            let by = By { person, trace };
            let mut commit = self.bare_commit(person);
            commit.guard(&rows::ERASE_PERSON, [found.version.into()]);
            commit.change(&rows::REMOVE_CONTACTS, [vec![0_u8; 32].into()]);
            let none = base::Uid::from_bytes([0; 16]);
            commit.change(&rows::REMOVE_ADDRESSES, [none.into()]);
            let version = found.version.saturating_add(1);
            let reason = asked.and_then(|asked| asked.reason);
            let payload = reason.map(|reason| ("reason".to_owned(), json!(reason)));
            let mut event = by.event(
                &commit,
                (person.uid(), version),
                "person.erased",
                payload.into_iter().collect(),
            );
            if let Some(asked) = asked {
                asked.actor.clone_into(&mut event.actor);
            }
            commit.event(event);
            self.store(commit).await?;
        }
        self.destroy_key(person).await
    }

    /// Lets a person do nothing any more, or everything again; whoever is gone stays gone. It may be said again.
    ///
    /// # Errors
    /// A database is away, or there is no such person.
    pub(crate) async fn change_state(
        &self,
        person: PersonId,
        state: State,
        asked: &Asked<'_>,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let found = self.find(person).await?;
            let found =
                found.ok_or_else(|| Error::missing(codes::NOT_FOUND, "there is no such person"))?;
            if found.state == state {
                return Ok(());
            }
            let by = By {
                person,
                trace: asked.trace,
            };
            let mut commit = self.bare_commit(person);
            let params: [Value; 2] = [found.version.into(), state.name().into()];
            commit.guard(&rows::SET_STATE, params);
            let at = (person.uid(), found.version.saturating_add(1));
            let reason = asked
                .reason
                .map(|reason| ("reason".to_owned(), json!(reason)));
            let kind = match state {
                State::Active => "person.enabled",
                State::Disabled | State::Erased => "person.disabled",
            };
            let mut event = by.event(&commit, at, kind, reason.into_iter().collect());
            asked.actor.clone_into(&mut event.actor);
            commit.event(event);
            match self.store(commit).await {
                Err(Failure::Refused { .. }) => {}
                stored => return stored.map(|_| ()).map_err(Error::from),
            }
        }
        Err(Error::conflict(
            codes::VERSION_CHANGED,
            "the person is changing all the time",
        ))
    }

    /// Makes all that is sealed of a person unreadable for ever.
    pub(crate) async fn destroy_key(&self, person: PersonId) -> Result<()> {
        let db = &self.0.db;
        self.0.sealer.erase(person.uid(), &db.deadline()).await?;
        Ok(())
    }

    /// Gets the keys of many people at once, before each of them is asked for.
    pub(crate) async fn prepare(&self, people: &[PersonId]) -> Result<()> {
        let uids: Vec<_> = people.iter().map(|person| person.uid()).collect();
        let db = &self.0.db;
        Ok(self.0.sealer.prepare(&uids, &db.deadline()).await?)
    }

    /// Whether nothing of a person can be read any more. Only to be asked about who is to be gone: one who never had a
    /// key gets one, which is to be destroyed then.
    pub(crate) async fn is_gone(&self, person: PersonId) -> Result<bool> {
        let deadline = self.0.db.deadline();
        let tried = self.0.sealer.seal(person.uid(), "gone", "", &deadline);
        match tried.await {
            // Nothing is sealed for the erased.
            Err(Failure::Refused { .. }) => Ok(!self.is_there(person).await?),
            Ok(_) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn names_of(&self, people: &[PersonId]) -> Result<Vec<Option<String>>> {
        let db = &self.0.db;
        let uids: Vec<_> = people.iter().map(|person| person.uid()).collect();
        self.0.sealer.prepare(&uids, &db.deadline()).await?;
        let mut names = Vec::with_capacity(people.len());
        for person in people {
            let found = self.find(*person).await?;
            names.push(found.and_then(|found| found.profile.name()));
        }
        Ok(names)
    }
}

impl Known for App {
    fn names<'a>(&'a self, people: &'a [PersonId]) -> BoxFuture<'a, Result<Vec<Option<String>>>> {
        Box::pin(self.names_of(people))
    }
}

impl Codes {
    /// Removes codes that are long over; answers how many.
    ///
    /// # Errors
    /// The people database is away.
    pub async fn clear(&self, rows_max: i64, before: Time) -> Result<u64> {
        let db = self.db();
        let call = Call::new(&rows::CLEAR_CODES, [before.into(), rows_max.into()]);
        let answers = db.people().transact(vec![call], &db.deadline()).await?;
        Ok(answers.iter().map(|answer| answer.touched).sum())
    }
}
