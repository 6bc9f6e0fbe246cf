//! Who somebody is: finding the person of a contact, making one, and letting it in.

use std::sync::{Arc, OnceLock};

use base::{Clock, Error, Organisation, Random, Result, Time, Trail, Uid, codes};
use domain::people::{Contact, ContactId, PersonId, Profile};
use rpc::Heirs;
use serde_json::{Map, Value as Json, json};
use store::{Call, Commit, Committed, Db, Event, Failure, Opened, Row, Sealer, Sql, Value};

use super::store as rows;

/// How often somebody tries to come in who always finds that another was faster.
pub const ENTRIES_MAX: usize = 3;

/// The use cases of people. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) random: Random,
    /// Who else keeps something of people, once that is known.
    heirs: OnceLock<Heirs>,
}

/// Whether a contact has been shown to be the person's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// A code was answered, or a provider vouches for it.
    Given,
    /// It was only said; whoever proves it later is this person.
    Missing,
}

/// Somebody who comes in.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// By which contact, if by any, and whether it is proven.
    pub contact: Option<(&'a Contact, Proof)>,
    /// What is said of the person, should it be new.
    pub profile: &'a Profile,
    /// The trace that the events belong to, or empty.
    pub trace: &'a str,
}

/// A person who is let in, and the commit that does it: whatever else belongs to it is added before it is stored.
#[derive(Debug)]
pub struct Entry {
    /// Who.
    pub person: PersonId,
    /// Whether the commit makes the person.
    pub is_new: bool,
    /// What lets the person in.
    pub commit: Commit,
}

impl Entry {
    fn of(person: PersonId, commit: Commit) -> Self {
        Entry {
            person,
            is_new: false,
            commit,
        }
    }
}

/// A person as its row tells it.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) version: i64,
    pub(crate) state: State,
    pub(crate) profile: Profile,
    pub(crate) contacts: i64,
    pub(crate) created_at: Time,
}

/// How a person stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Active,
    Disabled,
    Erased,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Disabled => "disabled",
            State::Erased => "erased",
        }
    }

    fn read(text: &str) -> Result<Self> {
        let all = [State::Active, State::Disabled, State::Erased];
        let found = all.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| Error::internal(codes::DAMAGED, "a person is in no known state"))
    }
}

impl App {
    /// The use cases over these databases.
    #[must_use]
    pub fn new(db: &Db, sealer: &Sealer, (clock, random): (&Clock, &Random)) -> Self {
        App(Arc::new(Inner {
            db: db.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            random: random.clone(),
            heirs: OnceLock::new(),
        }))
    }

    /// The person who has this contact.
    ///
    /// # Errors
    /// A database is away.
    pub async fn person_of_contact(&self, contact: &Contact) -> Result<Option<PersonId>> {
        let db = &self.0.db;
        let digest = self.digest(contact).await?;
        let calls = vec![Call::new(&rows::FIND_CONTACT, [])];
        let found = db.read_held(digest, calls, &db.deadline()).await.at()?;
        let person = found.iter().flatten().next().map(|row| row.get::<Uid>(0));
        Ok(person.transpose().at()?.map(PersonId::from))
    }

    /// An id for somebody who is not known yet.
    #[must_use]
    pub fn new_person(&self) -> PersonId {
        let Inner { clock, random, .. } = &*self.0;
        PersonId::make(clock, random, Organisation::PEOPLE)
    }

    /// The beginning of a commit of somebody who is known; it is refused when the person may do nothing any more.
    #[must_use]
    pub fn commit_of(&self, person: PersonId) -> Commit {
        let mut commit = self.bare_commit(person);
        commit.guard(&rows::STILL_ACTIVE, []);
        commit
    }

    /// Makes a person, with the contact that it comes with, as part of a commit of [`App::new_person`].
    ///
    /// The commit is refused by `contacts` when somebody else has the contact meanwhile; see [`App::admit`].
    ///
    /// # Errors
    /// The keys database is away.
    pub async fn join(
        &self,
        commit: &mut Commit,
        person: PersonId,
        newcomer: &Newcomer<'_>,
    ) -> Result<()> {
        let mut payload = Map::new();
        let mut cell = Value::Null;
        if *newcomer.profile != Profile::default() {
            let sealed = self
                .seal(person, "profile", &json_text(newcomer.profile)?)
                .await?;
            payload.insert("profile".to_owned(), sealed.to_json(person.uid()));
            cell = sealed.into();
        }
        let contacts = i64::from(newcomer.contact.is_some());
        let cells: [store::Cell; 6] = [
            1.into(),
            State::Active.name().into(),
            cell.into(),
            contacts.into(),
            0.into(),
            commit.at().into(),
        ];
        commit.insert(&rows::PERSONS, cells);
        let by = By {
            person,
            trace: newcomer.trace,
        };
        commit.event(by.event(commit, (person.uid(), 1), "person.created", payload));
        if let Some((contact, proof)) = newcomer.contact {
            self.add_contact_row(commit, by, (contact, proof)).await?;
        }
        Ok(())
    }

    /// Finds or makes the person, and begins the commit that lets it in. What else belongs to it (a session, a subject)
    /// is added, and [`App::admit`] stores it.
    ///
    /// # Errors
    /// A database is away.
    pub async fn enter(&self, newcomer: &Newcomer<'_>) -> Result<Entry> {
        self.enter_from(None, newcomer).await
    }

    /// The same for somebody who may be a guest until now: whose contact nobody has, keeps its person.
    ///
    /// # Errors
    /// A database is away.
    pub async fn enter_from(
        &self,
        guest: Option<PersonId>,
        newcomer: &Newcomer<'_>,
    ) -> Result<Entry> {
        let known = match newcomer.contact {
            Some((contact, _)) => self.person_of_contact(contact).await?,
            None => None,
        };
        if let Some(person) = known {
            let mut commit = self.commit_of(person);
            if let Some((contact, Proof::Given)) = newcomer.contact {
                let digest = self.digest(contact).await?;
                let params: [Value; 2] = [digest.to_vec().into(), commit.at().into()];
                commit.change(&rows::VERIFY_CONTACT, params);
            }
            return Ok(Entry::of(person, commit));
        }
        if let (Some(guest), Some(contact)) = (guest, newcomer.contact)
            && let Some(commit) = self.settled(guest, contact, newcomer.trace).await?
        {
            return Ok(Entry::of(guest, commit));
        }
        let person = self.new_person();
        let mut commit = self.bare_commit(person);
        self.join(&mut commit, person, newcomer).await?;
        Ok(Entry {
            is_new: true,
            ..Entry::of(person, commit)
        })
    }

    /// Stores what lets somebody in. Answers nothing when somebody else has brought the same new contact meanwhile:
    /// then [`App::enter`] finds the person that was made; it is to be asked at most [`ENTRIES_MAX`] times.
    ///
    /// # Errors
    /// The person may not come in any more, or the database is away.
    pub async fn admit(&self, commit: Commit) -> Result<Option<Committed>> {
        match self.store(commit).await {
            Ok(committed) => Ok(Some(committed)),
            Err(failure)
                if lost(&failure, rows::CONTACTS.name)
                    || lost(&failure, rows::MORE_CONTACTS.name) =>
            {
                Ok(None)
            }
            Err(failure) => Err(closed(failure)),
        }
    }

    /// Lets a guest become somebody by a contact that nobody has: the person stays, so its orders stay its own.
    /// Answers nothing when who asks is no guest.
    async fn settled(
        &self,
        guest: PersonId,
        contact: (&Contact, Proof),
        trace: &str,
    ) -> Result<Option<Commit>> {
        let person = self.find(guest).await?;
        if person.is_none_or(|person| person.contacts > 0) {
            return Ok(None);
        }
        let mut commit = self.bare_commit(guest);
        // Only the first contact: of two at once, one is refused and looks again.
        commit.guard(&rows::MORE_CONTACTS, [1.into()]);
        let by = By {
            person: guest,
            trace,
        };
        self.add_contact_row(&mut commit, by, contact).await?;
        Ok(Some(commit))
    }

    /// Says who else keeps something of people, to be told when a guest turns out to be somebody. The first word holds.
    pub(crate) fn tell(&self, heirs: Heirs) {
        let _first = self.0.heirs.set(heirs);
    }

    /// Has what a guest has begun given to the person that it turned out to be.
    pub(crate) async fn hand_over(&self, guest: PersonId, person: PersonId) -> Result<()> {
        match self.0.heirs.get() {
            Some(heirs) => heirs.hand_over(guest, person).await,
            None => Ok(()),
        }
    }

    /// Whether the person is there and may do something.
    ///
    /// # Errors
    /// The people database is away.
    pub async fn is_active(&self, person: PersonId) -> Result<bool> {
        let found = self.person_rows(person).await?;
        let state = found.first().map(|row| row.get::<String>(1)).transpose()?;
        Ok(state.as_deref() == Some(State::Active.name()))
    }

    /// Whether there is a row of the person that is not only the mark of somebody who was erased.
    pub(crate) async fn is_there(&self, person: PersonId) -> Result<bool> {
        let found = self.person_rows(person).await?;
        let state = found.first().map(|row| row.get::<String>(1)).transpose()?;
        Ok(state.is_some_and(|state| state != State::Erased.name()))
    }

    /// Reads a person who is not gone.
    pub(crate) async fn find(&self, person: PersonId) -> Result<Option<Person>> {
        let found = self.person_rows(person).await?;
        let Some(row) = found.first() else {
            return Ok(None);
        };
        let state = State::read(&row.get::<String>(1)?)?;
        if state == State::Erased {
            return Ok(None);
        }
        let sealed: Option<Vec<u8>> = row.get(2)?;
        let profile = match sealed {
            None => None,
            Some(sealed) => self.open(person, "profile", &sealed).await?,
        };
        let profile = profile.as_deref().map(read_json).transpose()?;
        Ok(Some(Person {
            id: person,
            version: row.get(0)?,
            state,
            profile: profile.unwrap_or_default(),
            contacts: row.get(3)?,
            created_at: row.get(4)?,
        }))
    }

    /// The row of a contact, its event, and the claim that nobody else has it.
    pub(super) async fn add_contact_row(
        &self,
        commit: &mut Commit,
        by: By<'_>,
        (contact, proof): (&Contact, Proof),
    ) -> Result<ContactId> {
        let Inner { clock, random, .. } = &*self.0;
        let id = ContactId::make(clock, random, Organisation::PEOPLE);
        let sealed = self.seal(by.person, "contact", contact.as_str()).await?;
        let verified_at = match proof {
            Proof::Given => commit.at(),
            Proof::Missing => Time::EPOCH,
        };
        let payload = Map::from_iter([
            ("person".to_owned(), json!(by.person)),
            ("kind".to_owned(), json!(contact.kind())),
            ("contact".to_owned(), sealed.to_json(by.person.uid())),
            ("proven".to_owned(), json!(proof == Proof::Given)),
        ]);
        let cells: [Value; 6] = [
            self.digest(contact).await?.to_vec().into(),
            id.uid().into(),
            contact.kind().name().into(),
            sealed.into(),
            verified_at.into(),
            commit.at().into(),
        ];
        commit.claim(&rows::CONTACTS, cells);
        commit.event(by.event(commit, (id.uid(), 1), "contact.added", payload));
        Ok(id)
    }

    /// What stands for a contact where equality is asked for.
    pub(super) async fn digest(&self, contact: &Contact) -> Result<[u8; 32]> {
        let Inner { db, sealer, .. } = &*self.0;
        sealer
            .digest("contact", &contact.compared(), &db.deadline())
            .await
            .at()
    }

    pub(super) async fn seal(
        &self,
        person: PersonId,
        field: &str,
        text: &str,
    ) -> Result<store::Sealed> {
        let Inner { db, sealer, .. } = &*self.0;
        let sealed = sealer
            .seal(person.uid(), field, text, &db.deadline())
            .await?;
        Ok(sealed)
    }

    /// Opens a sealed field; nothing when the person's key is destroyed.
    pub(super) async fn open(
        &self,
        person: PersonId,
        field: &str,
        sealed: &[u8],
    ) -> Result<Option<String>> {
        let Inner { db, sealer, .. } = &*self.0;
        let opened = sealer
            .open(person.uid(), field, sealed, &db.deadline())
            .await?;
        Ok(match opened {
            Opened::Text(text) => Some(text),
            Opened::Erased => None,
        })
    }

    /// A commit of a person without any guard.
    pub(super) fn bare_commit(&self, person: PersonId) -> Commit {
        let Inner { clock, random, .. } = &*self.0;
        Commit::of_person(clock, random, person.uid())
    }

    pub(super) async fn store(&self, commit: Commit) -> Result<Committed, Failure> {
        let db = &self.0.db;
        db.commit(commit, &db.deadline()).await
    }

    pub(super) async fn rows(
        &self,
        person: PersonId,
        sql: &'static Sql,
        params: impl Into<Vec<Value>>,
    ) -> Result<Vec<Row>> {
        let db = &self.0.db;
        let calls = vec![Call::new(sql, params)];
        let rows = db
            .read_person(person.uid(), calls, &db.deadline())
            .await
            .at()?;
        Ok(rows.into_iter().flatten().collect())
    }

    async fn person_rows(&self, person: PersonId) -> Result<Vec<Row>> {
        self.rows(person, &rows::READ_PERSON, []).await
    }
}

/// Who does something to itself, under which trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct By<'a> {
    pub(super) person: PersonId,
    pub(super) trace: &'a str,
}

impl By<'_> {
    pub(super) fn event(
        &self,
        commit: &Commit,
        (stream, version): (Uid, i64),
        kind: &'static str,
        payload: Map<String, Json>,
    ) -> Event {
        Event {
            stream,
            version,
            kind,
            payload: Json::Object(payload).to_string(),
            actor: self.person.to_string(),
            at: commit.at(),
            trace: self.trace.to_owned(),
        }
    }
}

/// Whether a commit was refused by this guard, or by the key of this table.
pub(super) fn lost(failure: &Failure, guard: &str) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == guard)
}

/// Others were faster again and again.
#[track_caller]
pub(crate) fn crowded() -> Error {
    Error::conflict(codes::CONFLICT, "others came in by the same contact")
}

/// A person who may do nothing any more is told so, having proven who it is.
#[track_caller]
pub(super) fn closed(failure: Failure) -> Error {
    if lost(&failure, rows::STILL_ACTIVE.name) {
        return Error::forbidden(codes::FORBIDDEN, "this account is closed").caused_by(failure);
    }
    failure.into()
}

pub(super) fn json_text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal(codes::INTERNAL, "no JSON").caused_by(error))
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        Error::internal(codes::DAMAGED, "a sealed field is not as it was written").caused_by(error)
    })
}
