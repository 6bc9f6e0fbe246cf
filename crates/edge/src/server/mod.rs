//! The server: sockets, TLS, HTTP/1 and HTTP/2, and the end of it all.
//!
//! Every connection has a seat, a deadline for each head, body and answer, and a strict reading of its framing that
//! comes before hyper's. A request that passes goes to a [`Respond`], which is the edge. When the stop signal comes,
//! the server says that it is not ready, goes on for a lame-duck time, lets what is under way finish and ends.

mod accept;
mod answer;
mod connection;
mod files;
mod frames;
mod framing;
mod inbound;
mod outbound;
mod seats;
mod settings;
mod tls;
mod watch;
mod wire;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use base::Clock;
use bytes::Bytes;
use engine::Stop;
use http::{Request, Response};
use http_body::Body;
use tokio::net::TcpListener;

pub use crate::health::Readiness;
pub use files::{OpenFiles, raise_open_files};
pub use inbound::{Broken, Inbound};
pub use settings::Settings;
pub use tls::Tls;

/// What goes wrong in the midst of an answer's body.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What answers the requests; the edge, or a function in a test.
pub trait Respond: Clone + Send + Sync + 'static {
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error: Into<Fault>> + Unpin + Send + 'static;

    /// Answers one request.
    fn respond(
        &self,
        request: Request<Inbound>,
    ) -> impl Future<Output = Response<Self::Body>> + Send + 'static;
}

impl<F, Answer, B> Respond for F
where
    F: Fn(Request<Inbound>) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Fault>> + Unpin + Send + 'static,
{
    type Body = B;

    fn respond(
        &self,
        request: Request<Inbound>,
    ) -> impl Future<Output = Response<B>> + Send + 'static {
        self(request)
    }
}

impl Respond for crate::Edge {
    type Body = axum::body::Body;

    fn respond(
        &self,
        request: Request<Inbound>,
    ) -> impl Future<Output = Response<Self::Body>> + Send + 'static {
        self.call(request)
    }
}

/// Who is at the other end; in the extensions of every request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// The address that the connection comes from, which may be that of a proxy.
    pub address: SocketAddr,
    /// Whether the connection to us is encrypted.
    pub scheme: Scheme,
}

/// Whether a connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Under TLS.
    Https,
}

/// What the server needs of its surroundings.
#[derive(Clone, Debug)]
pub struct Parts {
    /// By which the deadlines are measured.
    pub clock: Clock,
    /// What the server sets to stopping first of all. It does not set it to ready: only the binary knows when all is up.
    pub readiness: Readiness,
}

/// How the requests that were under way when the server stopped accepting came to their end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Drained {
    /// How many were answered to the end.
    pub finished: u64,
    /// How many were not, because the time was up.
    pub cut: u64,
}

/// Serves the connections of one listener until it is told to stop and what was under way has ended.
pub async fn serve<S: Respond>(
    listener: TcpListener,
    respond: S,
    tls: Option<Tls>,
    settings: Settings,
    parts: Parts,
    stop: Stop,
) -> Drained {
    let house = connection::House::new(respond, settings, parts, stop);
    accept::run(listener, Arc::new(house), tls).await
}
