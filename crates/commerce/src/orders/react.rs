//! Events that become something here: whoever has placed an order finds it in his list.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::Result;
use carte::ItemId;
use domain::people::PersonId;
use engine::{Consumer, Handled};
use serde::Deserialize;
use store::Logged;
use trade::orders::counts;

use super::app::App;
use super::store::Held;

/// What a list wants to know of an event.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    customer: Option<PersonId>,
    #[serde(default)]
    held: Held,
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
        let ends = [
            "order.cancelled",
            "order.change_dropped",
            "order.change_proposed",
            "order.changed",
            "order.expired",
            "order.rejected",
        ];
        let tell = Consumer::new("orders.stock", &ends, move |event| {
            let app = app.clone();
            async move { app.tell(&event).await }
        })?;
        Ok(vec![note.waiting().by_stream(), tell])
    }

    /// Tells everybody what is left of counted items, where what an order held of them has come back, or is other now.
    async fn tell(&self, event: &Arc<Logged>) -> Result<Handled> {
        let stored = self.find(event.stream.into()).await?;
        let (order, held) = (&stored.order, &stored.held);
        let mut items: BTreeSet<ItemId> = held
            .taken()
            .flat_map(|(_, lot)| lot.keys())
            .copied()
            .collect();
        items.extend(held.reserved.iter().flat_map(|lot| lot.stock.keys()));
        items.extend(&held.returned);
        // What a change took out, or was to bring in.
        let gone = order.lines.iter().filter(|line| !line.is_sold());
        items.extend(counts(gone).into_keys());
        for item in items {
            self.0.stock.tell_left(order.restaurant, item).await?;
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
        self.placed(person, event.stream.into()).await?;
        if let Some(cart) = told.held.cart {
            // Mostly it is gone already: whoever ordered it has removed it.
            self.close(person, cart).await?;
        }
        Ok(Handled::Done)
    }
}
