//! What a test asks of the proxy and what the proxy has seen, shared by all of its connections.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::framing::{Framing, Protocol};

/// Which way data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// A place in the conversation: after so many whole messages, and then so many bytes, of one direction.
///
/// Everything up to the place is forwarded. A place right after a message cuts as soon as that message
/// was forwarded; place zero cuts when the next byte arrives, and does not forward it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    direction: Direction,
    messages: u64,
    bytes: u64,
}

impl Cut {
    /// Right after the `messages`-th message from now.
    pub fn after_messages(direction: Direction, messages: u64) -> Self {
        Self::inside(direction, messages, 0)
    }

    /// Right after the `bytes`-th byte from now.
    pub fn after_bytes(direction: Direction, bytes: u64) -> Self {
        Self::inside(direction, 0, bytes)
    }

    /// After `messages` messages from now and `bytes` bytes of what follows.
    pub fn inside(direction: Direction, messages: u64, bytes: u64) -> Self {
        Self {
            direction,
            messages,
            bytes,
        }
    }
}

/// How one direction is slowed down. The default is not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slowness {
    /// Every piece of data arrives this much later. Data on its way holds up no other, as in a long cable.
    pub delay: Duration,
    /// And later still by some part of this, drawn from the proxy's seed. What was sent first arrives first.
    pub jitter: Duration,
    /// No more than this passes in a second.
    pub bytes_per_second: Option<u64>,
}

/// A whole message that was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which way it went.
    pub direction: Direction,
    /// Its type byte; 0 for the packets at the start of a connection, which have none.
    pub kind: u8,
    /// Its size with type byte and length.
    pub size_bytes: usize,
}

/// How data flows at the moment; every connection watches it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    pub(super) refusing: bool,
    /// The port is closed, so that the machine itself refuses.
    pub(super) down: bool,
    pub(super) to_server: Lane,
    pub(super) to_client: Lane,
    /// Counts the calls that closed all connections.
    pub(super) severed: u64,
    /// Counts those of them that also reset the servers' ends.
    pub(super) aborted: u64,
    pub(super) seed: u64,
}

/// How data flows in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lane {
    pub(super) frozen: bool,
    pub(super) slowness: Slowness,
}

impl Flow {
    pub(super) fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    pub(super) fn lane_mut(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// How much of a piece of data may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    CutAfter(usize),
}

#[derive(Debug, Default)]
struct Seen {
    armed: Option<Cut>,
    cuts: u64,
    /// The direction of the byte to corrupt, and how many pass before it.
    spoil: Option<(Direction, u64)>,
    spoilt: u64,
    messages: Vec<Message>,
    bytes_to_server: u64,
    bytes_to_client: u64,
}

#[derive(Debug)]
pub(super) struct Shared {
    protocol: Protocol,
    seen: Mutex<Seen>,
    flow: watch::Sender<Flow>,
    connections: AtomicUsize,
    accepted: AtomicU64,
    is_listening: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            seen: Mutex::default(),
            flow: watch::Sender::new(Flow::default()),
            connections: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            is_listening: watch::Sender::new(true),
        }
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(super) fn arm(&self, cut: Option<Cut>) {
        self.seen().armed = cut;
    }

    pub(super) fn cuts(&self) -> u64 {
        self.seen().cuts
    }

    pub(super) fn spoil(&self, direction: Direction, after_bytes: u64) {
        self.seen().spoil = Some((direction, after_bytes));
    }

    pub(super) fn spoilt(&self) -> u64 {
        self.seen().spoilt
    }

    pub(super) fn forget(&self) {
        let mut seen = self.seen();
        seen.messages.clear();
        seen.bytes_to_server = 0;
        seen.bytes_to_client = 0;
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        self.seen().messages.clone()
    }

    pub(super) fn bytes(&self, direction: Direction) -> u64 {
        *self.seen().bytes(direction)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Flow)) {
        self.flow.send_modify(change);
    }

    pub(super) fn flow(&self) -> watch::Receiver<Flow> {
        self.flow.subscribe()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn opened(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many connections were taken before this one.
    pub(super) fn accept(&self) -> u64 {
        self.accepted.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(super) fn listens(&self) -> &watch::Sender<bool> {
        &self.is_listening
    }

    /// Takes note of data that is about to pass, and says where the armed cut falls into it. Corrupts the byte that
    /// is to be corrupted when it is among them; messages are found in what was sent, not in what arrives.
    pub(super) fn judge(
        &self,
        direction: Direction,
        framing: &mut Framing,
        data: &mut [u8],
    ) -> Verdict {
        let mut seen = self.seen();
        let mut passed = 0;
        while passed < data.len() {
            let rest = &data[passed..];
            let step = framing.step(rest);
            let allowed = seen.allow(direction, step.size_bytes);
            seen.corrupt(direction, &mut data[passed..passed + allowed]);
            passed += allowed;
            *seen.bytes(direction) += allowed as u64;
            let is_whole = allowed == step.size_bytes;
            if let Some((kind, size_bytes)) = step.finished.filter(|_| is_whole) {
                seen.finish(Message {
                    direction,
                    kind,
                    size_bytes,
                });
            }
            if !is_whole || seen.is_reached(direction) {
                seen.armed = None;
                seen.cuts += 1;
                return Verdict::CutAfter(passed);
            }
        }
        Verdict::Pass
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn bytes(&mut self, direction: Direction) -> &mut u64 {
        match direction {
            Direction::ToServer => &mut self.bytes_to_server,
            Direction::ToClient => &mut self.bytes_to_client,
        }
    }

    /// How many of these bytes, all of one message, lie before the armed cut.
    fn allow(&mut self, direction: Direction, size_bytes: usize) -> usize {
        match &mut self.armed {
            Some(cut) if cut.direction == direction && cut.messages == 0 => {
                let allowed = cut.bytes.min(size_bytes as u64);
                cut.bytes -= allowed;
                usize::try_from(allowed).unwrap_or(size_bytes)
            }
            _ => size_bytes,
        }
    }

    fn corrupt(&mut self, direction: Direction, data: &mut [u8]) {
        let Some((spoilt, before)) = &mut self.spoil else {
            return;
        };
        if *spoilt != direction {
            return;
        }
        match usize::try_from(*before)
            .ok()
            .and_then(|at| data.get_mut(at))
        {
            Some(byte) => {
                *byte ^= 1;
                self.spoil = None;
                self.spoilt += 1;
            }
            None => *before -= data.len() as u64,
        }
    }

    fn finish(&mut self, message: Message) {
        self.messages.push(message);
        if let Some(cut) = &mut self.armed
            && cut.direction == message.direction
        {
            cut.messages = cut.messages.saturating_sub(1);
        }
    }

    fn is_reached(&self, direction: Direction) -> bool {
        self.armed
            .is_some_and(|cut| cut.direction == direction && cut.messages == 0 && cut.bytes == 0)
    }
}
