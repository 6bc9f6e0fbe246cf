//! Finds the ends of PostgreSQL messages in a stream of bytes. It reads lengths, never contents.
//!
//! A message is a type byte, a length of four bytes that counts itself, and a body. The first packets
//! of a client have no type byte; a client that asked for encryption gets one bare byte as its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fault::Direction;

const LENGTH_BYTES: usize = 4;
const PROTOCOL_3: u32 = 3 << 16;
const SSL_REQUEST: u32 = 80_877_103;
const ENCRYPTION_REQUEST: u32 = 80_877_104;

/// What flows through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Postgres,
    Bytes,
}

/// One step through the data: its bytes all belong to one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) size_bytes: usize,
    /// Type and size of the message that ends with this step.
    pub(super) finished: Option<(u8, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Packets without a type byte: length and code are read first.
    Startup,
    Messages,
    /// Not PostgreSQL, or encrypted from here on.
    Opaque,
}

/// The position of one direction of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    stage: Stage,
    /// The bytes of the current message's head that were seen.
    head: Vec<u8>,
    /// The bytes of the current message's body that are still to come; known when the head is whole.
    missing: Option<usize>,
    size_bytes: usize,
    asked_encryption: Arc<AtomicBool>,
}

impl Framing {
    /// Both directions of a connection: client to server, and server to client.
    pub(super) fn pair(protocol: Protocol) -> (Self, Self) {
        let asked_encryption = Arc::new(AtomicBool::new(false));
        let make = |direction| Self {
            stage: match (protocol, direction) {
                (Protocol::Bytes, _) => Stage::Opaque,
                (Protocol::Postgres, Direction::ToServer) => Stage::Startup,
                (Protocol::Postgres, Direction::ToClient) => Stage::Messages,
            },
            head: Vec::new(),
            missing: None,
            size_bytes: 0,
            asked_encryption: Arc::clone(&asked_encryption),
        };
        (make(Direction::ToServer), make(Direction::ToClient))
    }

    /// Moves over the bytes of the current message that lie in `data`, which is not empty.
    pub(super) fn step(&mut self, data: &[u8]) -> Step {
        if self.stage == Stage::Opaque {
            return Step {
                size_bytes: data.len(),
                finished: None,
            };
        }
        if self.is_bare_answer() {
            self.asked_encryption.store(false, Ordering::SeqCst);
            if data[0] != b'N' {
                self.stage = Stage::Opaque;
            }
            return Step {
                size_bytes: 1,
                finished: Some((data[0], 1)),
            };
        }
        let taken = match self.missing {
            None => self.take_head(data),
            Some(missing) => missing.min(data.len()),
        };
        let in_head = self.missing.is_none();
        self.size_bytes += taken;
        if in_head && self.head.len() == self.head_bytes() {
            self.missing = self.body_bytes();
        } else if let Some(missing) = &mut self.missing {
            *missing -= taken;
        }
        let finished = self.missing == Some(0);
        Step {
            size_bytes: taken,
            finished: finished.then(|| self.finish()),
        }
    }

    fn is_bare_answer(&self) -> bool {
        self.stage == Stage::Messages
            && self.head.is_empty()
            && self.asked_encryption.load(Ordering::SeqCst)
    }

    /// A startup packet's head is its length and its code; a message's is its type and its length.
    fn head_bytes(&self) -> usize {
        match self.stage {
            Stage::Startup => LENGTH_BYTES * 2,
            Stage::Messages | Stage::Opaque => 1 + LENGTH_BYTES,
        }
    }

    fn take_head(&mut self, data: &[u8]) -> usize {
        let taken = (self.head_bytes() - self.head.len()).min(data.len());
        self.head.extend_from_slice(&data[..taken]);
        taken
    }

    /// The size of the body; none, and nothing understood from here on, when the length makes no sense.
    fn body_bytes(&mut self) -> Option<usize> {
        let (length_at, counted) = match self.stage {
            Stage::Startup => (0, LENGTH_BYTES * 2),
            Stage::Messages | Stage::Opaque => (1, LENGTH_BYTES),
        };
        let length = self.number(length_at) as usize;
        let body = length.checked_sub(counted);
        if body.is_none() {
            self.stage = Stage::Opaque;
        }
        body
    }

    fn finish(&mut self) -> (u8, usize) {
        let mut kind = self.head[0];
        if self.stage == Stage::Startup {
            kind = 0;
            match self.number(LENGTH_BYTES) {
                SSL_REQUEST | ENCRYPTION_REQUEST => {
                    self.asked_encryption.store(true, Ordering::SeqCst);
                }
                PROTOCOL_3 => self.stage = Stage::Messages,
                _ => self.stage = Stage::Opaque,
            }
        }
        let size_bytes = std::mem::take(&mut self.size_bytes);
        self.head.clear();
        self.missing = None;
        (kind, size_bytes)
    }

    fn number(&self, at: usize) -> u32 {
        let bytes = &self.head[at..at + LENGTH_BYTES];
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn startup() -> Vec<u8> {
        let mut packet = vec![0, 0, 0, 14];
        packet.extend(PROTOCOL_3.to_be_bytes());
        packet.extend(b"user\0\0");
        packet
    }

    fn walk(framing: &mut Framing, data: &[u8], piece_bytes: usize) -> Vec<(u8, usize)> {
        let mut found = Vec::new();
        for piece in data.chunks(piece_bytes) {
            let mut rest = piece;
            while !rest.is_empty() {
                let step = framing.step(rest);
                assert!(step.size_bytes > 0 && step.size_bytes <= rest.len());
                found.extend(step.finished);
                rest = &rest[step.size_bytes..];
            }
        }
        found
    }

    #[test]
    fn messages_are_found_whatever_the_pieces() {
        let mut stream = startup();
        stream.extend(b"Q\0\0\0\x0cselect\0\0");
        stream.extend(b"S\0\0\0\x04");
        stream.extend(b"X\0\0\0\x04");
        let whole = [(0, 14), (b'Q', 13), (b'S', 5), (b'X', 5)];
        for piece_bytes in 1..=stream.len() {
            let (mut to_server, _) = Framing::pair(Protocol::Postgres);
            assert_eq!(
                walk(&mut to_server, &stream, piece_bytes),
                whole,
                "{piece_bytes}"
            );
        }
    }

    #[test]
    fn a_refused_encryption_is_followed_by_the_startup_packet() {
        let (mut to_server, mut to_client) = Framing::pair(Protocol::Postgres);
        let mut request = vec![0, 0, 0, 8];
        request.extend(SSL_REQUEST.to_be_bytes());
        assert_eq!(walk(&mut to_server, &request, 3), [(0, 8)]);
        assert_eq!(walk(&mut to_client, b"N", 1), [(b'N', 1)]);
        assert_eq!(walk(&mut to_server, &startup(), 100), [(0, 14)]);
        let ready = b"Z\0\0\0\x05I";
        assert_eq!(walk(&mut to_client, ready, 2), [(b'Z', 6)]);
    }

    #[test]
    fn a_length_that_makes_no_sense_ends_the_understanding() {
        let (_, mut to_client) = Framing::pair(Protocol::Postgres);
        assert_eq!(walk(&mut to_client, b"Z\0\0\0\x03more", 4), []);
        assert_eq!(walk(&mut to_client, b"Z\0\0\0\x05I", 4), []);
    }
}
