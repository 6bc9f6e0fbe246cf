//! The engine one step at a time, for simulations: what its tasks do in turns of their own, at somebody's word.

use std::sync::Arc;

use base::Result;
use store::Logged;

use crate::engine::Engine;
use crate::handle::Trouble;
use crate::timers::{Alarm, Due};

/// How many events are read at a time.
const PAGE: i64 = 64;

/// A timer that was claimed, and is to be rung.
#[derive(Clone, Debug)]
pub struct Claimed {
    handler: usize,
    due: Due,
}

impl Engine {
    /// Claims the timers of a database that are due, as the task of its timers does.
    ///
    /// # Errors
    /// There is no such database, or it is away.
    pub async fn claim_timers(&self, database: &str) -> Result<Vec<Claimed>> {
        let alarm = self.alarm(database)?;
        let mut all = Vec::new();
        for (handler, run_at) in alarm.next().await?.into_iter().enumerate() {
            if run_at.is_none_or(|run_at| run_at > alarm.clock.now()) {
                continue;
            }
            if let Some(known) = alarm.handlers.get(handler) {
                let claimed = alarm.claim(known.kind()).await?;
                all.extend(claimed.into_iter().map(|due| Claimed { handler, due }));
            }
        }
        Ok(all)
    }

    /// Does what a timer asks for that was claimed.
    ///
    /// # Errors
    /// As for [`Engine::claim_timers`].
    pub async fn ring(&self, database: &str, claimed: Claimed) -> Result<()> {
        let alarm = self.alarm(database)?;
        match alarm.handlers.get(claimed.handler) {
            Some(handler) => alarm.ring(handler, claimed.due).await,
            None => Ok(()),
        }
    }

    /// Has a consumer handle the next events of a database, as it does when it holds the lease; answers how many it has
    /// read. One that fails is handed over again the next time.
    ///
    /// # Errors
    /// As for [`Engine::claim_timers`], or an event could not be handled.
    pub async fn read_on(&self, database: &str, consumer: &str) -> Result<usize> {
        let reader = self.reader(database, consumer)?;
        let deadline = self.db().deadline();
        let stored = reader.database.consumer(consumer, &deadline).await?;
        let page = reader.database.log_after(stored, PAGE, &deadline).await?;
        let last = page.last().map_or(stored, |event| event.position);
        let count = page.len();
        for event in page {
            if reader.consumer.takes(&event) {
                let event: Arc<Logged> = Arc::new(event);
                reader
                    .attempt(&event)
                    .await
                    .map_err(|trouble| match trouble {
                        Trouble::Failed(error) => error,
                        Trouble::Away(failure) => failure.into(),
                    })?;
            }
        }
        if last > stored {
            reader
                .database
                .move_consumer(consumer, stored, last, &deadline)
                .await?;
        }
        Ok(count)
    }

    /// The names of all consumers.
    pub fn consumers(&self) -> impl Iterator<Item = &'static str> {
        self.known_consumers().iter().map(crate::Consumer::name)
    }

    fn alarm(&self, database: &str) -> Result<Alarm> {
        let database = self.database(database)?.clone();
        Ok(self.alarm_of(&database))
    }
}
