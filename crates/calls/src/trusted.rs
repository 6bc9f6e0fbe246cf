//! Whose certificates are believed.

use std::path::Path;
use std::sync::Arc;

use base::{Error, Result, codes};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// Why a file of certificates cannot be used.
pub type Unreadable = Box<dyn std::error::Error + Send + Sync>;

/// The authorities that browsers believe.
#[must_use]
pub fn of_browsers() -> RootCertStore {
    let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
    RootCertStore { roots }
}

/// The authorities of a file, and no others.
///
/// # Errors
/// The file cannot be read, or something in it is no certificate of an authority.
pub fn of_file(file: &Path) -> std::result::Result<RootCertStore, Unreadable> {
    let mut roots = RootCertStore::empty();
    for found in CertificateDer::pem_file_iter(file)? {
        roots.add(found?)?;
    }
    Ok(roots)
}

/// What opens connections under TLS to whoever these authorities vouch for.
///
/// # Errors
/// The TLS of this program cannot be set up.
pub fn tls(roots: RootCertStore) -> Result<TlsConnector> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(codes::INTERNAL, "TLS cannot be set up").caused_by(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
