//! What can be done with sessions: begin, step up, end, list.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base::{Clock, Error, KeyRing, Random, Result, Secret, Trail as _, Uid, codes};
use domain::people::{PersonId, SessionId};
use edge::{Caller, Client, Strength};
use fabric::{Bus, Cache, Trust};
use futures_util::future::BoxFuture;
use store::{Call, Commit, Db, Deadline, Failure, Row, Sealer, Sql, Value};
use tokio::sync::{Mutex, mpsc, watch};

use super::edit::{self, Kind, Start, Started, TOKEN, Tools, Why};
use super::find::{NOTES_MAX, Note};
use super::jwt::{Signer, Verified};
use super::live::{Digest, Live, Standing, Stored, digest};
use super::settings::Settings;
use super::store as rows;

/// How many sessions a person may have; a new one ends the oldest.
pub(crate) const SESSIONS_MAX: i64 = 50;
/// How often a change is tried again when another one was quicker.
const TRIES: usize = 4;

/// Says whether a person runs the platform.
pub type IsOperator = Arc<dyn Fn(PersonId) -> BoxFuture<'static, Result<bool>> + Send + Sync>;

/// The secrets of sessions and tokens, which follow their rotation.
#[derive(Clone)]
pub struct Keys {
    /// Goes into the hashes of session and refresh tokens.
    pub pepper: watch::Receiver<KeyRing>,
    /// Signs access tokens.
    pub token: watch::Receiver<KeyRing>,
}

/// What sessions stand on.
pub struct Parts<'a> {
    /// The databases.
    pub db: &'a Db,
    /// What seals device and place.
    pub sealer: &'a Sealer,
    /// The time.
    pub clock: &'a Clock,
    /// Chance; the real one outside of tests.
    pub random: &'a Random,
    /// What tells of sessions that other nodes ended.
    pub bus: &'a Bus,
    /// Whether what is remembered may be believed.
    pub trust: &'a Trust,
    /// The secrets.
    pub keys: Keys,
    /// What was set.
    pub settings: Settings,
    /// Who runs the platform.
    pub is_operator: IsOperator,
}

/// The use cases of sessions. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) bus: Bus,
    pub(super) keys: Keys,
    pub(super) settings: Settings,
    pub(super) is_operator: IsOperator,
    pub(super) signer: Signer,
    pub(super) live: Cache<Arc<Live>>,
    pub(super) verified: Cache<Arc<Verified>>,
    pub(super) notes: mpsc::Sender<Note>,
    pub(super) to_note: Mutex<mpsc::Receiver<Note>>,
    /// How often a session was read from the database to say who asks.
    pub(super) loads: AtomicU64,
}

impl App {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: Parts<'_>) -> Self {
        let cache = fabric::cache::Settings::default();
        let (notes, to_note) = mpsc::channel(NOTES_MAX);
        App(Arc::new(Inner {
            db: parts.db.clone(),
            sealer: parts.sealer.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            bus: parts.bus.clone(),
            signer: Signer::new(&parts.settings, &parts.keys.token),
            live: Cache::new("sessions", cache, parts.clock, parts.trust),
            // What a signature proves stays true when the log is out of sight; the session behind it is asked for.
            verified: Cache::new("tokens", cache, parts.clock, &Trust::granted()),
            keys: parts.keys,
            settings: parts.settings,
            is_operator: parts.is_operator,
            notes,
            to_note: Mutex::new(to_note),
            loads: AtomicU64::new(0),
        }))
    }

    /// Puts a new session into a commit of the person who signs in. It is there once the commit is stored; whatever
    /// the browser brought along stays what it was and opens nothing.
    ///
    /// # Errors
    /// A database is away, or the person was erased.
    pub async fn begin(&self, commit: &mut Commit, start: Start<'_>) -> Result<Started> {
        self.make_room(commit, &start).await?;
        self.insert(commit, &start).await
    }

    /// Gives a session that proved a second thing another id, another token and the limits of staff. The old one ends
    /// in the same commit.
    ///
    /// # Errors
    /// The caller has no session, or it has ended meanwhile; or a database is away.
    pub async fn step_up(&self, caller: &Caller, client: &Client) -> Result<Started> {
        let person = person_of(caller)?;
        let mut commit = self.new_commit(person);
        let started = self.step_up_in(&mut commit, caller, client).await?;
        self.0
            .db
            .commit(commit, &self.0.db.deadline())
            .await
            .map_err(ended_meanwhile)?;
        self.stepped_up(caller);
        Ok(started)
    }

    /// The same as a part of the caller's own commit, which must be one of the person's. When it is stored,
    /// [`App::stepped_up`] makes this node forget the old session at once.
    ///
    /// # Errors
    /// As for [`App::step_up`].
    pub async fn step_up_in(
        &self,
        commit: &mut Commit,
        caller: &Caller,
        client: &Client,
    ) -> Result<Started> {
        let (person, session) = (person_of(caller)?, session_of(caller)?);
        let old = self
            .stored(person, session)
            .await?
            .filter(|old| old.standing(self.0.clock.now()) == Standing::Live);
        let old = old.ok_or_else(unauthenticated)?;
        edit::end(commit, person, (old.id, old.digest), (Why::SteppedUp, ""))?;
        let start = Start {
            person,
            strength: Strength::Two,
            kind: match old.guest {
                true => Kind::Guest,
                false => Kind::Person,
            },
            client,
            trace: "",
        };
        self.insert(commit, &start).await
    }

    /// Forgets the session that a caller had before it was stepped up.
    pub fn stepped_up(&self, caller: &Caller) {
        if let Some(session) = caller.session() {
            self.forget(session.into());
        }
    }

    /// Ends a session of a person; whether there was one that had not ended. In force on this node when it answers,
    /// on all others within a second.
    ///
    /// # Errors
    /// A database is away.
    pub async fn end(&self, person: PersonId, session: SessionId) -> Result<bool> {
        self.finish(person, session, Why::Revoked).await
    }

    /// Ends all sessions of a person; how many there were.
    ///
    /// # Errors
    /// A database is away; those that were ended stay so.
    pub async fn end_all(&self, person: PersonId) -> Result<usize> {
        self.end_but(person, None).await
    }

    /// Whether a session that has not ended is a guest's.
    pub(crate) async fn is_of_guest(&self, person: PersonId, session: SessionId) -> Result<bool> {
        let stored = self.stored(person, session).await?;
        Ok(stored.is_some_and(|stored| stored.guest && !stored.ended))
    }

    /// Ends a session of a person; whether this did it.
    pub(crate) async fn finish(
        &self,
        person: PersonId,
        session: SessionId,
        why: Why,
    ) -> Result<bool> {
        for _ in 0..TRIES {
            let found = self.stored(person, session).await?;
            let Some(found) = found.filter(|found| !found.ended) else {
                self.forget(session);
                return Ok(false);
            };
            let mut commit = self.new_commit(person);
            edit::end(&mut commit, person, (session, found.digest), (why, ""))?;
            let done = self.0.db.commit(commit, &self.0.db.deadline()).await;
            // Also where the answer was lost: the next request asks the database.
            self.forget(session);
            match done {
                Ok(_) => return Ok(true),
                // Ended by another, or found under another pepper since it was read.
                Err(Failure::Refused { .. }) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(busy())
    }

    /// Ends all sessions of a person but one.
    pub(super) async fn end_but(&self, person: PersonId, kept: Option<SessionId>) -> Result<usize> {
        let (mut count, mut refused) = (0_usize, 0);
        while refused < TRIES {
            let live = self.live_of(person).await?;
            let doomed: Vec<_> = live
                .into_iter()
                .filter(|(id, _)| Some(*id) != kept)
                .collect();
            if doomed.is_empty() {
                return Ok(count);
            }
            let mut commit = self.new_commit(person);
            for one in &doomed {
                edit::end(&mut commit, person, *one, (Why::Revoked, ""))?;
            }
            let done = self.0.db.commit(commit, &self.0.db.deadline()).await;
            doomed.iter().for_each(|(id, _)| self.forget(*id));
            match done {
                Ok(_) => count = count.saturating_add(doomed.len()),
                Err(Failure::Refused { .. }) => refused += 1,
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(busy())
    }

    /// Makes this node ask the database for a session, at once.
    pub(super) fn forget(&self, session: SessionId) {
        self.0.live.invalidate_tag(&session.to_string());
    }

    /// One session of a person as it is stored.
    pub(super) async fn stored(
        &self,
        person: PersonId,
        session: SessionId,
    ) -> Result<Option<Stored>> {
        let rows = self
            .read(person, &rows::READ_ONE, [session.uid().into()])
            .await?;
        rows.first().map(Stored::of).transpose()
    }

    /// The rows of a statement about one person.
    pub(super) async fn read(
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

    pub(super) fn new_commit(&self, person: PersonId) -> Commit {
        Commit::of_person(&self.0.clock, &self.0.random, person.uid())
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.0.db.deadline()
    }

    /// The hash of a token under the pepper in force.
    pub(super) fn digest(&self, purpose: &str, token: &str) -> Digest {
        self.0
            .keys
            .pepper
            .borrow()
            .current
            .1
            .tag(purpose, token.as_bytes())
    }

    /// The hash of a token under the pepper before, while one is kept.
    pub(super) fn older_digest(&self, purpose: &str, token: &str) -> Option<Digest> {
        let pepper = self.0.keys.pepper.borrow();
        let (_, previous) = pepper.previous.as_ref()?;
        Some(previous.tag(purpose, token.as_bytes()))
    }

    /// How often a session was read from the database to say who asks.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.0.loads.load(Ordering::Relaxed)
    }

    async fn insert(&self, commit: &mut Commit, start: &Start<'_>) -> Result<Started> {
        let Inner {
            sealer,
            clock,
            random,
            settings,
            ..
        } = &*self.0;
        let token = Secret::draw(random).to_text();
        let digest = self.digest(TOKEN, &token);
        let tools = Tools {
            clock,
            random,
            sealer,
            limits: settings.limits(start.strength),
            token: (token, digest),
        };
        edit::begin(tools, commit, start, &self.deadline()).await
    }

    /// Ends the oldest sessions in the same commit when there are as many as there may be.
    async fn make_room(&self, commit: &mut Commit, start: &Start<'_>) -> Result<()> {
        let live = self.live_of(start.person).await?;
        let kept = usize::try_from(SESSIONS_MAX)
            .unwrap_or_default()
            .saturating_sub(1);
        for oldest in live.into_iter().skip(kept) {
            edit::end(commit, start.person, oldest, (Why::Crowded, start.trace))?;
        }
        Ok(())
    }

    /// The sessions of a person that were not ended and are not over, the newest first.
    async fn live_of(&self, person: PersonId) -> Result<Vec<(SessionId, Digest)>> {
        let params = [self.0.clock.now().into(), SESSIONS_MAX.into()];
        let rows = self.read(person, &rows::READ_LIVE, params).await?;
        let ids = rows
            .iter()
            .map(|row| Ok((row.get::<Uid>(0)?.into(), digest(row.get(1)?))));
        ids.collect()
    }
}

/// The person of a caller.
pub(super) fn person_of(caller: &Caller) -> Result<PersonId> {
    caller.person().map(PersonId::from).ok_or_else(no_session)
}

/// The session of a caller.
pub(super) fn session_of(caller: &Caller) -> Result<SessionId> {
    caller.session().map(SessionId::from).ok_or_else(no_session)
}

#[track_caller]
fn no_session() -> Error {
    Error::forbidden(codes::FORBIDDEN, "only a person with a session may do this")
}

#[track_caller]
pub(super) fn unauthenticated() -> Error {
    Error::unauthenticated(
        codes::UNAUTHENTICATED,
        "the session has ended; sign in again",
    )
}

#[track_caller]
fn busy() -> Error {
    Error::conflict(
        codes::CONFLICT,
        "others changed the same sessions at the same time",
    )
}

#[track_caller]
fn ended_meanwhile(failure: Failure) -> Error {
    match failure {
        Failure::Refused { .. } => unauthenticated(),
        other => other.into(),
    }
}
