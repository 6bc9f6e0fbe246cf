//! Moves the bytes of one connection, and ends it.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Random};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;
use tokio::task::JoinHandle;

use super::fault::{Direction, Flow, Shared, Slowness, Verdict};
use super::framing::Framing;

const PIECE_BYTES: usize = 16 * 1024;
/// How many pieces of one direction may be on their way; then the sender is held up.
const PIECES_MAX: usize = 64;
/// In how many parts the bytes of a second pass when their number is limited.
const CHUNKS_PER_SECOND: u64 = 50;

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

/// A connection of a client to the server through the proxy.
pub(super) struct Connection {
    to_server: Pump,
    to_client: Pump,
    shared: Arc<Shared>,
    flow: Receiver<Flow>,
}

impl Connection {
    pub(super) fn new(
        client: TcpStream,
        server: TcpStream,
        number: u64,
        shared: Arc<Shared>,
        flow: Receiver<Flow>,
    ) -> Self {
        // Small messages must not wait for each other's acknowledgement.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (framing_to_server, framing_to_client) = Framing::pair(shared.protocol());
        let (client_reader, client_writer) = client.into_split();
        let (server_reader, server_writer) = server.into_split();
        let seed = flow.borrow().seed.wrapping_add(number.wrapping_mul(2));
        let clock = Clock::real();
        let pump = |direction, framing, reader, writer, seed| Pump {
            reader,
            clock: clock.clone(),
            sink: Sink {
                direction,
                framing,
                writer,
                shared: Arc::clone(&shared),
                flow: flow.clone(),
                random: Random::seeded(seed),
                clock: clock.clone(),
                sent_at: Duration::ZERO,
            },
        };
        Self {
            to_server: pump(
                Direction::ToServer,
                framing_to_server,
                client_reader,
                server_writer,
                seed,
            ),
            to_client: pump(
                Direction::ToClient,
                framing_to_client,
                server_reader,
                client_writer,
                seed.wrapping_add(1),
            ),
            shared,
            flow,
        }
    }

    /// Forwards both ways until one side ends or a fault comes. Then the client sees a reset; the server, which
    /// must get all that was let through, sees an end of stream, unless it is to be reset as well.
    pub(super) async fn forward(mut self) {
        self.shared.opened();
        let aborted_before = self.flow.borrow().aborted;
        let end = tokio::select! {
            end = both(&mut self.to_server, &mut self.to_client) => end,
            () = severed(self.flow.clone()) => End::Broken,
        };
        let (to_server, to_client) = (self.to_server, self.to_client);
        if end == End::Broken {
            if self.flow.borrow().aborted != aborted_before {
                reset(to_client.reader.as_ref());
                to_server.sink.writer.forget();
            }
            reset(to_server.reader.as_ref());
            // Dropping it would send the end of the stream before the reset.
            to_client.sink.writer.forget();
        }
        // The count must not go down before the sockets are closed.
        drop((to_server.reader, to_client.reader));
        self.shared.closed();
    }
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

/// What was read, on its way to the other side.
struct Piece {
    read_at: Duration,
    what: What,
}

enum What {
    Data(Vec<u8>),
    Ended(End),
}

struct Pump {
    reader: OwnedReadHalf,
    clock: Clock,
    sink: Sink,
}

impl Pump {
    /// Reads on while what was read before is held back, so that a delay does not make the way narrower.
    async fn run(&mut self) -> End {
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        tokio::select! {
            end = self.sink.run(pieces) => end,
            never = read(&mut self.reader, &self.clock, sender) => match never {},
        }
    }
}

/// Reads to the end, and then leaves it to the other side of the channel to end this.
async fn read(
    reader: &mut OwnedReadHalf,
    clock: &Clock,
    sender: mpsc::Sender<Piece>,
) -> Infallible {
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let what = match reader.read(&mut buffer).await {
            Ok(0) => What::Ended(End::Closed),
            Ok(size_bytes) => What::Data(buffer[..size_bytes].to_vec()),
            Err(_) => What::Ended(End::Broken),
        };
        let is_last = matches!(what, What::Ended(_));
        let read_at = clock.elapsed();
        let is_sent = sender.send(Piece { read_at, what }).await.is_ok();
        if is_last || !is_sent {
            return pending().await;
        }
    }
}

/// Where pieces arrive, late or not at all.
struct Sink {
    direction: Direction,
    framing: Framing,
    writer: OwnedWriteHalf,
    shared: Arc<Shared>,
    flow: Receiver<Flow>,
    random: Random,
    clock: Clock,
    /// When the last byte has passed, as far as the bandwidth goes.
    sent_at: Duration,
}

impl Sink {
    async fn run(&mut self, mut pieces: mpsc::Receiver<Piece>) -> End {
        while let Some(piece) = pieces.recv().await {
            self.hold(piece.read_at).await;
            let end = match piece.what {
                What::Data(mut data) => self.write(&mut data).await,
                What::Ended(End::Closed) => Some(self.close().await),
                What::Ended(End::Broken) => Some(End::Broken),
            };
            if let Some(end) = end {
                return end;
            }
        }
        End::Broken
    }

    /// Waits as long as the test wants what was read then to wait.
    async fn hold(&mut self, read_at: Duration) {
        let Slowness { delay, jitter, .. } = self.slowness();
        let jitter_micros = u64::try_from(jitter.as_micros()).unwrap_or(u64::MAX);
        let due = read_at + delay + Duration::from_micros(self.random.below(jitter_micros));
        self.sleep_until(due).await;
        self.sent_at = self.sent_at.max(due);
        self.wait_for_thaw().await;
    }

    /// Lets data pass at the speed that is allowed; none when all is well, and else how it ended.
    async fn write(&mut self, data: &mut [u8]) -> Option<End> {
        let mut rest = data;
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at_mut(self.chunk_bytes().min(rest.len()));
            self.squeeze(chunk.len()).await;
            self.wait_for_thaw().await;
            match self.shared.judge(self.direction, &mut self.framing, chunk) {
                Verdict::Pass => {
                    if self.writer.write_all(chunk).await.is_err() {
                        return Some(End::Broken);
                    }
                }
                Verdict::CutAfter(allowed) => {
                    let _ = self.writer.write_all(&chunk[..allowed]).await;
                    return Some(End::Broken);
                }
            }
            rest = later;
        }
        None
    }

    /// How much passes at once: so little that a narrow way flows evenly.
    fn chunk_bytes(&self) -> usize {
        match self.slowness().bytes_per_second {
            None => PIECE_BYTES,
            Some(rate) => usize::try_from(rate / CHUNKS_PER_SECOND)
                .unwrap_or(PIECE_BYTES)
                .clamp(1, PIECE_BYTES),
        }
    }

    /// Waits for as long as these bytes take. Waiting too long once is made up for by the next ones.
    async fn squeeze(&mut self, size_bytes: usize) {
        if let Some(rate) = self.slowness().bytes_per_second {
            let takes = size_bytes as f64 / rate.max(1) as f64;
            self.sent_at += Duration::from_secs_f64(takes);
            self.sleep_until(self.sent_at).await;
        }
    }

    async fn wait_for_thaw(&mut self) {
        let direction = self.direction;
        if !self.flow.borrow().lane(direction).frozen {
            return;
        }
        // An error means that the proxy itself is gone, and this connection with it.
        let _ = self.flow.wait_for(|now| !now.lane(direction).frozen).await;
        // The time in the ice is not made up for.
        self.sent_at = self.clock.elapsed();
    }

    async fn sleep_until(&self, due: Duration) {
        let left = due.saturating_sub(self.clock.elapsed());
        if left > Duration::ZERO {
            tokio::time::sleep(left).await;
        }
    }

    fn slowness(&self) -> Slowness {
        self.flow.borrow().lane(self.direction).slowness
    }

    async fn close(&mut self) -> End {
        match self.writer.shutdown().await {
            Ok(()) => End::Closed,
            Err(_) => End::Broken,
        }
    }
}
