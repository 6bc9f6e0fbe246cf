//! Where entries go: a queue with a limit, and what waits for room or for durability.
//!
//! What is seen at the door never waits; what does not fit is counted and told once a minute. Whoever must know that an
//! entry is durable waits for it, and is told so or that it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Error, KeyRing, Result, codes};
use domain::audit::Entry;
use store::Db;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

/// Entries that may wait.
const QUEUE_MAX: usize = 8_192;
/// Refusals of nobody in particular that are kept in a minute: a flood of them must not become a flood of rows.
const STRANGERS_MAX: u64 = 600;
const MINUTE: Duration = Duration::from_secs(60);

/// The audit log of this region, as this process writes it. Cheap to clone.
#[derive(Clone)]
pub struct Ledger(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) keys: watch::Receiver<KeyRing>,
    sender: mpsc::Sender<Item>,
    /// Held by the one appender at work.
    pub(super) queue: Mutex<mpsc::Receiver<Item>>,
    /// Whether the database could not be reached when something was written last.
    pub(super) away: AtomicBool,
    lost: AtomicU64,
    strangers: Strangers,
}

/// An entry on its way.
pub(super) struct Item {
    pub(super) entry: Entry,
    /// Whoever waits for it to be durable.
    pub(super) done: Option<oneshot::Sender<Result<()>>>,
}

impl Item {
    /// Whether anybody still wants it: who waited and went away has told his caller that it was not written.
    pub(super) fn is_wanted(&self) -> bool {
        self.done.as_ref().is_none_or(|done| !done.is_closed())
    }
}

impl Ledger {
    /// The log over these databases; heads are signed with the keys of the ring. Nothing is written before
    /// [`Ledger::run`] runs.
    #[must_use]
    pub fn new(db: &Db, clock: &Clock, keys: watch::Receiver<KeyRing>) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        Ledger(Arc::new(Inner {
            db: db.clone(),
            clock: clock.clone(),
            keys,
            sender,
            queue: Mutex::new(queue),
            away: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            strangers: Strangers::default(),
        }))
    }

    /// Takes an entry to be written soon. It never waits.
    pub fn tell(&self, entry: Entry) {
        let (entry, done) = (entry.bounded(), None);
        match self.0.sender.try_send(Item { entry, done }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.0.lose(1, "full"),
            Err(TrySendError::Closed(_)) => self.0.lose(1, "stopped"),
        }
    }

    /// The same for an entry of somebody whom nobody knows: only so many of these are kept a minute.
    pub(super) fn tell_of_stranger(&self, entry: Entry) {
        if self.0.strangers.let_in(self.0.clock.elapsed()) {
            self.tell(entry);
        } else {
            self.0.lose(1, "strangers");
        }
    }

    /// Writes an entry, and answers when it is durable.
    ///
    /// # Errors
    /// It did not become durable within this time. It may have become so without our knowing.
    pub async fn append(&self, entry: Entry, within: Duration) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let item = Item {
            entry: entry.bounded(),
            done: Some(done),
        };
        let appended = async {
            self.0.sender.send(item).await.map_err(|_| away())?;
            answer.await.map_err(|_| away())?
        };
        match tokio::time::timeout(within, appended).await {
            Ok(appended) => appended,
            Err(_) => Err(away()),
        }
    }

    /// The same for what can come again later: while the database is known to be away it is not even taken. Else what nobody
    /// waits for any more would fill the queue, and keep out what comes once.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    pub async fn append_later(&self, entry: Entry, within: Duration) -> Result<()> {
        match self.0.away.load(Ordering::Relaxed) {
            true => Err(away()),
            false => self.append(entry, within).await,
        }
    }
}

impl Inner {
    /// Counts entries that were not kept.
    pub(super) fn lose(&self, entries: u64, why: &'static str) {
        self.lost.fetch_add(entries, Ordering::Relaxed);
        metrics::counter!("audit_lost_total", "why" => why).increment(entries);
    }

    /// Tells how many were lost since the last time.
    pub(super) fn report(&self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "entries were not written to the audit log");
        }
    }
}

#[track_caller]
fn away() -> Error {
    const RETRY_AFTER: Duration = Duration::from_secs(1);
    Error::unavailable(codes::UNAVAILABLE, "the audit log cannot be written now")
        .retry_after(RETRY_AFTER)
}

/// Counts strangers by the minute.
#[derive(Default)]
struct Strangers {
    minute: AtomicU64,
    seen: AtomicU64,
}

impl Strangers {
    fn let_in(&self, now: Duration) -> bool {
        let minute = now.as_secs() / MINUTE.as_secs();
        // Two that begin a minute at once may let in a few more; that harms nobody.
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.seen.store(0, Ordering::Relaxed);
        }
        self.seen.fetch_add(1, Ordering::Relaxed) < STRANGERS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_let_in_by_the_minute() {
        let strangers = Strangers::default();
        let let_in = |second| {
            (0..STRANGERS_MAX + 5)
                .filter(|_| strangers.let_in(Duration::from_secs(second)))
                .count() as u64
        };
        assert_eq!(let_in(1), STRANGERS_MAX);
        assert_eq!(let_in(59), 0);
        assert_eq!(let_in(60), STRANGERS_MAX);
    }
}
