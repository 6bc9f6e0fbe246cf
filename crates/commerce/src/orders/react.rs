//! Events that become something here: whoever has placed an order finds it in his list.

use std::sync::Arc;

use base::{Result, Trail as _};
use domain::people::PersonId;
use engine::{Consumer, Handled};
use serde::Deserialize;
use store::{Commit, Logged};

use super::app::App;
use super::store::NOTE;

/// What a list wants to know of an event.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    customer: Option<PersonId>,
}

impl App {
    /// What is done about events.
    ///
    /// # Errors
    /// A pattern is none, which a test would have found.
    pub fn consumers(&self) -> Result<Vec<Consumer>> {
        let app = self.clone();
        let note = Consumer::new("orders.people", &["order.created"], move |event| {
            let app = app.clone();
            async move { app.note(&event).await }
        })?;
        // The people database is another one: what cannot be noted now is noted later, and nothing is put aside.
        let app = self.clone();
        let ends = ["order.cancelled", "order.rejected", "order.expired"];
        let tell = Consumer::new("orders.stock", &ends, move |event| {
            let app = app.clone();
            async move { app.tell(&event).await }
        })?;
        Ok(vec![note.waiting(), tell])
    }

    /// Tells everybody what is left of counted items, where what an order held of them has come back.
    async fn tell(&self, event: &Arc<Logged>) -> Result<Handled> {
        let stored = self.find(event.stream.into()).await?;
        for item in stored.held.stock.keys() {
            self.0
                .stock
                .tell_left(stored.order.restaurant, *item)
                .await?;
        }
        Ok(Handled::Done)
    }

    /// Notes who has placed an order. The row is the same however often it is written, in a database of its own.
    async fn note(&self, event: &Arc<Logged>) -> Result<Handled> {
        let told: Told = serde_json::from_str(&event.payload).map_err(|error| {
            base::Error::internal(base::codes::DAMAGED, "an event that does not read")
                .caused_by(error)
        })?;
        let Some(person) = told.customer else {
            return Ok(Handled::Done);
        };
        let inner = &self.0;
        let mut commit = Commit::of_person(&inner.clock, &inner.random, person.uid());
        commit.change(&NOTE, [event.stream.into()]);
        let deadline = inner.db.deadline();
        inner.db.commit(commit, &deadline).await.at()?;
        Ok(Handled::Done)
    }
}
