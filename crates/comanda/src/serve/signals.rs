//! The signals to stop: the first begins an orderly end, the second ends at once.

use base::{Error, Result, codes};
use edge::health::Readiness;
use engine::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, caught from the moment this is made.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to catch the signals.
    pub(crate) fn listen() -> Result<Self> {
        let catch = |kind| {
            signal(kind).map_err(|error| {
                let text = format!("signals cannot be caught: {error}");
                Error::unavailable(codes::UNAVAILABLE, text)
            })
        };
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
        })
    }

    /// Gives the stop at the first signal, and ends at the second.
    pub(crate) async fn pass_on(mut self, stop: &Stop, readiness: &Readiness) {
        self.next().await;
        tracing::info!("stopping: what is under way is brought to an end");
        readiness.stopping();
        stop.stop();
        self.next().await;
        tracing::warn!("stopping at once");
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
