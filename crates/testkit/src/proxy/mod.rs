//! A proxy on loopback that breaks connections where a test says, while it runs.
//!
//! It forwards bytes between clients and one server, and counts PostgreSQL messages on the way when it is told to. A
//! test first watches a healthy run ([`Proxy::forget`], then [`Proxy::messages`]), then repeats it with a [`Cut`] at
//! each place in turn; or it slows, silences, refuses and corrupts at will. Unless [`Proxy::corrupt`] was called, what
//! arrives is always the beginning of what was sent.

mod fault;
mod framing;
mod pump;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::Receiver;
use tokio::sync::watch::error::RecvError;
use tokio::task::JoinHandle;

pub use fault::{Cut, Direction, Message, Slowness};
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

    /// Resets the connections that are open now at both ends, so that the server too loses what it has not read.
    pub fn reset(&self) {
        self.shared.change(|flow| {
            flow.aborted += 1;
            flow.severed += 1;
        });
    }

    /// Closes the port: the machine refuses new connections, as when no server runs. Open ones stay.
    pub async fn down(&self) {
        self.shared.change(|flow| flow.down = true);
        self.listens(false).await;
    }

    /// Ends [`Proxy::down`], on the same port.
    pub async fn up(&self) {
        self.shared.change(|flow| flow.down = false);
        self.listens(true).await;
    }

    async fn listens(&self, wanted: bool) {
        let mut listens = self.shared.listens().subscribe();
        // The sender lives as long as this proxy.
        let _ = listens
            .wait_for(|is_listening| *is_listening == wanted)
            .await;
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
        self.shared.change(|flow| {
            flow.to_server.frozen = true;
            flow.to_client.frozen = true;
        });
    }

    /// As [`Proxy::freeze`], but one way only: the other way goes on.
    pub fn freeze_one_way(&self, direction: Direction) {
        self.shared
            .change(|flow| flow.lane_mut(direction).frozen = true);
    }

    /// Ends [`Proxy::freeze`] and [`Proxy::freeze_one_way`].
    pub fn thaw(&self) {
        self.shared.change(|flow| {
            flow.to_server.frozen = false;
            flow.to_client.frozen = false;
        });
    }

    /// Holds back every piece of data for this long, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.shared.change(|flow| {
            flow.to_server.slowness.delay = delay;
            flow.to_client.slowness.delay = delay;
        });
    }

    /// Slows one direction down from now on, in place of how it was slowed before.
    pub fn slow(&self, direction: Direction, slowness: Slowness) {
        self.shared
            .change(|flow| flow.lane_mut(direction).slowness = slowness);
    }

    /// Chooses the seed from which new connections draw their jitter; each draws the same again for the same seed.
    pub fn seed(&self, seed: u64) {
        self.shared.change(|flow| flow.seed = seed);
    }

    /// Flips a bit of the byte that comes after so many, counted from now over all connections. It happens once.
    pub fn corrupt(&self, direction: Direction, after_bytes: u64) {
        self.shared.spoil(direction, after_bytes);
    }

    /// How many bytes were corrupted.
    pub fn corruptions(&self) -> u64 {
        self.shared.spoilt()
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

    /// How many connections were ever taken, with those that were reset at once.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.sever();
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, shared: Arc<Shared>) {
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    let mut flow = shared.flow();
    let mut open = Some(listener);
    loop {
        let Some(listener) = &open else {
            if flow.wait_for(|now| !now.down).await.is_err() {
                return;
            }
            open = Some(bind_again(address).await);
            shared.listens().send_replace(true);
            continue;
        };
        tokio::select! {
            taken = listener.accept() => match taken {
                Ok((client, _)) => take(client, upstream, &shared),
                Err(_) => return,
            },
            going = closed(&mut flow) => {
                if going.is_err() {
                    return;
                }
                open = None;
                shared.listens().send_replace(false);
            }
        }
    }
}

async fn closed(flow: &mut Receiver<Flow>) -> Result<(), RecvError> {
    flow.wait_for(|now| now.down).await.map(|_| ())
}

/// Another program may hold the port for a moment, as the end of a connection of its own.
async fn bind_again(address: SocketAddr) -> TcpListener {
    const TRIES: u32 = 200;
    for _ in 1..TRIES {
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    TcpListener::bind(address)
        .await
        .expect("the port of the proxy was taken by another")
}

fn take(client: TcpStream, upstream: SocketAddr, shared: &Arc<Shared>) {
    let number = shared.accept();
    if shared.flow().borrow().refusing {
        pump::reset(&client);
        return;
    }
    pump::spawn(connect(client, upstream, number, Arc::clone(shared)));
}

async fn connect(client: TcpStream, upstream: SocketAddr, number: u64, shared: Arc<Shared>) {
    let mut flow = shared.flow();
    let severed_before = flow.borrow().severed;
    match TcpStream::connect(upstream).await {
        // Who is closed while we connect must not be forgotten.
        Ok(server) if flow.borrow().severed == severed_before => {
            let connection = pump::Connection::new(client, server, number, shared, flow);
            connection.forward().await;
        }
        Ok(server) => {
            pump::reset(&client);
            pump::reset(&server);
        }
        Err(_) => {
            // That nobody is there is not told through the ice either.
            let told = |now: &Flow| !now.to_client.frozen || now.severed != severed_before;
            let _ = flow.wait_for(told).await;
            pump::reset(&client);
        }
    }
}
