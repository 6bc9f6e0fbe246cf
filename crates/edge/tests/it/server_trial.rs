//! A trial server on a port of its own, and clients that say exactly the bytes that they are told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use edge::server::{self, Broken, Drained, Inbound, Parts, Readiness, Settings, Tls};
use engine::Stop;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What a test waits for at most, on a machine that has other things to do.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// So much that no buffer of any kernel holds it; all answers share it.
static LARGE: [u8; 16 * 1024 * 1024] = [b'x'; 16 * 1024 * 1024];

/// A server that answers with the method, the path and the length of the body of each request.
pub(crate) struct Trial {
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Readiness,
    pub(crate) stop: Stop,
    /// The method and path of each request that got through.
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    server: JoinSet<Drained>,
}

impl Trial {
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::start_with(settings, None).await
    }

    pub(crate) async fn start_with(settings: Settings, tls: Option<Tls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = seen.clone();
        let respond = move |request| answer(noted.clone(), request);
        let (stop, readiness) = (Stop::new(), Readiness::default());
        readiness.ready();
        let parts = Parts {
            clock: Clock::real(),
            readiness: readiness.clone(),
        };
        let stopped = stop.clone();
        let mut server = JoinSet::new();
        server.spawn(async move {
            server::serve(listener, respond, tls, settings, parts, stopped).await
        });
        Self {
            address,
            readiness,
            stop,
            seen,
            server,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Waits for the server to end after its stop.
    pub(crate) async fn drained(&mut self) -> Drained {
        let ended = timeout(LONG * 2, self.server.join_next()).await;
        ended.expect("the server ends").unwrap().unwrap()
    }
}

async fn answer(
    seen: Arc<Mutex<Vec<String>>>,
    mut request: Request<Inbound>,
) -> Response<Full<Bytes>> {
    let said = format!("{} {}", request.method(), request.uri());
    let path = request.uri().path().to_owned();
    seen.lock().unwrap().push(said.clone());
    let status = |status, text: String| {
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    };
    match path.as_str() {
        "/upgrade" => return upgrade(hyper::upgrade::on(&mut request)),
        "/panic" => panic!("as the test wishes"),
        "/slow" => tokio::time::sleep(Duration::from_millis(300)).await,
        "/stuck" => tokio::time::sleep(LONG).await,
        "/large" => return Response::new(Full::from(Bytes::from_static(&LARGE))),
        _ => {}
    }
    match request.into_body().collect().await {
        Ok(body) => status(StatusCode::OK, format!("{said} {}", body.to_bytes().len())),
        Err(Broken::Slow) => status(StatusCode::REQUEST_TIMEOUT, "slow".to_owned()),
        Err(Broken::Wire(_)) => status(StatusCode::BAD_REQUEST, "broken".to_owned()),
    }
}

/// Leaves HTTP and says everything back.
fn upgrade(upgraded: hyper::upgrade::OnUpgrade) -> Response<Full<Bytes>> {
    let mut echo = JoinSet::new();
    echo.spawn(async move {
        let mut stream = TokioIo::new(upgraded.await.unwrap());
        let mut heard = [0; 64];
        while let Ok(bytes @ 1..) = stream.read(&mut heard).await {
            stream.write_all(&heard[..bytes]).await.unwrap();
        }
    });
    echo.detach_all();
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    for (name, value) in [("connection", "upgrade"), ("upgrade", "echo")] {
        let value = http::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// What came back on a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// The status of each final answer, in their order.
    pub(crate) statuses: Vec<u16>,
    pub(crate) end: End,
}

/// How a connection was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Closed,
    Kept,
}

/// Says these bytes and listens until the connection is closed or stays quiet for this long.
pub(crate) async fn say(stream: &mut TcpStream, bytes: &[u8], quiet: Duration) -> Heard {
    // A server that closes early may do so while this is being written.
    let _written_or_closed = stream.write_all(bytes).await;
    listen(stream, quiet).await
}

/// Listens until the connection is closed or stays quiet for this long.
pub(crate) async fn listen(stream: &mut TcpStream, quiet: Duration) -> Heard {
    let mut bytes = Vec::new();
    let end = loop {
        match timeout(quiet, stream.read_buf(&mut bytes)).await {
            Err(_) => break End::Kept,
            Ok(Ok(0) | Err(_)) => break End::Closed,
            Ok(Ok(_)) => {}
        }
    };
    Heard {
        statuses: statuses(&bytes),
        end,
    }
}

/// Reads answers one after another by their lengths; what is no answer shows as 0.
pub(crate) fn statuses(mut bytes: &[u8]) -> Vec<u16> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            found.push(0);
            break;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head
            .get(9..12)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let length = head
            .split("\r\n")
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if status != 100 {
            found.push(status);
        }
        bytes = bytes.get(end + 4 + length..).unwrap_or_default();
    }
    found
}
