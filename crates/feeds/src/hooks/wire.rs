//! One call to a hook: over TLS, to an address that was judged, with a time and a size, and never any further.
//!
//! Each call has a connection of its own, so none is to an address that was judged for another. A redirect is an answer
//! like any other that is not well.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use base::Result;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::reach::{Neighbours, Resolve, Target, is_public};

/// How long one call may take in all.
const WITHIN: Duration = Duration::from_secs(15);
/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How many addresses of a host are tried.
const ADDRESSES_MAX: usize = 2;
/// How much of an answer is read; nobody looks at it.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How large the head of an answer may be.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Calls hooks. Clones are the same.
#[derive(Clone)]
pub struct Wire {
    tls: TlsConnector,
    resolver: Arc<dyn Resolve>,
    neighbours: Neighbours,
}

/// Why a call came to nothing, in words for the owner of the hook.
pub(super) type Why = &'static str;

impl Wire {
    /// Believes the certificates that browsers believe.
    ///
    /// # Errors
    /// The TLS of this program cannot be set up.
    pub fn new(resolver: Arc<dyn Resolve>, neighbours: Neighbours) -> Result<Self> {
        Self::believing(calls::of_browsers(), resolver, neighbours)
    }

    /// Believes these certificates.
    ///
    /// # Errors
    /// The TLS of this program cannot be set up.
    pub fn believing(
        roots: RootCertStore,
        resolver: Arc<dyn Resolve>,
        neighbours: Neighbours,
    ) -> Result<Self> {
        Ok(Wire {
            tls: calls::tls(roots)?,
            resolver,
            neighbours,
        })
    }

    /// Sends a body to a hook, and gives the status of the answer.
    pub(super) async fn post(
        &self,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> std::result::Result<StatusCode, Why> {
        let called = tokio::time::timeout(WITHIN, self.go(target, headers, body)).await;
        called.unwrap_or(Err("it does not answer in time"))
    }

    async fn go(
        &self,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> std::result::Result<StatusCode, Why> {
        let stream = self.connect(target).await?;
        let name = ServerName::try_from(target.host.clone()).map_err(|_| "its host is no name")?;
        let stream = self.tls.connect(name, stream).await;
        let stream = stream.map_err(|_| "its certificate cannot be believed")?;
        let request = request(target, headers, body).map_err(|_| "its address is none")?;
        converse(stream, request).await
    }

    /// Connects to one of the addresses that the host has now. One that is not in the public network condemns all:
    /// no host of the public network has such a one beside others.
    async fn connect(&self, target: &Target) -> std::result::Result<TcpStream, Why> {
        let found = self.resolver.resolve(&target.host).await;
        let found = found.map_err(|_| "its host has no address")?;
        let may = |address: &IpAddr| self.neighbours == Neighbours::Allowed || is_public(*address);
        if found.is_empty() {
            return Err("its host has no address");
        }
        if !found.iter().all(may) {
            return Err("its host is in a private network");
        }
        for address in found.iter().take(ADDRESSES_MAX) {
            let connected = TcpStream::connect((*address, target.port));
            if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_WITHIN, connected).await {
                return Ok(stream);
            }
        }
        Err("it cannot be reached")
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("neighbours", &self.neighbours)
            .finish_non_exhaustive()
    }
}

fn request(
    target: &Target,
    headers: HeaderMap,
    body: Bytes,
) -> std::result::Result<Request<Full<Bytes>>, http::Error> {
    let mut request = Request::post(target.path.as_str()).body(Full::new(body))?;
    *request.headers_mut() = headers;
    let host = HeaderValue::from_str(&target.authority())?;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

/// Asks and hears over one connection, which is driven meanwhile and dropped afterwards.
async fn converse<S>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> std::result::Result<StatusCode, Why>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = "it does not speak HTTP as it should";
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| broken)?;
    let answer = pin!(async move {
        let response = sender.send_request(request).await.map_err(|_| broken)?;
        let (head, body) = response.into_parts();
        // Whether it was taken says the status; the rest is read only so that it was said in peace.
        let _said = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        Ok(head.status)
    });
    match select(answer, pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        // The other end has closed; what it said before is still to be read.
        Either::Right((_, answer)) => answer.await,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one list after the other, and the last for ever.
    struct Says {
        lists: Vec<Vec<&'static str>>,
        asked: AtomicUsize,
    }

    impl Resolve for Says {
        fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            let list = self.lists.get(asked).or(self.lists.last());
            let list = list.map(|list| list.iter().map(|text| text.parse().unwrap()).collect());
            Box::pin(async { list.ok_or_else(|| io::ErrorKind::NotFound.into()) })
        }
    }

    fn wire(lists: &[&[&'static str]], neighbours: Neighbours) -> (Wire, Arc<Says>) {
        let says = Arc::new(Says {
            lists: lists.iter().map(|list| list.to_vec()).collect(),
            asked: AtomicUsize::new(0),
        });
        let wire = Wire::new(says.clone(), neighbours).unwrap();
        (wire, says)
    }

    fn target(port: u16) -> Target {
        Target::parse(&format!("https://hooks.example.com:{port}/")).unwrap()
    }

    async fn post(wire: &Wire, port: u16) -> std::result::Result<StatusCode, Why> {
        wire.post(&target(port), HeaderMap::new(), Bytes::new())
            .await
    }

    #[tokio::test]
    async fn nobody_leads_us_to_a_neighbour() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lists: [&[&'static str]; 9] = [
            &["127.0.0.1"],
            &["::1"],
            &["::ffff:127.0.0.1"],
            &["0.0.0.0"],
            &["169.254.169.254"],
            &["10.0.0.7"],
            &["fd00::7"],
            // One neighbour among strangers, wherever it stands.
            &["93.184.215.14", "127.0.0.1"],
            &["127.0.0.1", "93.184.215.14"],
        ];
        for list in lists {
            let (wire, _) = wire(&[list], Neighbours::Refused);
            let called = post(&wire, port).await;
            assert_eq!(called, Err("its host is in a private network"), "{list:?}");
        }
        assert!(
            listener.accept().now_or_never().is_none(),
            "somebody was connected to"
        );
        let (wire, _) = wire(&[&[]], Neighbours::Refused);
        assert_eq!(post(&wire, port).await, Err("its host has no address"));
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_asked_once_and_the_judged_one_is_called() {
        let judged = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = judged.local_addr().unwrap().port();
        let other = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
        let (wire, says) = wire(&[&["127.0.0.1"], &["127.0.0.2"]], Neighbours::Allowed);
        let accepted = async {
            // Nothing is said: hanging up ends the call.
            drop(judged.accept().await.unwrap());
        };
        let (called, ()) = futures_util::future::join(post(&wire, port), accepted).await;
        assert_eq!(called, Err("its certificate cannot be believed"));
        assert_eq!(says.asked.load(Ordering::SeqCst), 1);
        assert!(other.accept().now_or_never().is_none());
        // The next call asks again, and what is said then is judged then.
        let (wire, _) = self::wire(&[&["93.184.215.14"], &["127.0.0.1"]], Neighbours::Refused);
        let _first = wire.resolver.resolve("hooks.example.com").await;
        assert_eq!(
            post(&wire, port).await,
            Err("its host is in a private network")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_is_not_waited_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (wire, _) = wire(&[&["127.0.0.1"]], Neighbours::Allowed);
        let silent = async {
            let (_stream, _) = listener.accept().await.unwrap();
            std::future::pending::<()>().await;
        };
        let called = select(Box::pin(post(&wire, port)), Box::pin(silent)).await;
        let Either::Left((called, _)) = called else {
            panic!("it ended by itself");
        };
        assert_eq!(called, Err("it does not answer in time"));
    }
}
