//! Opens connections, within a time, to whoever may be spoken to.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use crate::loopback::{Loopback, bare};
use crate::stream::Stream;

/// Opens connections. Clones are the same.
#[derive(Clone)]
pub struct Connector {
    tls: TlsConnector,
    loopback: Loopback,
    within: Duration,
}

impl Connector {
    /// Opens connections under this TLS, none of which may take longer than this to come about.
    #[must_use]
    pub fn new(tls: TlsConnector, loopback: Loopback, within: Duration) -> Self {
        Connector {
            tls,
            loopback,
            within,
        }
    }

    /// Opens a connection to the host of an address.
    ///
    /// # Errors
    /// The address may not be called, nobody is there, he takes too long, or he cannot be believed.
    pub async fn open(&self, address: &Uri) -> io::Result<Stream> {
        if !self.loopback.lets(address) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let opened = tokio::time::timeout(self.within, self.connect(address)).await;
        opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn connect(&self, address: &Uri) -> io::Result<Stream> {
        let host = bare(address.host().unwrap_or_default()).to_owned();
        let is_plain = address.scheme_str() == Some("http");
        let usual = if is_plain { 80 } else { 443 };
        let port = address.port_u16().unwrap_or(usual);
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        if is_plain {
            return Ok(Stream::plain(stream));
        }
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        Ok(Stream::tls(self.tls.connect(name, stream).await?))
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("loopback", &self.loopback)
            .finish_non_exhaustive()
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.open(&address).await })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{CertifiedKey, KeyPair};
    use rustls::RootCertStore;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::net::TcpListener;

    use super::*;
    use crate::trusted::{of_browsers, tls};

    const WITHIN: Duration = Duration::from_millis(500);

    fn uri(address: &str) -> Uri {
        Uri::try_from(address).unwrap()
    }

    /// Takes one connection with a certificate for this name, and says which authority vouches for it.
    async fn secure(name: &str) -> (u16, RootCertStore, impl Future<Output = ()>) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]);
        let CertifiedKey { cert, signing_key }: CertifiedKey<KeyPair> = made.unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = async move {
            let (stream, _) = listener.accept().await.unwrap();
            // Whoever does not believe the certificate hangs up.
            let _spoken = acceptor.accept(stream).await;
        };
        (port, roots, taken)
    }

    async fn opened(name: &str, believes: impl FnOnce(RootCertStore) -> RootCertStore) -> bool {
        let (port, roots, taken) = secure(name).await;
        let tls = tls(believes(roots)).unwrap();
        let connector = Connector::new(tls, Loopback::Tls, WITHIN * 10);
        let address = uri(&format!("https://localhost:{port}/"));
        let (opened, ()) = tokio::join!(connector.open(&address), taken);
        opened.is_ok()
    }

    #[tokio::test]
    async fn only_who_is_vouched_for_under_his_own_name_is_believed() {
        assert!(opened("localhost", |roots| roots).await);
        assert!(!opened("accounts.example.com", |roots| roots).await);
        assert!(!opened("localhost", |_| of_browsers()).await);
    }

    #[tokio::test]
    async fn in_the_open_nobody_is_spoken_to_but_this_machine_where_it_may_be() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = async |loopback, address: &str| {
            let connector = Connector::new(tls(of_browsers()).unwrap(), loopback, WITHIN);
            let opened = connector.open(&uri(address)).await;
            opened.map_err(|error| error.kind())
        };
        let here = format!("http://127.0.0.1:{port}/");
        assert!(open(Loopback::Plain, &here).await.is_ok());
        let refused = Err(io::ErrorKind::PermissionDenied);
        let strict = open(Loopback::Tls, &here).await.map(|_| ());
        assert_eq!(strict, refused);
        let afar = open(Loopback::Plain, "http://192.0.2.1/").await.map(|_| ());
        assert_eq!(afar, refused);
    }

    #[tokio::test]
    async fn whoever_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connector = Connector::new(tls(of_browsers()).unwrap(), Loopback::Tls, WITHIN);
        let address = uri(&format!("https://127.0.0.1:{port}/"));
        let opened = connector.open(&address).await;
        let kind = opened.map(|_| ()).map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::TimedOut));
    }
}
