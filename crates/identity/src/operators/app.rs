//! Claiming the set-up link, and telling who an operator's key belongs to.

use std::sync::Arc;

use base::secret::{KeyRing, Secret};
use base::{Clock, Error, Organisation, Random, Result, Time, Trail, Uid, codes};
use domain::organisations::Name;
use domain::people::Email;
use store::{Call, Db, Opened, Row, Scope, Sealer, Sql, Value};
use tokio::sync::watch;

use super::store as rows;

base::typed_id!(
    /// Names an operator.
    pub(crate) OperatorId = "opr";
);

/// What an operator's key begins with, so that a key that has leaked can be told.
const KEY_PREFIX: &str = "cok_";
const LINK: (&str, &[u8]) = ("set-up link", b"first operator");
const KEY: &str = "operator key";

/// Who an operator is.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) id: OperatorId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) created_at: Time,
}

/// The use cases of operators. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    sealer: Sealer,
    clock: Clock,
    random: Random,
    pepper: watch::Receiver<KeyRing>,
}

/// The token of the set-up link: who has it may become the first operator. It is the same after a restart.
#[must_use]
pub fn link_token(pepper: &KeyRing) -> String {
    let tag = pepper.current.1.tag(LINK.0, LINK.1);
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl App {
    /// The use cases over these databases, with the pepper of sessions that is current.
    #[must_use]
    pub fn new(
        db: &Db,
        sealer: &Sealer,
        (clock, random): (&Clock, &Random),
        pepper: watch::Receiver<KeyRing>,
    ) -> Self {
        App(Arc::new(Inner {
            db: db.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            random: random.clone(),
            pepper,
        }))
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

    /// Makes the first operator and his key.
    pub(crate) async fn claim(
        &self,
        token: &str,
        name: &Name,
        email: &Email,
    ) -> Result<(Operator, String)> {
        if !self.is_link(token) || !self.is_open().await? {
            return Err(refused());
        }
        let Inner {
            db,
            sealer,
            clock,
            random,
            ..
        } = &*self.0;
        let (id, at) = (
            OperatorId::make(clock, random, Organisation::PEOPLE),
            clock.now(),
        );
        let key = format!("{KEY_PREFIX}{}", *Secret::draw(random).to_text());
        let deadline = db.deadline();
        let sealed_name = sealer
            .seal(id.uid(), "operator.name", name.as_str(), &deadline)
            .await?;
        let sealed_email = sealer
            .seal(id.uid(), "operator.email", email.as_str(), &deadline)
            .await?;
        let digest = sealer
            .digest("operator.email", &email.folded(), &deadline)
            .await?;
        let params: [Value; 6] = [
            id.uid().into(),
            self.0
                .pepper
                .borrow()
                .current
                .1
                .tag(KEY, key.as_bytes())
                .to_vec()
                .into(),
            sealed_name.into(),
            sealed_email.into(),
            digest.to_vec().into(),
            at.into(),
        ];
        let answers = db
            .control()
            .transact(vec![Call::new(&rows::CLAIM, params)], &deadline)
            .await?;
        if answers.iter().all(|answer| answer.rows.is_empty()) {
            return Err(refused());
        }
        let (name, email) = (name.as_str().to_owned(), email.as_str().to_owned());
        Ok((
            Operator {
                id,
                name,
                email,
                created_at: at,
            },
            key,
        ))
    }

    /// Whose key this is.
    pub(crate) async fn find(&self, key: &str) -> Result<Option<OperatorId>> {
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
            return Ok(Some(id.into()));
        }
        Ok(None)
    }

    /// Reads an operator.
    pub(crate) async fn operator(&self, id: OperatorId) -> Result<Operator> {
        let found = self.read(&rows::READ, [id.uid().into()]).await?;
        let row = found
            .first()
            .ok_or_else(|| Error::missing(codes::NOT_FOUND, "there is no such operator"))?;
        Ok(Operator {
            id,
            name: self.opened(id, "operator.name", row.get(0)?).await?,
            email: self.opened(id, "operator.email", row.get(1)?).await?,
            created_at: row.get(2)?,
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
fn refused() -> Error {
    Error::forbidden(
        codes::SETUP_REFUSED,
        "this set-up link does not work, or does not work any more",
    )
}
