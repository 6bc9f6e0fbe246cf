//! The relay: passes every event of a database on to the bus of this node, in the order of the log.
//!
//! The bus is memory, so each node tells its own bus, of everything that is committed from the start of the node on.
//! What came before is in the log for whoever needs it. After a failure the relay goes on where it was and may tell
//! an event twice, never leave one out. A shared broker would be told by one node at a time, under a lease and from
//! a position in the database; the steps would be the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::{Clock, Result};
use fabric::{Bus, Message};
use store::{Database, Deadline, Failure, Logged};

use crate::freshness::Freshness;
use crate::stop::Stop;
use crate::tail::Tail;

/// Events that are read at once.
const PAGE: i64 = 256;
/// How long a look at the log may take.
const WITHIN: Duration = Duration::from_secs(1);
/// How often the log is looked at although nobody called.
const FALLBACK: Duration = Duration::from_millis(500);
/// The wait after a look that failed.
const AGAIN: Duration = Duration::from_millis(250);

base::typed_id!(
    /// The stream of an event, in the text of an event's id.
    EventStream = "evt";
);

/// The id of an event, the same wherever its organisation lives: its stream and its place in it.
#[must_use]
pub fn event_id(event: &Logged) -> String {
    format!("{}.{}", EventStream::from(event.stream), event.version)
}

/// The relay of one database on one node.
pub(crate) struct Relay {
    name: String,
    database: Database,
    bus: Bus,
    tail: Tail,
    clock: Clock,
    freshness: Freshness,
    /// The last event that was passed on; negative while the start is not known. It outlives a panic of the task.
    position: AtomicI64,
}

impl Relay {
    pub(crate) fn new(
        name: &str,
        database: &Database,
        (bus, tail): (&Bus, &Tail),
        fresh: (&Clock, &Freshness),
    ) -> Self {
        Relay {
            name: name.to_owned(),
            database: database.clone(),
            bus: bus.clone(),
            tail: tail.clone(),
            clock: fresh.0.clone(),
            freshness: fresh.1.clone(),
            position: AtomicI64::new(-1),
        }
    }

    /// Follows the log until the stop. A database that is away is asked again and again.
    pub(crate) async fn run(&self, stop: &Stop) -> Result<()> {
        let mut head = self.database.head();
        let mut away = false;
        while !stop.is_stopping() {
            let step = self.step().await;
            if step.is_err() {
                // Another server may stand in its place, which lacks the last of what this one had.
                self.tail.forget();
            }
            match step {
                Ok(true) => continue,
                Ok(false) => {
                    if std::mem::take(&mut away) {
                        tracing::info!(database = self.name, "the log can be read again");
                    }
                    let position = self.position.load(Ordering::SeqCst);
                    let news = head.wait_for(|head| *head > position);
                    tokio::select! {
                        () = stop.stopped() => {}
                        _ = tokio::time::timeout(FALLBACK, news) => {}
                    }
                }
                Err(Failure::Unavailable(_) | Failure::TooLate) => {
                    if !std::mem::replace(&mut away, true) {
                        tracing::warn!(database = self.name, "the log cannot be read");
                    }
                    tokio::select! {
                        () = stop.stopped() => {}
                        () = tokio::time::sleep(AGAIN) => {}
                    }
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(())
    }

    /// Passes on a page of events; whether there may be more.
    async fn step(&self) -> std::result::Result<bool, Failure> {
        let began = self.clock.elapsed();
        let deadline = Deadline::within(&self.clock, WITHIN);
        let from = self.position.load(Ordering::SeqCst);
        if from < 0 {
            let head = self.database.log_head(&deadline).await?;
            self.position.store(head, Ordering::SeqCst);
            self.freshness.saw(began);
            return Ok(false);
        }
        let page = self.database.log_after(from, PAGE, &deadline).await?;
        let full = i64::try_from(page.len()).unwrap_or(PAGE) >= PAGE;
        let page: Vec<Arc<Logged>> = page.into_iter().map(Arc::new).collect();
        self.tail.keep(from, &page);
        for event in page {
            let position = event.position;
            self.bus
                .publish(message(&event))
                .await
                .map_err(|error| Failure::Unavailable(error.to_string()))?;
            self.position.store(position, Ordering::SeqCst);
        }
        if !full {
            self.freshness.saw(began);
        }
        Ok(full)
    }
}

fn message(event: &Logged) -> Message {
    Message {
        id: event_id(event).into(),
        topic: event.kind.as_str().into(),
        organisation: event.organisation,
        position: event.position,
        payload: event.payload.as_str().into(),
        trace: event.trace.as_str().into(),
        at: event.at,
    }
}
