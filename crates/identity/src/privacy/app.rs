//! Giving out what is kept of a person, shutting it out, erasing it, and erasing again whoever came back.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Kind, Result, Time, codes};
use domain::people::PersonId;
use edge::{Caller, Strength};
use engine::Stop;
use futures_util::{StreamExt as _, stream};
use rpc::Personal;
use serde_json::{Map, Value as Json};

use super::view::Export;
use crate::Identity;
use crate::people::{Asked, State};

/// How long ago somebody may have signed in, or proven the second factor, who wants to be forgotten.
const PROOF_AGE_MAX: Duration = Duration::from_secs(5 * 60);
/// Erased people who are looked at beside each other.
const LOOKED_AT_ONCE: usize = 16;
/// How often it is looked whether an erasure was left unfinished.
const FINISH_EVERY: Duration = Duration::from_secs(60 * 60);

/// The use cases of privacy. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    identity: Identity,
    personal: Personal,
    clock: Clock,
}

/// What became of the ledger of erasures when it was gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Who are in it.
    pub known: u64,
    /// Who had come back, or had not gone whole, and were erased now.
    pub erased: u64,
    /// Who could not be erased whole. Their keys are destroyed.
    pub failed: u64,
}

impl App {
    /// The use cases over identity, and over whoever else keeps something of people.
    #[must_use]
    pub fn new(identity: &Identity, personal: &Personal, clock: &Clock) -> Self {
        identity.people.tell(personal.heirs());
        App(Arc::new(Inner {
            identity: identity.clone(),
            personal: personal.clone(),
            clock: clock.clone(),
        }))
    }

    /// Everything that is kept of whoever asks. Who has a second factor has to have proven it.
    pub(super) async fn export(&self, caller: &Caller) -> Result<Export> {
        let person = person_of(caller)?;
        self.is_strong(caller, person).await?;
        self.export_of(person).await
    }

    /// Everything that is kept of a person.
    ///
    /// # Errors
    /// There is no such person any more, or a database is away.
    pub async fn export_of(&self, person: PersonId) -> Result<Export> {
        let Inner {
            identity,
            personal,
            clock,
        } = &*self.0;
        let profile = identity.people.export(person).await?;
        if profile.is_null() {
            return Err(missing());
        }
        let mut sessions = identity.sessions.export(person).await?;
        let mut kept = Map::new();
        for (name, text) in personal.export(person).await? {
            kept.insert(name.to_owned(), read(&text)?);
        }
        Ok(Export {
            made_at: clock.now(),
            id: person,
            profile,
            sessions: sessions["sessions"].take(),
            factors: identity.factors.export(person).await?,
            kept,
        })
    }

    /// Erases whoever asks, if it is certain who that is and there is nothing to hand over before.
    pub(super) async fn leave(&self, caller: &Caller, trace: &str) -> Result<()> {
        let person = person_of(caller)?;
        self.is_strong(caller, person).await?;
        let session = caller.session().ok_or_else(only_people)?;
        let identity = &self.0.identity;
        let began = identity.sessions.began(person, session.into()).await?;
        let is_fresh = |began: Time| self.0.clock.now().since(began) <= PROOF_AGE_MAX;
        if !began.is_some_and(is_fresh) {
            return Err(Error::forbidden(
                codes::PROOF_TOO_OLD,
                "sign in again, or prove the second factor again, and ask within five minutes",
            ));
        }
        self.0.personal.may_go(person).await?;
        let asked = Asked {
            actor: caller.actor(),
            trace,
            reason: None,
        };
        self.erase(person, &asked).await
    }

    /// Erases somebody at an operator's word.
    pub(super) async fn remove(&self, person: PersonId, asked: &Asked<'_>) -> Result<()> {
        if self.0.identity.people.find(person).await?.is_none() {
            return Err(missing());
        }
        self.erase(person, asked).await
    }

    /// Shuts somebody out at an operator's word: nothing is taken from him any more, and all his sessions end.
    pub(super) async fn disable(&self, person: PersonId, asked: &Asked<'_>) -> Result<()> {
        let identity = &self.0.identity;
        self.is_no_operator(person).await?;
        identity
            .people
            .change_state(person, State::Disabled, asked)
            .await?;
        identity.sessions.end_all(person).await?;
        Ok(())
    }

    /// Lets somebody in again whom an operator has shut out.
    pub(super) async fn enable(&self, person: PersonId, asked: &Asked<'_>) -> Result<()> {
        let people = &self.0.identity.people;
        people.change_state(person, State::Active, asked).await
    }

    /// Operators are ended as operators before anything else is done to them as people.
    async fn is_no_operator(&self, person: PersonId) -> Result<()> {
        match self.0.identity.operators.is_operator(person).await? {
            true => Err(Error::forbidden(
                codes::FORBIDDEN,
                "an operator has to be ended as an operator first",
            )),
            false => Ok(()),
        }
    }

    /// Writes it down and erases. What fails in between is finished by [`App::replay`].
    async fn erase(&self, person: PersonId, asked: &Asked<'_>) -> Result<()> {
        let Inner {
            identity,
            personal,
            clock,
        } = &*self.0;
        self.is_no_operator(person).await?;
        let ledger = personal.erasures();
        // The guests that the person was go first: after the person nobody would know of them.
        let mut all = self.guests(person).await?;
        all.push(person);
        for one in &all {
            ledger.write(*one, clock.now(), asked.actor).await?;
        }
        for one in all {
            identity.erase_for(one, Some(asked)).await?;
            personal.erase(one, asked.trace).await?;
        }
        metrics::counter!("people_erased_total").increment(1);
        Ok(())
    }

    /// All guests that a person was before it signed in.
    async fn guests(&self, person: PersonId) -> Result<Vec<PersonId>> {
        let factors = &self.0.identity.factors;
        let mut all: Vec<PersonId> = Vec::new();
        loop {
            let more = factors.guests(person, all.last().copied()).await?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend(more);
        }
    }

    /// Goes through the ledger of erasures and erases again whoever is still or again there. To be done before
    /// requests are answered, for an older backup may have been restored.
    ///
    /// # Errors
    /// A database is away.
    pub async fn replay(&self) -> Result<Replayed> {
        let mut all = Replayed::default();
        let mut last = None;
        loop {
            let people = self.0.personal.erasures().after(last).await?;
            let Some(end) = people.last().copied() else {
                return Ok(all);
            };
            last = Some(end);
            all.known = all.known.saturating_add(count(people.len()));
            self.0.identity.people.prepare(&people).await?;
            let looks = people.into_iter().map(|person| self.erase_again(person));
            let mut looks = stream::iter(looks).buffer_unordered(LOOKED_AT_ONCE);
            while let Some(looked) = looks.next().await {
                match looked {
                    Ok(again) => all.erased = all.erased.saturating_add(u64::from(again)),
                    Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                    Err(error) => {
                        all.failed = all.failed.saturating_add(1);
                        tracing::error!(?error, "somebody could not be erased whole");
                    }
                }
            }
            tracing::info!(
                known = all.known,
                erased = all.erased,
                "the ledger of erasures"
            );
        }
    }

    /// Finishes erasures that were interrupted, now and then until the stop.
    ///
    /// # Errors
    /// Never; it has the form of supervised work.
    pub async fn finish(self, stop: Stop) -> Result<()> {
        loop {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(FINISH_EVERY) => {}
            }
            if let Err(error) = self.replay().await {
                tracing::warn!(?error, "the ledger of erasures is gone through later");
            }
        }
    }

    /// Erases somebody of the ledger who is there; whether he was.
    async fn erase_again(&self, person: PersonId) -> Result<bool> {
        let Inner {
            identity, personal, ..
        } = &*self.0;
        if identity.people.is_gone(person).await? {
            return Ok(false);
        }
        // The key goes first: whatever else cannot be removed is unreadable then.
        identity.people.destroy_key(person).await?;
        identity.erase_for(person, None).await?;
        personal.erase(person, "").await?;
        Ok(true)
    }

    /// Who has a second factor must have proven it in this session.
    async fn is_strong(&self, caller: &Caller, person: PersonId) -> Result<()> {
        if caller.strength() == Strength::Two || !self.0.identity.factors.has_second(person).await?
        {
            return Ok(());
        }
        Err(Error::forbidden(
            codes::SECOND_FACTOR_NEEDED,
            "the second factor has to be proven in this session",
        ))
    }
}

/// The person who asks. Keys and devices are none.
fn person_of(caller: &Caller) -> Result<PersonId> {
    caller.person().map(PersonId::from).ok_or_else(only_people)
}

#[track_caller]
fn only_people() -> Error {
    Error::forbidden(
        codes::FORBIDDEN,
        "only people who have signed in may do this",
    )
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such person")
}

fn read(text: &str) -> Result<Json> {
    serde_json::from_str(text).map_err(|error| {
        Error::internal(codes::INTERNAL, "what is kept of a person is no JSON").caused_by(error)
    })
}

fn count(people: usize) -> u64 {
    u64::try_from(people).unwrap_or(u64::MAX)
}
