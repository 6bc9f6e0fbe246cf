//! Sends one request to the collector, over a connection of its own; once a second or less, so none is kept open.
//!
//! Nothing here is traced: it runs in a task that belongs to no request.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use base::{Error, Result, codes};
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long one request may take, from the name of the host to the end of the answer.
pub(super) const SEND_WITHIN: Duration = Duration::from_secs(5);
/// An answer says little; more is not from a collector.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Where systems keep the authorities that they trust.
const AUTHORITIES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// The client of the exporter.
#[derive(Clone)]
pub(crate) struct Client(Option<TlsConnector>);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// Prepares it for an address. For https, authorities are read from the file or from where the system has them.
    pub(crate) fn for_endpoint(endpoint: &Uri, authorities: Option<&Path>) -> Result<Self> {
        if endpoint.scheme_str() != Some("https") {
            return Ok(Self(None));
        }
        let usual = AUTHORITIES
            .iter()
            .map(Path::new)
            .find(|path| path.is_file());
        let file = authorities.or(usual).ok_or_else(|| {
            refused("this system keeps no authorities where they usually are; name their file in `telemetry.certificates`".to_owned())
        })?;
        let bad = |error: &dyn fmt::Display| refused(format!("{}: {error}", file.display()));
        let roots = calls::of_file(file).map_err(|error| bad(&error))?;
        Ok(Self(Some(calls::tls(roots)?)))
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri();
        let host = uri.host().ok_or("the address has no host")?.to_owned();
        let port = uri
            .port_u16()
            .unwrap_or(if self.0.is_some() { 443 } else { 80 });
        let bare = calls::bare(&host).to_owned();
        let stream = TcpStream::connect((bare.as_str(), port)).await?;
        match &self.0 {
            None => exchange(stream, request).await,
            Some(connector) => {
                let name = ServerName::try_from(bare)?;
                exchange(connector.connect(name, stream).await?, request).await
            }
        }
    }
}

#[track_caller]
fn refused(message: String) -> Error {
    Error::invalid(codes::LINE_MALFORMED, message)
}

/// Sends a request over a fresh connection and reads the answer.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let (mut head, body) = request.into_parts();
    if let Some(authority) = head.uri.authority() {
        // What stands before the host would be a password.
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        head.headers.insert(HOST, HeaderValue::from_str(host)?);
    }
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse()?;
    let answer = async {
        let answer = sender
            .send_request(Request::from_parts(head, Full::new(body)))
            .await?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
        Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
    };
    tokio::pin!(answer, connection);
    // The connection does the work for the answer; it may end first, when the collector closes it.
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended?;
            answer.await
        }
    }
}

impl HttpClient for Client {
    fn send_bytes<'client, 'async_trait>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'client: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { tokio::time::timeout(SEND_WITHIN, self.send(request)).await? })
    }
}
