//! Moves the bytes of one connection, and ends it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch::Receiver;
use tokio::task::JoinHandle;

use super::fault::{Direction, Flow, Shared, Verdict};
use super::framing::Framing;

const PIECE_BYTES: usize = 16 * 1024;

/// Why one direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The sender closed its half; the other direction goes on.
    Closed,
    /// The connection is to end in both directions.
    Broken,
}

/// Starts a task that ends with its proxy.
pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the tasks end with the proxy's listener or its connections; nothing is lost with them"
    )]
    tokio::spawn(work)
}

/// Makes the peer see a reset instead of an end of stream when the socket is dropped.
pub(super) fn reset(socket: &TcpStream) {
    // It fails on a socket that is closed already, which is what is wanted.
    let _ = socket.set_zero_linger();
}

/// Forwards both ways until one side ends or a fault comes. Then the client sees a reset; the server, which
/// must get all that was let through, sees an end of stream.
pub(super) async fn forward(
    client: TcpStream,
    server: TcpStream,
    shared: Arc<Shared>,
    flow: Receiver<Flow>,
) {
    shared.opened();
    // Small messages must not wait for each other's acknowledgement.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (framing_to_server, framing_to_client) = Framing::pair(shared.protocol());
    let (client_reader, client_writer) = client.into_split();
    let (server_reader, server_writer) = server.into_split();
    let mut to_server = Pump {
        direction: Direction::ToServer,
        framing: framing_to_server,
        reader: client_reader,
        writer: server_writer,
        shared: Arc::clone(&shared),
        flow: flow.clone(),
    };
    let mut to_client = Pump {
        direction: Direction::ToClient,
        framing: framing_to_client,
        reader: server_reader,
        writer: client_writer,
        shared: Arc::clone(&shared),
        flow: flow.clone(),
    };
    let end = tokio::select! {
        end = both(&mut to_server, &mut to_client) => end,
        () = severed(flow) => End::Broken,
    };
    let (client_reader, client_writer) = (to_server.reader, to_client.writer);
    if end == End::Broken {
        reset(client_reader.as_ref());
        // Dropping it would send the end of the stream before the reset.
        client_writer.forget();
    }
    // The count must not go down before the sockets are closed.
    drop((client_reader, to_client.reader, to_server.writer));
    shared.closed();
}

/// Runs both directions to their ends; a broken one ends the other.
async fn both(to_server: &mut Pump, to_client: &mut Pump) -> End {
    let one = async {
        match to_server.run().await {
            End::Closed => Ok(()),
            End::Broken => Err(()),
        }
    };
    let other = async {
        match to_client.run().await {
            End::Closed => Ok(()),
            End::Broken => Err(()),
        }
    };
    match tokio::try_join!(one, other) {
        Ok(_) => End::Closed,
        Err(()) => End::Broken,
    }
}

async fn severed(mut flow: Receiver<Flow>) {
    let before = flow.borrow().severed;
    // An error means that the proxy itself is gone.
    let _ = flow.wait_for(|now| now.severed != before).await;
}

struct Pump {
    direction: Direction,
    framing: Framing,
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    shared: Arc<Shared>,
    flow: Receiver<Flow>,
}

impl Pump {
    async fn run(&mut self) -> End {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let size_bytes = match self.reader.read(&mut piece).await {
                Ok(0) => return self.close().await,
                Ok(size_bytes) => size_bytes,
                Err(_) => return End::Broken,
            };
            self.hold().await;
            let data = &piece[..size_bytes];
            match self.shared.judge(self.direction, &mut self.framing, data) {
                Verdict::Pass => {
                    if self.writer.write_all(data).await.is_err() {
                        return End::Broken;
                    }
                }
                Verdict::CutAfter(allowed) => {
                    let _ = self.writer.write_all(&data[..allowed]).await;
                    return End::Broken;
                }
            }
        }
    }

    /// Waits as long as the test wants data to wait.
    async fn hold(&mut self) {
        let delay = self.flow.borrow().delay;
        if delay > Duration::ZERO {
            tokio::time::sleep(delay).await;
        }
        // An error means that the proxy itself is gone, and this connection with it.
        let _ = self.flow.wait_for(|now| !now.frozen).await;
    }

    async fn close(&mut self) -> End {
        self.hold().await;
        match self.writer.shutdown().await {
            Ok(()) => End::Closed,
            Err(_) => End::Broken,
        }
    }
}
