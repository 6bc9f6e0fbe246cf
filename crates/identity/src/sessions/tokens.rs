//! Tokens of apps: drawn from a session, refreshed again and again, and ended with it.
//!
//! A refresh token can be used once and gives the next one. One that is used a second time has been copied, and nobody
//! can tell who is the thief; so the whole session ends. That is also what an app does to itself that refreshes twice
//! at the same time: of many who use one token together one gets an answer, and all of them must sign in again.

use std::time::Duration;

use base::{Error, Result, Secret, Time, Trail as _, Uid, codes};
use domain::people::{PersonId, SessionId};
use edge::{Caller, Means};
use store::{Call, Commit, Failure, Value};
use zeroize::Zeroizing;

use super::app::{App, person_of, session_of, unauthenticated};
use super::edit::Why;
use super::jwt::Public;
use super::live::{Digest, Standing, Stored, digest};
use super::store as rows;

/// What the tag of a refresh token is made for.
const REFRESH: &str = "refresh token";
/// The letters of a refresh token.
pub(super) const REFRESH_CHARS: usize = 43;
/// How often it is tried when another change was quicker.
const TRIES: usize = 4;
/// Unused refresh tokens of a session that are put out of use at once. There is one, but for two draws at a time.
const UNUSED_MAX: i64 = 100;

/// What an app gets.
pub(super) struct Drawn {
    pub(super) access: String,
    pub(super) refresh: Zeroizing<String>,
    pub(super) expires_in: Duration,
}

/// A refresh token as its row tells it.
struct Found {
    person: PersonId,
    family: SessionId,
    digest: Digest,
    used: bool,
    ends_at: Time,
}

impl App {
    /// Tokens for the session that the caller asks from. An earlier refresh token of the session is put out of use.
    pub(super) async fn draw(&self, caller: &Caller) -> Result<Drawn> {
        let (person, session) = (person_of(caller)?, session_of(caller)?);
        if caller.means() != Means::Cookie {
            // Else a copied access token could be made to last as long as the session.
            let text = "tokens are drawn from the session itself, not with another token";
            return Err(Error::forbidden(codes::FORBIDDEN, text));
        }
        for _ in 0..TRIES {
            let stored = self
                .live_session(person, session)
                .await?
                .ok_or_else(unauthenticated)?;
            let mut commit = self.new_commit(person);
            let at = commit.at();
            for row in self
                .read(
                    person,
                    &rows::READ_UNUSED,
                    [session.uid().into(), UNUSED_MAX.into()],
                )
                .await?
            {
                let params: [Value; 2] = [row.get::<Vec<u8>>(0)?.into(), at.into()];
                commit.change(&rows::USE_REFRESH, params);
            }
            let next = self.put_next(&mut commit, &stored);
            match self.0.db.commit(commit, &self.deadline()).await {
                Ok(_) => return self.drawn(&stored, at, next),
                Err(Failure::Refused { .. }) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(unauthenticated())
    }

    /// The next tokens for a refresh token that was not used yet.
    pub(super) async fn refresh(&self, token: &str) -> Result<Drawn> {
        for _ in 0..TRIES {
            let found = self.find_refresh(token).await?.ok_or_else(refused)?;
            if found.used {
                self.reused(&found).await?;
                return Err(refused());
            }
            let stored = self.live_session(found.person, found.family).await?;
            let stored = stored.filter(|_| self.0.clock.now() < found.ends_at);
            let stored = stored.ok_or_else(refused)?;
            let mut commit = self.new_commit(found.person);
            let at = commit.at();
            let params: [Value; 2] = [found.digest.to_vec().into(), at.into()];
            commit.guard(&rows::USE_REFRESH, params);
            let next = self.put_next(&mut commit, &stored);
            match self.0.db.commit(commit, &self.deadline()).await {
                Ok(_) => return self.drawn(&stored, at, next),
                // Used by another meanwhile, or its session has ended: the next look tells.
                Err(Failure::Refused { .. }) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(refused())
    }

    /// The public keys of access tokens, the current one first.
    pub(super) fn public_keys(&self) -> Result<Vec<Public>> {
        self.0.signer.public()
    }

    /// Puts the next refresh token of a session into a commit, which is refused where the session has ended.
    fn put_next(&self, commit: &mut Commit, stored: &Stored) -> Zeroizing<String> {
        let at = commit.at();
        let params: [Value; 2] = [stored.digest.to_vec().into(), at.into()];
        commit.guard(&rows::HOLD, params);
        let token = Secret::draw(&self.0.random).to_text();
        let row: [Value; 5] = [
            self.digest(REFRESH, &token).to_vec().into(),
            stored.id.uid().into(),
            Time::EPOCH.into(),
            stored.ends_at.into(),
            at.into(),
        ];
        commit.insert(&rows::REFRESH, row.map(store::Cell::from));
        token
    }

    fn drawn(&self, stored: &Stored, now: Time, refresh: Zeroizing<String>) -> Result<Drawn> {
        let whose = (stored.person, stored.id);
        let (access, expires_in) =
            self.0
                .signer
                .sign(whose, (now, stored.ends_at), &self.0.random)?;
        Ok(Drawn {
            access,
            refresh,
            expires_in,
        })
    }

    /// A session that is good now, by its row.
    async fn live_session(&self, person: PersonId, session: SessionId) -> Result<Option<Stored>> {
        let stored = self.stored(person, session).await?;
        let now = self.0.clock.now();
        Ok(stored.filter(|stored| stored.standing(now) == Standing::Live))
    }

    async fn reused(&self, found: &Found) -> Result<()> {
        if self
            .finish(found.person, found.family, Why::RefreshReused)
            .await?
        {
            metrics::counter!("refresh_reused_total").increment(1);
            tracing::warn!(session = %found.family, "a refresh token was used twice; its session has ended");
        }
        Ok(())
    }

    async fn find_refresh(&self, token: &str) -> Result<Option<Found>> {
        if token.len() != REFRESH_CHARS {
            return Ok(None);
        }
        let digests = [
            Some(self.digest(REFRESH, token)),
            self.older_digest(REFRESH, token),
        ];
        for one in digests.into_iter().flatten() {
            let db = &self.0.db;
            let calls = vec![Call::new(&rows::FIND_REFRESH, [])];
            let found = db.read_held(one, calls, &db.deadline()).await.at()?;
            let Some(row) = found.iter().flatten().next() else {
                continue;
            };
            return Ok(Some(Found {
                person: row.get::<Uid>(0)?.into(),
                family: row.get::<Uid>(1)?.into(),
                digest: one,
                used: row.get::<Time>(2)? != Time::EPOCH,
                ends_at: row.get(3)?,
            }));
        }
        Ok(None)
    }

    /// Removes the refresh tokens of a person who is erased.
    pub(super) async fn remove_refresh(&self, person: PersonId) -> Result<()> {
        loop {
            let found = self
                .read(person, &rows::READ_REFRESH, [UNUSED_MAX.into()])
                .await?;
            if found.is_empty() {
                return Ok(());
            }
            let mut commit = self.new_commit(person);
            for row in &found {
                commit.change(&rows::REMOVE_REFRESH, [digest(row.get(0)?).to_vec().into()]);
            }
            self.0.db.commit(commit, &self.deadline()).await.at()?;
        }
    }
}

#[track_caller]
fn refused() -> Error {
    Error::unauthenticated(
        codes::REFRESH_REFUSED,
        "the refresh token is not good; sign in again",
    )
}
