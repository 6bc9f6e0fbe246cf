//! Claiming the set-up link, telling who is an operator, and making and ending others.

use std::sync::Arc;
use std::time::Duration;

use base::secret::{KeyRing, Secret};
use base::{Clock, Error, Organisation, Random, Result, Time, Trail, Uid, codes};
use domain::organisations::Name;
use domain::people::{Contact, Email, PersonId, Profile};
use fabric::{Cache, Loaded, Trust, cache};
use store::{Call, Db, Opened, Row, Scope, Sealer, Sql, Value};
use tokio::sync::watch;

use super::store as rows;
use crate::people::{self, ENTRIES_MAX, Newcomer, Proof};

base::typed_id!(
    /// Names an operator.
    pub(crate) OperatorId = "opr";
);

/// What an operator's key begins with, so that a key that has leaked can be told.
const KEY_PREFIX: &str = "cok_";
const LINK: (&str, &[u8]) = ("set-up link", b"first operator");
const KEY: &str = "operator key";
/// How long it is believed that somebody is an operator, or is none.
const BELIEVED: Duration = Duration::from_secs(4);
/// More operators than anybody lists.
const LISTED_MAX: i64 = 1_000;

/// Who an operator is.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) id: OperatorId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) created_at: Time,
    pub(crate) person: Option<PersonId>,
}

/// Whose key it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub(crate) id: OperatorId,
    pub(crate) person: Option<PersonId>,
}

/// The use cases of operators. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    sealer: Sealer,
    people: people::App,
    clock: Clock,
    random: Random,
    pepper: watch::Receiver<KeyRing>,
    known: Cache<bool>,
}

/// The token of the set-up link: who has it may become the first operator. It is the same after a restart.
#[must_use]
pub fn link_token(pepper: &KeyRing) -> String {
    let tag = pepper.current.1.tag(LINK.0, LINK.1);
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl App {
    /// The use cases over these databases, with the pepper of sessions that is current. Who is an operator is
    /// remembered as long as this node may be believed.
    #[must_use]
    pub fn new(
        db: &Db,
        sealer: &Sealer,
        people: &people::App,
        (clock, random): (&Clock, &Random),
        pepper: watch::Receiver<KeyRing>,
        trust: &Trust,
    ) -> Self {
        let settings = cache::Settings {
            bytes_max: 4 << 20,
            age_max: BELIEVED,
            marks_max: 1_024,
        };
        App(Arc::new(Inner {
            db: db.clone(),
            sealer: sealer.clone(),
            people: people.clone(),
            clock: clock.clone(),
            random: random.clone(),
            pepper,
            known: Cache::new("operators", settings, clock, trust),
        }))
    }

    /// Whether a person is an operator; what has changed is known here at once, and elsewhere within four seconds.
    ///
    /// # Errors
    /// The control database is away.
    pub async fn is_operator(&self, person: PersonId) -> Result<bool> {
        let load = async || {
            let found = self
                .read(&rows::READ_OF_PERSON, [person.uid().into()])
                .await?;
            Ok(Loaded::new(!found.is_empty(), size_of::<bool>()))
        };
        self.0.known.get_or_set(&person.to_string(), load).await
    }

    /// Whether the link still works: nobody has claimed it, or nobody has used the key that it gave.
    ///
    /// # Errors
    /// The control database is away.
    pub async fn is_open(&self) -> Result<bool> {
        let first = self.read(&rows::READ_FIRST, []).await?;
        let used: Option<Time> = first.first().map(|row| row.get(0)).transpose().at()?;
        Ok(used.is_none_or(|used| used == Time::EPOCH))
    }

    /// Makes the first operator and his key. The person of the e-mail address is found or made: he signs in by it.
    pub(crate) async fn claim(
        &self,
        token: &str,
        name: &Name,
        email: &Email,
    ) -> Result<(Operator, String)> {
        if !self.is_link(token) || !self.is_open().await? {
            return Err(refused());
        }
        let key = format!("{KEY_PREFIX}{}", *Secret::draw(&self.0.random).to_text());
        let made = self.put(&rows::CLAIM, (name, email), &key).await?;
        Ok((made.ok_or_else(refused)?, key))
    }

    /// Makes another operator of whoever has this e-mail address, or proves it one day.
    pub(crate) async fn add(&self, name: &Name, email: &Email) -> Result<Operator> {
        // He gets no key: he signs in as himself. The column holds what no key has.
        let none = format!("none {}", *Secret::draw(&self.0.random).to_text());
        let made = self.put(&rows::ADD, (name, email), &none).await?;
        made.ok_or_else(|| {
            Error::conflict(codes::NAME_TAKEN, "whoever has this address is an operator")
        })
    }

    /// Ends an operator, but not the last.
    pub(crate) async fn end(&self, id: OperatorId) -> Result<()> {
        let found = self.operator(id).await?;
        let db = &self.0.db;
        let now = self.0.clock.now();
        let calls = vec![
            Call::new(&rows::TAKE_TURN, []),
            Call::new(&rows::END, [id.uid().into(), now.into()]),
        ];
        let answers = db.control().transact(calls, &db.deadline()).await?;
        if answers.last().is_none_or(|answer| answer.rows.is_empty()) {
            // Somebody else may have ended him meanwhile; then he is not the last.
            self.operator(id).await?;
            let said = "one operator must be left";
            return Err(Error::conflict(codes::LAST_ONE, said));
        }
        self.forget(found.person).await;
        // His name and address were sealed for the operator he was. He may be kept as a person, under another key.
        self.0.sealer.erase(id.uid(), &db.deadline()).await?;
        Ok(())
    }

    /// All operators, the oldest first.
    pub(crate) async fn list(&self) -> Result<Vec<Operator>> {
        let mut all = Vec::new();
        for row in self.read(&rows::LIST, [LISTED_MAX.into()]).await? {
            all.push(self.read_row(&row).await?);
        }
        Ok(all)
    }

    /// Writes a row of an operator; nothing when its statement finds that there is one already.
    async fn put(
        &self,
        sql: &'static Sql,
        (name, email): (&Name, &Email),
        key: &str,
    ) -> Result<Option<Operator>> {
        let Inner {
            db,
            sealer,
            clock,
            random,
            ..
        } = &*self.0;
        let person = self.person_of(name, email).await?;
        let id = OperatorId::make(clock, random, Organisation::PEOPLE);
        let (created_at, deadline) = (clock.now(), db.deadline());
        let sealed_name = sealer
            .seal(id.uid(), "operator.name", name.as_str(), &deadline)
            .await?;
        let sealed_email = sealer
            .seal(id.uid(), "operator.email", email.as_str(), &deadline)
            .await?;
        let digest = sealer
            .digest("operator.email", &email.folded(), &deadline)
            .await?;
        let key = self.0.pepper.borrow().current.1.tag(KEY, key.as_bytes());
        let params: [Value; 7] = [
            id.uid().into(),
            key.to_vec().into(),
            sealed_name.into(),
            sealed_email.into(),
            digest.to_vec().into(),
            created_at.into(),
            person.uid().into(),
        ];
        let answers = db
            .control()
            .transact(vec![Call::new(sql, params)], &deadline)
            .await?;
        self.forget(Some(person)).await;
        let made = answers.iter().any(|answer| !answer.rows.is_empty());
        Ok(made.then(|| Operator {
            id,
            name: name.as_str().to_owned(),
            email: email.as_str().to_owned(),
            created_at,
            person: Some(person),
        }))
    }

    /// The person of an address, who is made if nobody has it. The address is not proven by that.
    async fn person_of(&self, name: &Name, email: &Email) -> Result<PersonId> {
        let (contact, profile) = (Contact::Email(email.clone()), Profile::named(name));
        let newcomer = Newcomer {
            contact: Some((&contact, Proof::Missing)),
            profile: &profile,
            trace: "",
        };
        for _ in 0..ENTRIES_MAX {
            let entry = self.0.people.enter(&newcomer).await?;
            if self.0.people.admit(entry.commit).await?.is_some() {
                return Ok(entry.person);
            }
        }
        Err(people::crowded())
    }

    async fn forget(&self, person: Option<PersonId>) {
        if let Some(person) = person {
            self.0.known.invalidate_key(&person.to_string()).await;
        }
    }

    /// Whose key this is.
    pub(crate) async fn find(&self, key: &str) -> Result<Option<Holder>> {
        if !key.starts_with(KEY_PREFIX) {
            return Ok(None);
        }
        let digests = self.digests(key);
        for (age, digest) in digests.iter().enumerate() {
            let found = self.read(&rows::FIND, [digest.to_vec().into()]).await?;
            let Some(row) = found.first() else { continue };
            let (id, used): (Uid, Time) = (row.get(0)?, row.get(1)?);
            let mut notes = Vec::new();
            if used == Time::EPOCH {
                notes.push(Call::new(
                    &rows::NOTE_USE,
                    [id.into(), self.0.clock.now().into()],
                ));
            }
            if let (1.., Some(current)) = (age, digests.first()) {
                let params = [id.into(), current.to_vec().into(), digest.to_vec().into()];
                notes.push(Call::new(&rows::REDIGEST, params));
            }
            if !notes.is_empty() {
                let db = &self.0.db;
                db.control().transact(notes, &db.deadline()).await?;
            }
            let person: Option<Uid> = row.get(2)?;
            return Ok(Some(Holder {
                id: id.into(),
                person: person.map(PersonId::from),
            }));
        }
        Ok(None)
    }

    /// Reads an operator.
    pub(crate) async fn operator(&self, id: OperatorId) -> Result<Operator> {
        let found = self.read(&rows::READ, [id.uid().into()]).await?;
        self.read_row(found.first().ok_or_else(missing)?).await
    }

    /// Reads the operator that a person is.
    pub(crate) async fn operator_of(&self, person: PersonId) -> Result<Operator> {
        let found = self
            .read(&rows::READ_OF_PERSON, [person.uid().into()])
            .await?;
        self.read_row(found.first().ok_or_else(missing)?).await
    }

    async fn read_row(&self, row: &Row) -> Result<Operator> {
        let id: OperatorId = row.get::<Uid>(0)?.into();
        let person: Option<Uid> = row.get(4)?;
        Ok(Operator {
            id,
            name: self.opened(id, "operator.name", row.get(1)?).await?,
            email: self.opened(id, "operator.email", row.get(2)?).await?,
            created_at: row.get(3)?,
            person: person.map(PersonId::from),
        })
    }

    async fn opened(&self, id: OperatorId, field: &'static str, sealed: Vec<u8>) -> Result<String> {
        let opened = self
            .0
            .sealer
            .open(id.uid(), field, &sealed, &self.0.db.deadline())
            .await?;
        Ok(match opened {
            Opened::Text(text) => text,
            Opened::Erased => "erased".to_owned(),
        })
    }

    fn is_link(&self, token: &str) -> bool {
        let Some(tag) = bytes(token) else {
            return false;
        };
        let pepper = self.0.pepper.borrow();
        pepper
            .all()
            .any(|(_, secret)| secret.is_tag(LINK.0, LINK.1, &tag))
    }

    fn digests(&self, key: &str) -> Vec<[u8; 32]> {
        let pepper = self.0.pepper.borrow();
        pepper
            .all()
            .map(|(_, secret)| secret.tag(KEY, key.as_bytes()))
            .collect()
    }

    async fn read(&self, sql: &'static Sql, params: impl Into<Vec<Value>>) -> Result<Vec<Row>> {
        let db = &self.0.db;
        let calls = vec![Call::new(sql, params)];
        let rows = db
            .control()
            .read(Scope::Nobody, calls, &db.deadline())
            .await
            .at()?;
        Ok(rows.into_iter().flatten().collect())
    }
}

/// Reads 32 bytes from 64 hexadecimal digits.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        let pair = hex.get(at.checked_mul(2)?..at.checked_mul(2)?.checked_add(2)?)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such operator")
}

#[track_caller]
fn refused() -> Error {
    Error::forbidden(
        codes::SETUP_REFUSED,
        "this set-up link does not work, or does not work any more",
    )
}
