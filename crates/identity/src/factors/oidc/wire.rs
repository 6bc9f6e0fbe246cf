//! Calls to providers: over TLS, with a time and a size that they must keep to, and never further than where they went.
//!
//! Each call has a connection of its own. A redirect is an answer like any other, and none that is believed.

use std::pin::pin;
use std::time::Duration;

use base::{Error, Result, codes};
use bytes::Bytes;
use calls::{Connector, Loopback};
use futures_util::future::{BoxFuture, Either, select};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use openidconnect::AsyncHttpClient;
use rustls::RootCertStore;

/// How long one call may take.
const WITHIN: Duration = Duration::from_secs(5);
/// How large an answer may be; documents of keys have some kilobytes.
const BYTES_MAX: usize = 256 * 1024;

/// Speaks to providers. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    connector: Connector,
    loopback: Loopback,
}

impl Wire {
    /// Believes the certificates that browsers believe.
    ///
    /// # Errors
    /// The TLS of this program cannot be set up.
    pub(crate) fn new(loopback: Loopback) -> Result<Self> {
        Self::believing(calls::of_browsers(), loopback)
    }

    fn believing(roots: RootCertStore, loopback: Loopback) -> Result<Self> {
        Ok(Wire {
            connector: Connector::new(calls::tls(roots)?, loopback, WITHIN),
            loopback,
        })
    }

    /// Whether an address may be called.
    pub(crate) fn may_call(&self, address: &Uri) -> bool {
        self.loopback.lets(address)
    }

    /// Makes one call.
    ///
    /// # Errors
    /// The address may not be called, the provider cannot be reached, or its answer is too late or too large.
    async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        if !self.may_call(request.uri()) {
            return Err(away("a provider names an address without TLS"));
        }
        let called = tokio::time::timeout(WITHIN, self.go(request)).await;
        called.unwrap_or_else(|_| Err(away("a provider does not answer in time")))
    }

    async fn go(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let opened = self.connector.open(request.uri()).await;
        converse(opened.map_err(unreachable)?, request).await
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = Error;
    type Future = BoxFuture<'c, Result<Response<Vec<u8>>>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

/// Asks and hears over one connection, which is driven meanwhile and dropped afterwards.
async fn converse(stream: calls::Stream, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
    let request = from_here(request)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
        .await
        .map_err(unreachable)?;
    let answer = pin!(async move {
        let response = sender.send_request(request).await.map_err(unreachable)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BYTES_MAX).collect().await;
        let body =
            body.map_err(|error| away("a provider's answer cannot be read").caused_by(error))?;
        Ok(Response::from_parts(head, body.to_bytes().to_vec()))
    });
    match select(answer, pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        // The other end has closed; what it said before is still to be read.
        Either::Right((_, answer)) => answer.await,
    }
}

/// The request as it is written to the server itself: path and query alone, with the host in a header.
fn from_here(request: Request<Vec<u8>>) -> Result<Request<Full<Bytes>>> {
    let (mut head, body) = request.into_parts();
    let unwritable = |error: http::Error| away("an address of a provider is none").caused_by(error);
    let authority = head
        .uri
        .authority()
        .map_or("", |authority| authority.as_str());
    let host = HeaderValue::from_str(authority).map_err(|error| unwritable(error.into()))?;
    head.headers.insert(header::HOST, host);
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = Uri::try_from(path).map_err(|error| unwritable(error.into()))?;
    Ok(Request::from_parts(head, Full::new(Bytes::from(body))))
}

fn away(said: &'static str) -> Error {
    Error::unavailable(codes::UNAVAILABLE, said)
}

#[track_caller]
fn unreachable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    away("a provider cannot be reached").caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{CertifiedKey, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    /// A server with a certificate for this name, and a wire that believes it.
    async fn secure(name: &str) -> (u16, Wire, JoinSet<()>) {
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
        let mut served = JoinSet::new();
        served.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut head = [0; 4096];
                let read = stream.read(&mut head).await.unwrap();
                let said = String::from_utf8_lossy(&head[..read]).into_owned();
                let length = said.len();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{said}");
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        let wire = Wire::believing(roots, Loopback::Tls).unwrap();
        (port, wire, served)
    }

    fn get(address: &str) -> Request<Vec<u8>> {
        Request::get(address).body(Vec::new()).unwrap()
    }

    #[tokio::test]
    async fn a_provider_is_asked_under_tls() {
        let (port, wire, _served) = secure("localhost").await;
        let answer = wire.call(get(&format!("https://localhost:{port}/keys?x=1")));
        let said = String::from_utf8(answer.await.unwrap().into_body()).unwrap();
        assert!(said.starts_with("GET /keys?x=1 HTTP/1.1\r\n"), "{said}");
        assert!(
            said.contains(&format!("host: localhost:{port}\r\n")),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_certificate_of_another_name_or_another_root_is_refused() {
        let (port, wire, _served) = secure("accounts.example.com").await;
        let address = format!("https://localhost:{port}/keys");
        let error = wire.call(get(&address)).await.unwrap_err();
        assert_eq!(error.code(), codes::UNAVAILABLE);
        let (port, _, _served) = secure("localhost").await;
        let address = format!("https://localhost:{port}/keys");
        for usual in [wire, Wire::new(Loopback::Plain).unwrap()] {
            let error = usual.call(get(&address)).await.unwrap_err();
            assert_eq!(error.code(), codes::UNAVAILABLE);
        }
    }

    #[tokio::test]
    async fn an_answer_has_a_size() {
        for (length, fits) in [(BYTES_MAX, true), (BYTES_MAX + 1, false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}/keys", listener.local_addr().unwrap());
            let wire = Wire::new(Loopback::Plain).unwrap();
            let served = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let body = "x".repeat(length);
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
                // The other side hangs up in the midst of what is too large.
                let _ = stream.write_all(answer.as_bytes()).await;
                stream
            };
            let asked = wire.call(get(&address));
            let (answer, _stream) = futures_util::future::join(asked, served).await;
            assert_eq!(
                answer.map(|answer| answer.body().len()).ok(),
                fits.then_some(length)
            );
        }
    }
}
