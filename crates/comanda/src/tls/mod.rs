//! Certificates: from files, or from an authority of our own; and the page by which devices learn to trust that.

pub(crate) mod authority;
pub(crate) mod names;
pub(crate) mod trust;
pub(crate) mod validity;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Clock, Random, Result};
use edge::server::Tls;
use engine::Stop;

use crate::config::Settings;
use crate::config::tls::Mode;
use crate::secrets::guarded;
use authority::Authority;
use names::Names;

/// How often it is looked whether this machine has other addresses now.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A certificate of our own is made anew after so long, well before it ends.
const RENEW_EVERY: Duration = Duration::from_secs(86_400);

/// What encrypts the connections.
#[derive(Clone)]
pub(crate) enum Certificates {
    /// Files, which are read again when they change.
    Files(Tls),
    /// Certificates of our own authority.
    Local(Local),
}

/// Our own authority at work. Clones share everything.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) authority: Arc<Authority>,
    pub(crate) tls: Tls,
    settings: Arc<crate::config::tls::Tls>,
    shown: Arc<Mutex<Names>>,
    clock: Clock,
}

/// Opens what the settings ask for.
///
/// # Errors
/// A file cannot be used, or others may read a key.
pub(crate) fn open(
    settings: &Settings,
    clock: &Clock,
    random: &Random,
) -> Result<Option<Certificates>> {
    let tls = &settings.tls;
    match (tls.mode, &tls.certificate, &tls.key) {
        (Mode::Files, Some(certificate), Some(key)) => {
            guarded::read(key)?;
            Ok(Some(Certificates::Files(Tls::from_files(
                certificate,
                key,
            )?)))
        }
        (Mode::Local, ..) => {
            let names = Names::find(tls);
            let authority = Authority::open(&settings.storage.data, &names, clock.now(), random)?;
            let leaf = authority.leaf(&names, clock.now())?;
            let shown = Tls::from_pem(leaf.chain.as_bytes(), leaf.key.as_bytes())?;
            Ok(Some(Certificates::Local(Local {
                authority: Arc::new(authority),
                tls: shown,
                settings: Arc::new(tls.clone()),
                shown: Arc::new(Mutex::new(names)),
                clock: clock.clone(),
            })))
        }
        _ => Ok(None),
    }
}

impl Certificates {
    /// What the server takes.
    pub(crate) fn tls(&self) -> Tls {
        match self {
            Self::Files(tls) => tls.clone(),
            Self::Local(local) => local.tls.clone(),
        }
    }

    /// Follows changes of files or addresses until the stop.
    ///
    /// # Errors
    /// No certificate can be made; the old one is shown meanwhile.
    pub(crate) async fn follow(self, stop: Stop) -> Result<()> {
        match self {
            Self::Files(tls) => tls.follow(stop).await,
            Self::Local(local) => local.follow(stop).await,
        }
    }
}

impl Local {
    /// The names that the certificate is for now.
    pub(crate) fn names(&self) -> Names {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn follow(self, stop: Stop) -> Result<()> {
        let mut made_at = self.clock.elapsed();
        loop {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let found = Names::find(&self.settings);
            let is_old = self.clock.elapsed().saturating_sub(made_at) > RENEW_EVERY;
            if found == self.names() && !is_old {
                continue;
            }
            let leaf = self.authority.leaf(&found, self.clock.now())?;
            self.tls
                .exchange(leaf.chain.as_bytes(), leaf.key.as_bytes())?;
            made_at = self.clock.elapsed();
            *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = found;
            tracing::info!("a new certificate of our own is shown");
        }
    }
}
