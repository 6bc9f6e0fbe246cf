//! A proxy on loopback that breaks connections where a test says.
//!
//! It forwards bytes between clients and one server and counts PostgreSQL messages on the way. A test first
//! watches a healthy run ([`Proxy::forget`], then [`Proxy::messages`]), then repeats it with a [`Cut`] at each
//! place in turn. It never changes a byte: what arrives is always the beginning of what was sent.

mod fault;
mod framing;
mod pump;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use fault::{Cut, Direction, Message};
use fault::{Flow, Shared};
use framing::Protocol;

/// A running proxy. Dropping it closes its connections and its port.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy in front of a PostgreSQL server, on the caller's runtime.
    pub async fn start(upstream: SocketAddr) -> Self {
        Self::listen(upstream, Protocol::Postgres).await
    }

    /// Starts a proxy in front of any server; it counts bytes and knows no messages.
    pub async fn start_bytes(upstream: SocketAddr) -> Self {
        Self::listen(upstream, Protocol::Bytes).await
    }

    async fn listen(upstream: SocketAddr, protocol: Protocol) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("no free port on 127.0.0.1");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared::new(protocol));
        let listening = pump::spawn(serve(listener, upstream, Arc::clone(&shared)));
        Self {
            address,
            shared,
            listening,
        }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port alone, for `Database::url_through` and `Database::config_through`.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts the connection that reaches this place, counted from now over all connections. It happens once;
    /// later connections are healthy. A cut that was armed before is forgotten.
    pub fn arm(&self, cut: Cut) {
        self.shared.arm(Some(cut));
    }

    /// Forgets a cut that did not happen yet.
    pub fn disarm(&self) {
        self.shared.arm(None);
    }

    /// How many armed cuts have happened.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts()
    }

    /// Closes the connections that are open now, as a server that dies does.
    pub fn sever(&self) {
        self.shared.change(|flow| flow.severed += 1);
    }

    /// From now on a new connection is reset as soon as it is made. Open ones stay.
    pub fn refuse(&self) {
        self.shared.change(|flow| flow.refusing = true);
    }

    /// Ends [`Proxy::refuse`].
    pub fn accept(&self) {
        self.shared.change(|flow| flow.refusing = false);
    }

    /// Forwards nothing more and closes nothing, as a network that swallows packets does. New
    /// connections are taken and stay silent. What is sent meanwhile is forwarded by [`Proxy::thaw`].
    pub fn freeze(&self) {
        self.shared.change(|flow| flow.frozen = true);
    }

    /// Ends [`Proxy::freeze`].
    pub fn thaw(&self) {
        self.shared.change(|flow| flow.frozen = false);
    }

    /// Holds back every piece of data for this long, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.shared.change(|flow| flow.delay = delay);
    }

    /// Forgets the messages seen so far.
    pub fn forget(&self) {
        self.shared.forget();
    }

    /// The whole messages forwarded since the start or [`Proxy::forget`], in the order seen, over all
    /// connections.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.messages()
    }

    /// How many of them went one way.
    pub fn count(&self, direction: Direction) -> u64 {
        let messages = self.shared.messages();
        let one_way = messages.iter().filter(|seen| seen.direction == direction);
        one_way.count() as u64
    }

    /// How many bytes were forwarded one way since the start or [`Proxy::forget`].
    pub fn bytes(&self, direction: Direction) -> u64 {
        self.shared.bytes(direction)
    }

    /// How many connections are open now.
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.sever();
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let flow = shared.flow();
        if flow.borrow().refusing {
            pump::reset(&client);
            continue;
        }
        pump::spawn(connect(client, upstream, Arc::clone(&shared), flow));
    }
}

async fn connect(
    client: TcpStream,
    upstream: SocketAddr,
    shared: Arc<Shared>,
    flow: tokio::sync::watch::Receiver<Flow>,
) {
    match TcpStream::connect(upstream).await {
        Ok(server) => pump::forward(client, server, shared, flow).await,
        Err(_) => pump::reset(&client),
    }
}
