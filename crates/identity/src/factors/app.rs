//! The second factors of a person: which there are, their names, and how they go.

use std::sync::Arc;

use base::{Clock, Error, KeyRing, Organisation, Random, Result, Time, Trail as _, Uid, codes};
use domain::organisations::Name;
use domain::people::PersonId;
use edge::{Caller, Strength};
use fabric::Limits;
use futures_util::future::BoxFuture;
use serde_json::json;
use slice::Ask;
use store::{Call, Commit, Db, Opened, Row, Sealer, Sql, Value};
use tokio::sync::watch;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

use super::oidc::{Live, Loopback, Provider, Wire};
use super::store as rows;
use crate::{people, sessions};

base::typed_id!(
    /// Names a second factor of a person.
    pub(crate) FactorId = "fac";
);

/// The most factors of one person.
pub(crate) const FACTORS_MAX: usize = 10;
/// Each TOTP app makes guessing that much easier, so there are few.
pub(crate) const TOTP_MAX: usize = 2;

/// What is different from one installation to another.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address under which browsers reach the platform: `https://eat.example.com`. Passkeys belong to its host.
    pub public_url: String,
    /// What apps and browsers call the platform where they list accounts.
    pub name: String,
    /// Providers at which people can sign in; the one called `google` has addresses of its own.
    pub providers: Vec<Provider>,
    /// Whether providers on this machine may be spoken to without TLS.
    pub loopback: Loopback,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            public_url: "http://localhost".to_owned(),
            name: "Comanda".to_owned(),
            providers: Vec::new(),
            loopback: Loopback::Tls,
        }
    }
}

/// Knows who may not be without a second factor.
pub trait Staff: Send + Sync {
    /// Whether the person works for an organisation, or is an operator.
    fn is_staff(&self, person: PersonId) -> BoxFuture<'_, Result<bool>>;
}

/// Takes everybody for staff: nobody can remove the last factor.
#[derive(Clone, Copy, Debug)]
pub struct EverybodyIsStaff;

impl Staff for EverybodyIsStaff {
    fn is_staff(&self, _person: PersonId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(std::future::ready(Ok(true)))
    }
}

/// What the use cases work with.
pub struct Parts<'a> {
    /// The databases.
    pub db: &'a Db,
    /// Seals what is personal.
    pub sealer: &'a Sealer,
    /// The time.
    pub clock: &'a Clock,
    /// Chance.
    pub random: &'a Random,
    /// The pepper of sign-ins that is current.
    pub pepper: watch::Receiver<KeyRing>,
    /// Counts tries.
    pub limits: &'a Limits,
    /// Who people are.
    pub people: &'a people::App,
    /// Their sessions.
    pub sessions: &'a sessions::App,
    /// Who may not be without a second factor.
    pub staff: Arc<dyn Staff>,
    /// What is different here.
    pub settings: Settings,
}

/// The use cases of second factors and of providers. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) pepper: watch::Receiver<KeyRing>,
    pub(super) limits: Limits,
    pub(super) people: people::App,
    pub(super) sessions: sessions::App,
    pub(super) staff: Arc<dyn Staff>,
    pub(super) name: String,
    /// Absent where the public address is that of a machine and not of a host: browsers give those no passkeys.
    pub(super) passkeys: Option<Webauthn>,
    pub(super) providers: Vec<Live>,
}

/// Which sort of factor it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Totp,
    Passkey,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Totp => "totp",
            Kind::Passkey => "passkey",
        }
    }

    /// The name under which its secret is sealed.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Kind::Totp => "factor.totp",
            Kind::Passkey => "factor.passkey",
        }
    }
}

/// A factor as its row tells it; what is sealed is still sealed.
#[derive(Debug)]
pub(crate) struct Factor {
    pub(crate) id: FactorId,
    pub(crate) kind: Kind,
    pub(crate) label: Vec<u8>,
    pub(crate) secret: Vec<u8>,
    pub(crate) created_at: Time,
    pub(crate) confirmed_at: Time,
    pub(crate) last_step: i64,
    pub(crate) used_at: Time,
}

impl Factor {
    fn read(row: &Row) -> Result<Self> {
        let kind: String = row.get(1)?;
        let known = [Kind::Totp, Kind::Passkey]
            .into_iter()
            .find(|known| known.name() == kind);
        Ok(Factor {
            id: row.get::<Uid>(0)?.into(),
            kind: known
                .ok_or_else(|| Error::internal(codes::DAMAGED, "a factor is of no known kind"))?,
            label: row.get(2)?,
            secret: row.get(3)?,
            created_at: row.get(4)?,
            confirmed_at: row.get(5)?,
            last_step: row.get(6)?,
            used_at: row.get(7)?,
        })
    }

    /// Whether it is in force.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.confirmed_at > Time::EPOCH
    }
}

impl App {
    /// The use cases with these parts.
    ///
    /// # Errors
    /// The public address or a provider of the settings is none.
    pub fn new(parts: Parts<'_>) -> Result<Self> {
        let settings = parts.settings;
        let wire = Wire::new(settings.loopback)?;
        let public = settings.public_url.trim_end_matches('/');
        let providers = settings.providers.into_iter().map(|provider| {
            let back = match provider.name.as_str() {
                "google" => format!("{public}/api/auth/google/callback"),
                name => format!("{public}/api/auth/oidc/{name}/callback"),
            };
            Live::new(provider, &back, &wire, parts.clock)
        });
        Ok(App(Arc::new(Inner {
            db: parts.db.clone(),
            sealer: parts.sealer.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            pepper: parts.pepper,
            limits: parts.limits.clone(),
            people: parts.people.clone(),
            sessions: parts.sessions.clone(),
            staff: parts.staff,
            passkeys: passkeys_of(public, &settings.name)?,
            name: settings.name,
            providers: providers.collect::<Result<_>>()?,
        })))
    }

    /// Whether the person has a second factor that is in force.
    ///
    /// # Errors
    /// The people database is away.
    pub async fn has_second(&self, person: PersonId) -> Result<bool> {
        let rows = self.rows(person, &rows::COUNT_CONFIRMED, []).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.get(0)).at()?;
        Ok(count > 0)
    }

    /// The factors that are in force, with their names, and how many recovery codes are left.
    pub(crate) async fn list(&self, person: PersonId) -> Result<(Vec<(Factor, String)>, i64)> {
        let mut listed = Vec::new();
        for factor in self.factors(person).await? {
            if factor.is_confirmed() {
                let label = self.open(person, "factor.label", &factor.label).await?;
                listed.push((factor, label));
            }
        }
        let codes = self.rows(person, &rows::COUNT_CODES, []).await?;
        let left = codes.first().map_or(Ok(0), |row| row.get(0)).at()?;
        Ok((listed, left))
    }

    /// Gives a factor another name.
    pub(crate) async fn rename(&self, caller: &Caller, id: FactorId, name: &Name) -> Result<()> {
        let person = self.owner(caller).await?;
        self.factor(person, id).await?;
        let sealed = self.seal(person, "factor.label", name.as_str()).await?;
        let mut commit = self.commit(person);
        commit.guard(&rows::RENAME, [id.uid().into(), sealed]);
        self.store(commit).await.map_err(gone)
    }

    /// Removes a factor; with the last one go the recovery codes.
    pub(crate) async fn remove(&self, ask: &Ask, caller: &Caller, id: FactorId) -> Result<()> {
        let person = person_of(caller)?;
        let factor = self.factor(person, id).await?;
        self.need_recent_proof(caller).await?;
        let left = self
            .factors(person)
            .await?
            .iter()
            .filter(|other| other.is_confirmed() && other.id != id)
            .count();
        if left == 0 && self.0.staff.is_staff(person).await? {
            return Err(Error::conflict(
                codes::LAST_ONE,
                "who needs a second factor cannot remove the last one",
            ));
        }
        let mut commit = self.commit(person);
        commit.guard(&rows::REMOVE, [id.uid().into()]);
        if factor.kind == Kind::Passkey {
            let digest = self
                .passkey_digest(&self.passkey(person, &factor).await?)
                .await?;
            commit.change(&rows::REMOVE_SUBJECT, [digest.to_vec().into()]);
        }
        if left == 0 {
            commit.change(&rows::REMOVE_CODES, [Vec::<u8>::new().into()]);
        }
        let kind = json!({"person": person, "kind": factor.kind.name()});
        commit.event(ask.event(&commit, (id.uid(), 2), "factor.removed", &kind)?);
        self.store(commit).await.map_err(gone)
    }

    /// The person of a caller who may change factors: who has one must have proven one in this session.
    pub(crate) async fn owner(&self, caller: &Caller) -> Result<PersonId> {
        let person = person_of(caller)?;
        if caller.strength() == Strength::One && self.has_second(person).await? {
            return Err(Error::forbidden(
                codes::SECOND_FACTOR_NEEDED,
                "the second factor must be proven first",
            ));
        }
        Ok(person)
    }

    /// All factors of a person, also those that are not in force yet.
    pub(crate) async fn factors(&self, person: PersonId) -> Result<Vec<Factor>> {
        let rows = self.rows(person, &rows::READ_FACTORS, []).await?;
        rows.iter().map(Factor::read).collect()
    }

    /// One that is in force.
    pub(crate) async fn factor(&self, person: PersonId, id: FactorId) -> Result<Factor> {
        let all = self.factors(person).await?;
        let found = all
            .into_iter()
            .find(|factor| factor.id == id && factor.is_confirmed());
        found.ok_or_else(|| Error::missing(codes::NOT_FOUND, "there is no such factor"))
    }

    pub(super) fn new_id(&self) -> FactorId {
        FactorId::make(&self.0.clock, &self.0.random, Organisation::PEOPLE)
    }

    pub(super) fn commit(&self, person: PersonId) -> Commit {
        Commit::of_person(&self.0.clock, &self.0.random, person.uid())
    }

    pub(super) async fn store(&self, commit: Commit) -> Result<(), store::Failure> {
        let db = &self.0.db;
        db.commit(commit, &db.deadline()).await.map(|_| ())
    }

    pub(super) async fn rows(
        &self,
        person: PersonId,
        sql: &'static Sql,
        params: impl Into<Vec<Value>>,
    ) -> Result<Vec<Row>> {
        let db = &self.0.db;
        let calls = vec![Call::new(sql, params)];
        let rows = db.read_person(person.uid(), calls, &db.deadline()).await;
        Ok(rows.at()?.into_iter().flatten().collect())
    }

    pub(super) async fn seal(&self, person: PersonId, field: &str, text: &str) -> Result<Value> {
        let deadline = self.0.db.deadline();
        let sealed = self
            .0
            .sealer
            .seal(person.uid(), field, text, &deadline)
            .await;
        Ok(sealed.at()?.into())
    }

    pub(super) async fn open(
        &self,
        person: PersonId,
        field: &str,
        sealed: &[u8],
    ) -> Result<String> {
        let deadline = self.0.db.deadline();
        match self
            .0
            .sealer
            .open(person.uid(), field, sealed, &deadline)
            .await
            .at()?
        {
            Opened::Text(text) => Ok(text),
            Opened::Erased => Err(Error::missing(codes::NOT_FOUND, "the person was erased")),
        }
    }

    pub(super) async fn digest(&self, field: &str, text: &str) -> Result<[u8; 32]> {
        let deadline = self.0.db.deadline();
        self.0.sealer.digest(field, text, &deadline).await.at()
    }
}

/// The person who asks; keys, devices and the keys of operators are none.
pub(crate) fn person_of(caller: &Caller) -> Result<PersonId> {
    let person = caller.person().map(PersonId::from);
    person.ok_or_else(|| Error::forbidden(codes::FORBIDDEN, "only people have second factors"))
}

/// A guard that found nothing: it went between reading and writing.
#[track_caller]
pub(super) fn gone(failure: store::Failure) -> Error {
    match failure {
        store::Failure::Refused { .. } => {
            Error::missing(codes::NOT_FOUND, "there is no such factor any more").caused_by(failure)
        }
        other => other.into(),
    }
}

/// Passkeys for the host of the public address.
fn passkeys_of(public: &str, name: &str) -> Result<Option<Webauthn>> {
    let wrong = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::invalid(codes::LINE_MALFORMED, "the public address is none").caused_by(error)
    };
    let address = Url::parse(public).map_err(|error| wrong(error.into()))?;
    let Some(host) = address.domain() else {
        return Ok(None);
    };
    let builder = WebauthnBuilder::new(host, &address).map_err(|error| wrong(error.into()))?;
    let passkeys = builder
        .rp_name(name)
        .build()
        .map_err(|error| wrong(error.into()))?;
    Ok(Some(passkeys))
}
