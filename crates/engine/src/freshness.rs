//! How much of the log this node has passed on, in time: whether it may believe what it remembers.
//!
//! A node that reads the log to its end at some moment, and has told its own bus of everything, knows all that was
//! committed before that moment. When the last such moment is more than two seconds ago, the caches are not believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Result};
use fabric::Trust;

use crate::stop::Stop;

/// After this time without sight of the head, memory is not believed.
const BLIND_AT_MOST: Duration = Duration::from_secs(2);

/// How often the watch looks.
const LOOK: Duration = Duration::from_millis(100);

/// When one database was seen to its end. Clones are the same.
#[derive(Clone, Debug)]
pub struct Freshness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    /// Microseconds of the clock's running time, plus one; zero for never.
    seen: AtomicU64,
}

impl Freshness {
    /// Of a database that was not seen yet.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        Freshness(Arc::new(Inner {
            clock: clock.clone(),
            seen: AtomicU64::new(0),
        }))
    }

    /// Whether everything that was committed until two seconds ago is known on this node.
    #[must_use]
    pub fn trusted(&self) -> bool {
        let Some(seen) = self.0.seen.load(Ordering::SeqCst).checked_sub(1) else {
            return false;
        };
        let blind = self
            .0
            .clock
            .elapsed()
            .saturating_sub(Duration::from_micros(seen));
        blind <= BLIND_AT_MOST
    }

    /// The head was seen by a look that began then.
    pub(crate) fn saw(&self, began: Duration) {
        let micros = u64::try_from(began.as_micros()).unwrap_or(u64::MAX);
        self.0
            .seen
            .fetch_max(micros.saturating_add(1), Ordering::SeqCst);
    }
}

/// Grants or withdraws the trust of the caches, by all databases together, until the stop.
pub(crate) async fn watch(
    databases: Arc<[(String, Freshness)]>,
    trust: Trust,
    stop: Stop,
) -> Result<()> {
    loop {
        let blind = databases.iter().find(|(_, fresh)| !fresh.trusted());
        match blind {
            None if !trust.holds() => {
                trust.grant();
                tracing::info!("the log is in sight; caches are believed");
            }
            Some((name, _)) if trust.holds() => {
                trust.withdraw();
                tracing::warn!(
                    database = name,
                    "the log is out of sight; caches are not believed"
                );
            }
            None | Some(_) => {}
        }
        metrics::gauge!("log_trusted").set(if blind.is_none() { 1.0 } else { 0.0 });
        tokio::select! {
            () = stop.stopped() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
