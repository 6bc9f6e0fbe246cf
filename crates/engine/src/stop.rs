//! The signal to end: raised once, seen by every clone, never taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Tells whoever holds a clone that it is time to end.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Signal>);

#[derive(Debug)]
struct Signal {
    /// For those who only look, which every request does: they take no lock.
    given: AtomicBool,
    tell: watch::Sender<bool>,
}

impl Stop {
    /// A signal that has not been given yet.
    #[must_use]
    pub fn new() -> Self {
        Stop(Arc::new(Signal {
            given: AtomicBool::new(false),
            tell: watch::Sender::new(false),
        }))
    }

    /// Gives the signal. Giving it again changes nothing.
    pub fn stop(&self) {
        // First what is looked at, so that whoever is woken sees it.
        self.0.given.store(true, Ordering::Release);
        self.0.tell.send_replace(true);
    }

    /// Whether the signal was given.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.0.given.load(Ordering::Acquire)
    }

    /// Waits until the signal is given. It may be dropped and called again at any time.
    pub async fn stopped(&self) {
        // The sender is held by this value itself, so the channel cannot close while we wait.
        let mut seen = self.0.tell.subscribe();
        let _given = seen.wait_for(|stopping| *stopping).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Stop::new()
    }
}
