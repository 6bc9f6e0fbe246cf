//! Secrets as their users take them: each a value that follows the files.

use std::time::Duration;

use base::{CursorKey, KeyRing, Result};
use engine::Stop;
use store::Sealer;
use tokio::sync::watch;

use crate::secrets::{Live, Secrets};

/// How often the files are looked at. A rotation is in force everywhere well within a minute.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// The secrets that follow a rotation.
#[derive(Clone)]
pub(crate) struct Rings {
    live: Live,
    sealer: Sealer,
    cursors: watch::Sender<CursorKey>,
    pepper: watch::Sender<KeyRing>,
    token: watch::Sender<KeyRing>,
    audit: watch::Sender<KeyRing>,
}

impl Rings {
    /// Begins with what was read.
    pub(crate) fn new(live: Live, sealer: &Sealer) -> Self {
        let now = live.now();
        Self {
            sealer: sealer.clone(),
            cursors: watch::Sender::new(cursor_key(&now)),
            pepper: watch::Sender::new(now.pepper.clone()),
            token: watch::Sender::new(now.token.clone()),
            audit: watch::Sender::new(now.audit.clone()),
            live,
        }
    }

    /// What signs cursors.
    pub(crate) fn cursors(&self) -> watch::Receiver<CursorKey> {
        self.cursors.subscribe()
    }

    /// What goes into the hashes of sessions and operator keys.
    pub(crate) fn pepper(&self) -> watch::Receiver<KeyRing> {
        self.pepper.subscribe()
    }

    /// What signs the audit log.
    pub(crate) fn audit(&self) -> watch::Receiver<KeyRing> {
        self.audit.subscribe()
    }

    /// What signs tokens.
    pub(crate) fn token(&self) -> watch::Receiver<KeyRing> {
        self.token.subscribe()
    }

    /// Follows the files until the stop.
    ///
    /// # Errors
    /// Never; it has the form of supervised work.
    pub(crate) async fn follow(self, stop: Stop) -> Result<()> {
        loop {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            self.look();
        }
    }

    fn look(&self) {
        match self.live.look() {
            Ok(false) => {}
            Ok(true) => {
                let now = self.live.now();
                self.cursors.send_replace(cursor_key(&now));
                self.pepper.send_replace(now.pepper.clone());
                self.token.send_replace(now.token.clone());
                self.audit.send_replace(now.audit.clone());
                self.sealer.exchange(&now.master);
                tracing::info!("the secrets were read again; other keys are in force now");
            }
            Err(error) => tracing::warn!(
                ?error,
                "the secrets cannot be read; the old ones stay in force"
            ),
        }
    }
}

fn cursor_key(secrets: &Secrets) -> CursorKey {
    let ring = &secrets.cursor;
    let current = *ring.current.1.bytes();
    match &ring.previous {
        Some((_, previous)) => CursorKey::rotated(current, *previous.bytes()),
        None => CursorKey::new(current),
    }
}
