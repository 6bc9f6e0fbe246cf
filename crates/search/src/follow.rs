//! Following what is published: everything once at the start, then what has changed.
//!
//! A node looks twice a second, and at once when it has published something itself. So a change is in the answers of all
//! nodes within about a second after its event.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base::{Result, Trail as _};
use engine::Stop;
use store::{Call, Database, Outcome, Row, Scope};

use super::app::App;
use super::card::{Card, MenuWords};
use super::index::Suspended;
use super::store::{READ_ORGANISATIONS, READ_RESTAURANTS, published, turned};

/// How often a node looks for what has changed.
const LOOK: Duration = Duration::from_millis(500);
/// How many changes are read at once.
const AT_ONCE: i64 = 400;

impl App {
    /// Learns what is published, until the stop.
    ///
    /// # Errors
    /// None: while a database is away, what is known stays in force.
    pub async fn follow(self, stop: Stop) -> Result<()> {
        let mut was_away = false;
        loop {
            let looked = self.look().await;
            if let (Err(error), false) = (&looked, was_away) {
                tracing::warn!(%error, "what is published cannot be read; what is known stays in force");
            }
            was_away = looked.is_err();
            self.known().refresh(self.0.parts.clock.now());
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = self.0.published.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Learns what has changed since the last look, on all shards.
    ///
    /// # Errors
    /// A database is away; those of the others were looked at.
    pub async fn look(&self) -> Result<()> {
        let mut seen = self.0.seen.lock().await;
        let mut looked = Ok(());
        for (name, database) in self.0.parts.db.shards() {
            let seen = seen.entry(name.clone()).or_default();
            looked = looked.and(self.look_at(database, seen).await);
        }
        drop(seen);
        if !self.0.is_read.swap(true, Ordering::Release) {
            let mut index = self.changing();
            index.shrink();
            let size = index.size();
            drop(index);
            tracing::info!(
                size.restaurants,
                size.items,
                size.words,
                "the restaurants are read"
            );
        }
        looked
    }

    async fn look_at(&self, database: &Database, seen: &mut (i64, i64)) -> Result<()> {
        loop {
            let calls = vec![
                Call::new(&READ_RESTAURANTS, [seen.0.into(), AT_ONCE.into()]),
                Call::new(&READ_ORGANISATIONS, [seen.1.into(), AT_ONCE.into()]),
            ];
            let deadline = self.0.parts.db.deadline();
            let mut rows = database.read(Scope::Nobody, calls, &deadline).await.at()?;
            let (organisations, restaurants) = (rows.pop(), rows.pop());
            let (organisations, restaurants) = (
                organisations.unwrap_or_default(),
                restaurants.unwrap_or_default(),
            );
            let is_full = |rows: &[Row]| i64::try_from(rows.len()).unwrap_or(i64::MAX) >= AT_ONCE;
            let more = is_full(&organisations) || is_full(&restaurants);
            for row in &organisations {
                let (change, organisation, is_suspended) = turned(row).at()?;
                let state = if is_suspended {
                    Suspended::Yes
                } else {
                    Suspended::No
                };
                self.changing().set_suspended(organisation, state);
                seen.1 = seen.1.max(change);
            }
            if !restaurants.is_empty() {
                let app = self.clone();
                // To read a thousand menus takes a while, in which others want to be served.
                let learnt = tokio::task::spawn_blocking(move || app.learn(&restaurants));
                let learnt = learnt.await.map_err(|error| {
                    let said = "what is published could not be learnt";
                    base::Error::internal(base::codes::INTERNAL, said).caused_by(error)
                })?;
                seen.0 = seen.0.max(learnt.at()?);
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Puts what was published into the index, and says how far that was.
    fn learn(&self, rows: &[Row]) -> Outcome<i64> {
        let mut last = 0;
        for row in rows {
            let row = published(row)?;
            last = row.change;
            let read = |card: &str| {
                let words = row.words.as_deref().map(MenuWords::from_json).transpose()?;
                Ok::<_, serde_json::Error>((Card::from_json(card)?, words.unwrap_or_default()))
            };
            match row.card.as_deref().map(read) {
                Some(Ok((card, words))) => self.changing().put(card, words),
                Some(Err(error)) => {
                    // Of another version's form; that version's nodes or the next publishing will have it right.
                    tracing::debug!(%error, "a card is of another form");
                }
                None => self.changing().remove(row.restaurant.into()),
            }
        }
        Ok(last)
    }
}
