//! Connections to S3-compatible storage: over TLS, kept open for the next call, answers no larger than expected.
//!
//! A redirect is an answer like any other and is not followed. The deadline is that of whoever calls.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base::{Error, Result, codes};
use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service;

use super::away;

/// For how long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(20);
/// How many are kept.
const IDLE_MAX: usize = 16;

/// Whether the storage may be spoken to without TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loopback {
    Tls,
    Plain,
}

/// Speaks to the storage.
pub(super) struct Wire(Client<Connector, Full<Bytes>>);

impl Wire {
    /// Believes the authorities of the file, or else those that browsers believe.
    pub(super) fn new(certificates: Option<&Path>, loopback: Loopback) -> Result<Self> {
        let tls = match loopback {
            Loopback::Plain => None,
            Loopback::Tls => Some(TlsConnector::from(Arc::new(believing(certificates)?))),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(Connector { tls });
        Ok(Wire(client))
    }

    /// Asks, and reads the answer, which may not be larger than this.
    pub(super) async fn ask(
        &self,
        request: Request<Bytes>,
        bytes_max: usize,
    ) -> Result<(StatusCode, Bytes)> {
        let answer = self.0.request(request.map(Full::new)).await;
        let (head, body) = answer.map_err(unreachable)?.into_parts();
        let body = Limited::new(body, bytes_max).collect().await;
        let body = body.map_err(|error| {
            away("an answer of the storage of blobs cannot be read").caused_by(error)
        })?;
        Ok((head.status, body.to_bytes()))
    }
}

/// Whether a host can be nothing but this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: std::result::Result<std::net::IpAddr, _> = bare.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn believing(certificates: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match certificates {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let bad = |error: Box<dyn std::error::Error + Send + Sync>| {
                let said = format!("{} holds no certificates that can be used", file.display());
                Error::invalid(codes::LINE_MALFORMED, said).caused_by(error)
            };
            for found in CertificateDer::pem_file_iter(file).map_err(|error| bad(error.into()))? {
                let found = found.map_err(|error| bad(error.into()))?;
                roots.add(found).map_err(|error| bad(error.into()))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| {
        Error::internal(codes::INTERNAL, "TLS cannot be set up").caused_by(error)
    })?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[track_caller]
fn unreachable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    away("the storage of blobs cannot be reached").caused_by(error)
}

/// Opens connections.
#[derive(Clone)]
struct Connector {
    tls: Option<TlsConnector>,
}

impl Connector {
    async fn connect(self, address: Uri) -> io::Result<Stream> {
        let host = address.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let usual = if self.tls.is_some() { 443 } else { 80 };
        let port = address.port_u16().unwrap_or(usual);
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = self.tls else {
            return Ok(Stream::Plain(TokioIo::new(stream)));
        };
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let stream = tls.connect(name, stream).await?;
        Ok(Stream::Tls(Box::new(TokioIo::new(stream))))
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
        Box::pin(self.clone().connect(address))
    }
}

/// A connection, in the open or under TLS.
enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
