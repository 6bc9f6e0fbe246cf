//! What is kept of a person here: given out whole, and removed.

use std::time::Duration;

use base::{Result, Time, Trail as _};
use domain::people::{PersonId, SessionId};
use engine::Stop;
use serde_json::{Value, json};
use store::retention::old;
use store::{Call, Failure};

use super::app::App;
use super::store as rows;
use super::view::Listed;

/// How many rows are removed at once.
const AT_ONCE: i64 = 200;
/// How often it is looked for what is too old.
const CLEAR_EVERY: Duration = Duration::from_secs(60 * 60);
/// The pause after each batch that is removed.
const PAUSE: Duration = Duration::from_millis(100);
/// How many sessions are given out at most: all that are kept of anybody.
const EXPORTED_MAX: i64 = 10_000;

impl App {
    /// Everything that is kept of a person's sessions, as JSON. What opens them is a secret and not among it.
    ///
    /// # Errors
    /// A database is away.
    pub async fn export(&self, person: PersonId) -> Result<Value> {
        let rows = self
            .read(person, &rows::READ_ALL, [EXPORTED_MAX.into()])
            .await?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            let listed = Listed::of(row)?;
            let (device, place) = self.opened(person, &listed).await?;
            let ended_at: Time = row.get(10)?;
            sessions.push(json!({
                "id": listed.id,
                "device": device,
                "place": place,
                "factors": listed.strength,
                "kind": row.get::<String>(9)?,
                "since": listed.started_at,
                "lastSeen": listed.seen_at,
                "endsAt": listed.ends_at,
                "endedAt": (ended_at != Time::EPOCH).then_some(ended_at),
            }));
        }
        Ok(json!({ "sessions": sessions }))
    }

    /// When a session of a person began, or was last stepped up; nothing when there is none.
    pub(crate) async fn began(&self, person: PersonId, session: SessionId) -> Result<Option<Time>> {
        let params = [session.uid().into()];
        let found = self.read(person, &rows::READ_ONE, params).await?;
        let began = found.first().map(|row| row.get(5));
        Ok(began.transpose()?)
    }

    /// Ends all sessions of a person and removes what is kept of them. It may be said again.
    ///
    /// # Errors
    /// A database is away; it must be said again.
    pub async fn erase(&self, person: PersonId) -> Result<()> {
        self.end_all(person).await?;
        self.remove_refresh(person).await?;
        loop {
            let rows = self.read(person, &rows::READ_ALL, [AT_ONCE.into()]).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut commit = self.new_commit(person);
            for row in &rows {
                let listed = Listed::of(row)?;
                commit.change(&rows::REMOVE, [listed.digest.to_vec().into()]);
            }
            self.0.db.commit(commit, &self.deadline()).await.at()?;
        }
    }

    /// Removes sessions and refresh tokens that began more than 30 days ago, until the stop. Any node may do it.
    ///
    /// # Errors
    /// A statement is wrong; a database that is away is asked again later.
    pub async fn clear_old(self, stop: Stop) -> Result<()> {
        loop {
            match self.clear_now(&stop).await {
                Ok(()) | Err(Failure::Unavailable(_) | Failure::TooLate) => {}
                Err(failure) => return Err(failure.into()),
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(CLEAR_EVERY) => {}
            }
        }
    }

    async fn clear_now(&self, stop: &Stop) -> store::Outcome<()> {
        let (db, before) = (&self.0.db, old(&self.0.clock, Duration::ZERO)?);
        for sql in [&rows::CLEAR_SESSIONS, &rows::CLEAR_REFRESH] {
            loop {
                let call = Call::new(sql, [before.into(), AT_ONCE.into()]);
                let removed = db.people().clear(call, &db.deadline()).await?;
                if i64::try_from(removed).unwrap_or(i64::MAX) < AT_ONCE || stop.is_stopping() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}
