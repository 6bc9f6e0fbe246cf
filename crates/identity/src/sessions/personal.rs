//! What is kept of a person here: given out whole, and removed.

use base::{Result, Time, Trail as _};
use domain::people::PersonId;
use serde_json::{Value, json};

use super::app::App;
use super::store as rows;
use super::view::Listed;

/// How many rows are removed at once.
const AT_ONCE: i64 = 200;
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
}
