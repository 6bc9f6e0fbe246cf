//! Whose session it is: remembered by each node, forgotten by events, ended by the clock.
//!
//! A session that is remembered costs no database. It is forgotten at once where it was ended, and on other nodes
//! when the event arrives; while the log is out of sight nothing is believed that is remembered. Idle and absolute
//! ends are judged by the clock with every request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base::{Kind, Result, Time, Trail as _};
use domain::people::{PersonId, SessionId};
use edge::{Role, Strength};
use engine::{Remembers, Stop};
use fabric::{Loaded, Message};
use futures_util::future::join_all;
use store::{Call, Committed, Outcome, Value};

use super::app::{App, unauthenticated};
use super::edit::{ENDED, TOKEN};
use super::live::{Digest, Live, Standing, Stored};
use super::store as rows;

/// How many uses may wait to be noted; more are not noted, and are tried again with the next request.
pub(super) const NOTES_MAX: usize = 4_096;
/// How many are noted at once.
const NOTES_AT_ONCE: usize = 64;
/// About how much memory a session takes.
const LIVE_BYTES: usize = 768;
/// That somebody runs the platform is believed no longer than this: it is taken away without an event.
const OPERATOR_AGE_MAX: Duration = Duration::from_secs(3);
/// The letters of a token.
const TOKEN_CHARS: usize = 43;

/// A use of a session that is to be written down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    person: PersonId,
    digest: Digest,
    at: Time,
}

/// By what a session is looked for.
#[derive(Clone, Copy)]
enum By<'a> {
    Token(&'a str),
    Id(PersonId, SessionId),
}

impl App {
    /// The session that a token opens.
    pub(super) async fn by_token(&self, token: &str) -> Result<Arc<Live>> {
        // What cannot be one of ours asks nobody.
        let is_token = token.len() == TOKEN_CHARS && token.bytes().all(is_letter);
        if !is_token {
            return Err(unauthenticated());
        }
        let key = base::base64::encode(&self.digest(TOKEN, token));
        self.by_key(&key, By::Token(token)).await
    }

    /// The session that an access token names.
    pub(super) async fn by_id(
        &self,
        key: &str,
        person: PersonId,
        id: SessionId,
    ) -> Result<Arc<Live>> {
        self.by_key(key, By::Id(person, id)).await
    }

    async fn by_key(&self, key: &str, by: By<'_>) -> Result<Arc<Live>> {
        let cache = &self.0.live;
        let mut live = cache.get_or_set(key, || self.load(by)).await?;
        let mut standing = live.standing(self.0.clock.now());
        if standing == Standing::Idle {
            // It may have been used on another node.
            cache.invalidate_key(key).await;
            live = cache.get_or_set(key, || self.load(by)).await?;
            standing = live.standing(self.0.clock.now());
        }
        if standing != Standing::Live {
            return Err(unauthenticated());
        }
        self.note(&live);
        Ok(live)
    }

    /// Reads a session. What is not there or not good is an error, which no cache remembers.
    async fn load(&self, by: By<'_>) -> Result<Loaded<Arc<Live>>> {
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("sessions_read_total").increment(1);
        let stored = match by {
            By::Token(token) => self.find(token).await?,
            By::Id(person, id) => self.stored(person, id).await?,
        };
        let now = self.0.clock.now();
        let stored = stored.filter(|stored| stored.standing(now) == Standing::Live);
        let stored = stored.ok_or_else(unauthenticated)?;
        let (session, person) = (stored.id.to_string(), stored.person.to_string());
        let left = stored.ends_at.since(now);
        let (role, age_max) = match self.is_operator(&stored).await? {
            Some(true) => (Role::Operator, left.min(OPERATOR_AGE_MAX)),
            Some(false) => (Role::Person, left),
            None => (Role::Person, left.min(OPERATOR_AGE_MAX)),
        };
        let live = Arc::new(Live::new(stored, role));
        Ok(Loaded::new(live, LIVE_BYTES)
            .tag(session)
            .tag(person)
            .age_max(age_max))
    }

    /// Whether a session is an operator's; nothing where that cannot be asked now. Staff must not wait for the
    /// database of operators, and nobody becomes one by its being away.
    async fn is_operator(&self, stored: &Stored) -> Result<Option<bool>> {
        if stored.strength != Strength::Two {
            return Ok(Some(false));
        }
        match (self.0.is_operator)(stored.person).await {
            Ok(is) => Ok(Some(is)),
            Err(error) if error.kind() == Kind::Unavailable => {
                tracing::warn!(
                    ?error,
                    "it cannot be asked who is an operator; nobody is, for now"
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Looks under the pepper in force, then under the one before; what is found there is put under the one in force.
    async fn find(&self, token: &str) -> Result<Option<Stored>> {
        let current = self.digest(TOKEN, token);
        if let Some(found) = self.held(current).await? {
            return Ok(Some(found));
        }
        let Some(older) = self.older_digest(TOKEN, token) else {
            return Ok(None);
        };
        let Some(mut found) = self.held(older).await? else {
            return Ok(None);
        };
        if found.standing(self.0.clock.now()) == Standing::Live {
            let mut commit = self.new_commit(found.person);
            let params: [Value; 2] = [older.to_vec().into(), current.to_vec().into()];
            commit.change(&rows::REDIGEST, params);
            match self.0.db.commit(commit, &self.deadline()).await {
                Ok(_) => found.digest = current,
                // It is good all the same, and the next look tries again.
                Err(failure) => {
                    tracing::debug!(%failure, "a session stays under the pepper before")
                }
            }
        }
        Ok(Some(found))
    }

    async fn held(&self, digest: Digest) -> Result<Option<Stored>> {
        let db = &self.0.db;
        let calls = vec![Call::new(&rows::FIND, [])];
        let found = db.read_held(digest, calls, &db.deadline()).await.at()?;
        found.iter().flatten().next().map(Stored::of).transpose()
    }

    /// Has the use of a session written down, at most once a minute and without waiting.
    fn note(&self, live: &Live) {
        let at = self.0.clock.now();
        if !live.is_due(at) {
            return;
        }
        let (person, digest) = (live.stored.person, live.stored.digest);
        if self.0.notes.try_send(Note { person, digest, at }).is_err() {
            metrics::counter!("sessions_unnoted_total").increment(1);
        }
    }

    /// Writes down when sessions were used, until the stop.
    ///
    /// # Errors
    /// Never; it has the form of supervised work.
    pub async fn keep_notes(self, stop: Stop) -> Result<()> {
        let mut notes = self.0.to_note.lock().await;
        let mut batch = Vec::with_capacity(NOTES_AT_ONCE);
        loop {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                _ = notes.recv_many(&mut batch, NOTES_AT_ONCE) => {}
            }
            self.write_notes(&mut batch).await;
        }
    }

    /// Writes down what waits to be; for tests, and for a node that ends.
    pub async fn flush_notes(&self) {
        let mut notes = self.0.to_note.lock().await;
        let mut batch = Vec::new();
        while let Ok(note) = notes.try_recv() {
            batch.push(note);
        }
        self.write_notes(&mut batch).await;
    }

    async fn write_notes(&self, batch: &mut Vec<Note>) {
        let written = join_all(batch.drain(..).map(|note| self.write_note(note))).await;
        if let Some(failure) = written.iter().find_map(|done| done.as_ref().err()) {
            tracing::warn!(%failure, "uses of sessions were not noted; they may end as idle too early");
        }
    }

    async fn write_note(&self, note: Note) -> Outcome<Committed> {
        let mut commit = self.new_commit(note.person);
        let params: [Value; 2] = [note.digest.to_vec().into(), note.at.into()];
        commit.change(&rows::SEEN, params);
        self.0.db.commit(commit, &self.deadline()).await
    }

    /// Forgets what other nodes ended, until the stop.
    ///
    /// # Errors
    /// The bus takes no more subscriptions, or is gone.
    pub async fn follow(self, stop: Stop) -> Result<()> {
        engine::follow(&self, (&self.0.bus, &[ENDED]), &stop).await
    }
}

impl Remembers for App {
    async fn learn(&self, message: &Message) {
        if let Some(session) = session_of(&message.id) {
            self.forget(session);
        }
    }

    fn forget_all(&self) {
        self.0.live.invalidate_all();
    }
}

/// The session that an event is about: the stream in its id.
fn session_of(event: &str) -> Option<SessionId> {
    let (stream, _) = event.split_once('.')?;
    let digits = stream.split_once('_')?.1;
    format!("{}_{digits}", SessionId::PREFIX).parse().ok()
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_of_an_event_is_its_stream() {
        let session: SessionId = base::Uid::from_bytes([5; 16]).into();
        let stream = session.to_string().replace("ses_", "evt_");
        assert_eq!(session_of(&format!("{stream}.2")), Some(session));
        assert_eq!(session_of(&stream), None);
        assert_eq!(session_of("evt_x.2"), None);
    }
}
