//! TLS: certificate and key from PEM, exchanged while the server runs.
//!
//! Connections keep what they began with; new ones take what was loaded last. A pair that cannot be read or does
//! not belong together is refused and the old one goes on, because an old certificate is better than none.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use base::{Error, Result, codes};
use engine::Stop;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::accept::tell_plain;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The first byte of every TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// A chain of certificates is a few kilobytes; what is larger is another file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The certificate that the server shows. Clones share it.
#[derive(Clone)]
pub struct Tls {
    config: Arc<RwLock<Arc<ServerConfig>>>,
    files: Option<Arc<Files>>,
}

struct Files {
    chain: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// Takes the chain of certificates and the key from PEM files, which may be exchanged later.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or chain and key are none or do not belong together.
    pub fn from_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self> {
        let files = Files {
            chain: chain.into(),
            key: key.into(),
        };
        let config = Arc::new(RwLock::new(files.load()?));
        Ok(Self {
            config,
            files: Some(Arc::new(files)),
        })
    }

    /// Takes the chain of certificates and the key from PEM text.
    ///
    /// # Errors
    ///
    /// When chain and key are none or do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self> {
        let config = Arc::new(RwLock::new(config(chain, key)?));
        Ok(Self {
            config,
            files: None,
        })
    }

    /// Shows this chain from now on.
    ///
    /// # Errors
    ///
    /// As [`Tls::from_pem`]; the old one is shown then.
    pub fn exchange(&self, chain: &[u8], key: &[u8]) -> Result<()> {
        self.put(config(chain, key)?);
        Ok(())
    }

    /// Reads the files again.
    ///
    /// # Errors
    ///
    /// As [`Tls::from_files`]; the old certificate is shown then.
    pub fn reload(&self) -> Result<()> {
        if let Some(files) = &self.files {
            self.put(files.load()?);
        }
        Ok(())
    }

    /// Reads the files again whenever they have changed, until the stop.
    ///
    /// # Errors
    ///
    /// Never; it has the form of supervised work.
    pub async fn follow(self, stop: Stop) -> Result<()> {
        let Some(files) = self.files.clone() else {
            stop.stopped().await;
            return Ok(());
        };
        let mut seen = files.changed_at();
        loop {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = files.changed_at();
            if now == seen {
                continue;
            }
            seen = now;
            match self.reload() {
                Ok(()) => tracing::info!("the certificate was exchanged"),
                // The two files are written one after the other; the second change is seen at the next look.
                Err(error) => tracing::warn!(?error, "the new certificate cannot be used"),
            }
        }
    }

    fn put(&self, config: Arc<ServerConfig>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Begins TLS; gives none when the client spoke plain HTTP and was told so.
    pub(super) async fn shake_hands(
        &self,
        stream: TcpStream,
    ) -> io::Result<Option<TlsStream<TcpStream>>> {
        let mut first = [0; 1];
        let peeked = stream.peek(&mut first).await?;
        if peeked == 0 {
            return Ok(None);
        }
        if first[0] != HANDSHAKE {
            if first[0].is_ascii_uppercase() {
                tell_plain(stream).await?;
            }
            return Ok(None);
        }
        let config = self
            .config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        TlsAcceptor::from(config).accept(stream).await.map(Some)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("from_files", &self.files.is_some())
            .finish()
    }
}

impl Files {
    fn load(&self) -> Result<Arc<ServerConfig>> {
        config(&read(&self.chain)?, &read(&self.key)?)
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        let changed_at = |path: &Path| std::fs::metadata(path).and_then(|about| about.modified());
        [changed_at(&self.chain).ok(), changed_at(&self.key).ok()]
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |error: io::Error| {
        let message = format!("{} cannot be read: {error}", path.display());
        Error::invalid(codes::LINE_MALFORMED, message)
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(unreadable(io::Error::other(
            "it is too large for a certificate or a key",
        )));
    }
    std::fs::read(path).map_err(unreadable)
}

fn config(chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>> {
    let refused = |what: &str, error: &dyn fmt::Display| {
        Error::invalid(codes::LINE_MALFORMED, format!("{what}: {error}"))
    };
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| refused("the certificates are not PEM", &error))?;
    if chain.is_empty() {
        return Err(refused("the certificates", &"there are none in the file"));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| refused("the key is not PEM", &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| refused("TLS", &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refused("certificate and key cannot be used", &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
