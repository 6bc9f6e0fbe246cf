//! A strict reading of HTTP/1 framing, which sees every byte before hyper does.
//!
//! hyper is lenient where the standard lets it be: it takes a bare line feed, two equal lengths, an absolute target
//! beside another host. Each leniency is a way for a proxy in front of us to see other requests than we do. So
//! what is odd is refused here, whether hyper would take it or not; what passes has one reading only.

mod head;

use head::{Body, Head};

/// A line in a chunked body: a size or a trailer.
const CHUNK_LINE_MAX: usize = 256;
const TRAILERS_MAX: u32 = 16;
/// Eight hexadecimal digits are four gigabytes; no body is so long.
const CHUNK_DIGITS_MAX: usize = 8;

/// What is odd, and how many of the bytes that were just shown may still be passed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Odd {
    pub(super) pass: usize,
    pub(super) why: &'static str,
}

/// Where in the stream the reader is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Between two requests.
    Between,
    /// In a head.
    Head,
    /// In a body.
    Body,
    /// Beyond HTTP/1: what comes is HTTP/2 or what was upgraded to.
    Beyond,
}

/// Reads one connection's bytes.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    head: Head,
    head_bytes: usize,
    head_bytes_max: usize,
    /// How many requests were begun, so that one may see that a head came whole in a single read.
    heads: u64,
    /// Where in the last bytes HTTP/1 ended.
    beyond_from: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Before a request line, where older clients may leave one empty line.
    Start {
        empty_lines: u8,
    },
    Fields,
    Sized {
        left: u64,
    },
    ChunkSize,
    Chunk {
        left: u64,
    },
    ChunkEnd {
        seen: u8,
    },
    Trailers {
        lines: u32,
    },
    Beyond,
}

impl Framing {
    pub(super) fn new(head_bytes_max: usize) -> Self {
        Self {
            state: State::Start { empty_lines: 0 },
            line: Vec::new(),
            head: Head::default(),
            head_bytes: 0,
            // hyper answers 431 at the bound itself; this one only keeps our own line from growing.
            head_bytes_max: head_bytes_max.saturating_mul(2),
            heads: 0,
            beyond_from: 0,
        }
    }

    pub(super) fn place(&self) -> Place {
        match self.state {
            State::Start { .. } if self.line.is_empty() => Place::Between,
            State::Start { .. } | State::Fields => Place::Head,
            State::Beyond => Place::Beyond,
            State::Sized { .. }
            | State::ChunkSize
            | State::Chunk { .. }
            | State::ChunkEnd { .. }
            | State::Trailers { .. } => Place::Body,
        }
    }

    /// Where HTTP/1 ended in the bytes that were last shown; their end when it did not.
    pub(super) fn beyond_from(&self) -> usize {
        self.beyond_from
    }

    /// Stops reading: the connection was upgraded.
    pub(super) fn go_beyond(&mut self) {
        self.state = State::Beyond;
        self.line = Vec::new();
    }

    /// Whether the last head asked to leave HTTP/1, so that the answer must be looked at.
    pub(super) fn asked_upgrade(&self) -> bool {
        self.head.asked_upgrade()
    }

    /// Reads what has come.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), Odd> {
        let mut at = 0;
        self.beyond_from = bytes.len();
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let used = match self.state {
                State::Beyond => {
                    self.beyond_from = at;
                    return Ok(());
                }
                State::Sized { left } => self.skip(rest, left),
                State::Chunk { left } => self.skip(rest, left),
                State::ChunkEnd { seen } => {
                    self.chunk_end(rest, seen).map_err(|why| odd(at, why))?
                }
                State::Start { .. } | State::Fields | State::ChunkSize | State::Trailers { .. } => {
                    self.line(rest).map_err(|odd| Odd {
                        pass: at.saturating_add(odd.pass),
                        ..odd
                    })?
                }
            };
            at = at.saturating_add(used);
        }
        Ok(())
    }

    fn skip(&mut self, rest: &[u8], left: u64) -> usize {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
        self.state = match (self.state, left) {
            (State::Chunk { .. }, 0) => State::ChunkEnd { seen: 0 },
            (State::Chunk { .. }, left) => State::Chunk { left },
            (_, 0) => START,
            (_, left) => State::Sized { left },
        };
        here
    }

    fn chunk_end(&mut self, rest: &[u8], seen: u8) -> Result<usize, &'static str> {
        match (seen, rest.first()) {
            (0, Some(b'\r')) => self.state = State::ChunkEnd { seen: 1 },
            (1, Some(b'\n')) => self.state = State::ChunkSize,
            _ => return Err("a chunk is longer than its size"),
        }
        Ok(1)
    }

    /// Reads to the end of a line, or keeps what there is of it. A line that is odd is passed on without its end,
    /// so that nobody takes it for whole.
    fn line(&mut self, rest: &[u8]) -> Result<usize, Odd> {
        let end = memchr::memchr(b'\n', rest);
        let used = end.map_or(rest.len(), |end| end.saturating_add(1));
        let part = rest.get(..used).unwrap_or_default();
        self.head_bytes = self.head_bytes.saturating_add(used);
        let most = match self.state {
            State::ChunkSize => CHUNK_LINE_MAX,
            _ => self.head_bytes_max,
        };
        if self.head_bytes > most {
            return Err(odd(0, "a head or a line is too long"));
        }
        if end.is_none() {
            self.line.extend_from_slice(part);
            return Ok(used);
        }
        let pass = used.saturating_sub(1);
        match self.line.is_empty() {
            true => self.whole_line(part).map_err(|why| odd(pass, why))?,
            false => {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(part);
                self.whole_line(&line).map_err(|why| odd(pass, why))?;
                // The room that it has is kept for the next one.
                line.clear();
                self.line = line;
            }
        }
        Ok(used)
    }

    /// A carriage return within the line needs no look of its own: there is none among what each line is made of.
    fn whole_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = line
            .strip_suffix(b"\r\n")
            .ok_or("a line ends without a carriage return")?;
        match self.state {
            State::Start { empty_lines } if line.is_empty() => self.empty_line(empty_lines),
            State::Start { .. } => {
                self.head.begin();
                self.state = State::Fields;
                self.head.request_line(line)?;
                match (self.head.is_preface(), self.heads) {
                    (false, _) => Ok(()),
                    (true, 0) => {
                        self.state = State::Beyond;
                        Ok(())
                    }
                    (true, _) => Err("HTTP/2 begins in the midst of HTTP/1"),
                }
            }
            State::Fields if line.is_empty() => self.head_end(),
            State::Fields => self.head.field(line),
            State::ChunkSize => self.chunk_size(line),
            State::Trailers { lines } => self.trailer(line, lines),
            State::Sized { .. } | State::Chunk { .. } | State::ChunkEnd { .. } | State::Beyond => {
                Ok(())
            }
        }
    }

    fn empty_line(&mut self, empty_lines: u8) -> Result<(), &'static str> {
        if empty_lines > 0 {
            return Err("empty lines stand before a request");
        }
        self.state = State::Start { empty_lines: 1 };
        Ok(())
    }

    fn head_end(&mut self) -> Result<(), &'static str> {
        self.state = match self.head.end()? {
            Body::None | Body::Sized(0) => START,
            Body::Sized(left) => State::Sized { left },
            Body::Chunked => State::ChunkSize,
        };
        self.head_bytes = 0;
        self.heads = self.heads.saturating_add(1);
        Ok(())
    }

    /// A size and nothing else: no extension means anything to us, and some proxies read them otherwise.
    fn chunk_size(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let digits = line.iter().all(u8::is_ascii_hexdigit);
        if !digits || line.is_empty() || line.len() > CHUNK_DIGITS_MAX {
            return Err("the size of a chunk is not up to eight hexadecimal digits");
        }
        let size = line.iter().fold(0, |size: u64, digit| {
            (size << 4) | u64::from(char::from(*digit).to_digit(16).unwrap_or(0))
        });
        self.head_bytes = 0;
        self.state = match size {
            0 => State::Trailers { lines: 0 },
            left => State::Chunk { left },
        };
        Ok(())
    }

    fn trailer(&mut self, line: &[u8], lines: u32) -> Result<(), &'static str> {
        if line.is_empty() {
            self.state = START;
            self.head_bytes = 0;
            return Ok(());
        }
        if lines >= TRAILERS_MAX {
            return Err("there are too many trailers");
        }
        self.state = State::Trailers {
            lines: lines.saturating_add(1),
        };
        head::trailer(line)
    }
}

const START: State = State::Start { empty_lines: 0 };

fn odd(pass: usize, why: &'static str) -> Odd {
    Odd { pass, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that are read to different places, well and badly.
    const TEXTS: [&str; 12] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /",
        "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab\ncdGET / HTTP/1.1\r\nHo",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nwhatever\nfollows",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];

    /// How many bytes pass, why the rest does not, and where the reader then is.
    fn read(parts: &[&[u8]]) -> (usize, Option<&'static str>, Place) {
        let mut framing = Framing::new(1000);
        let mut passed = 0;
        for part in parts {
            match framing.read(part) {
                Ok(()) => passed += part.len(),
                Err(odd) => return (passed + odd.pass, Some(odd.why), framing.place()),
            }
        }
        (passed, None, framing.place())
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut() {
        for text in TEXTS {
            let whole = read(&[text.as_bytes()]);
            for size in 1..text.len() {
                let parts: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                assert_eq!(read(&parts), whole, "{size}: {text:?}");
            }
        }
    }

    #[test]
    fn what_is_odd_is_passed_on_without_the_end_of_its_line() {
        for text in TEXTS {
            if let (passed, Some(why), _) = read(&[text.as_bytes()]) {
                let next = text.as_bytes()[passed];
                let in_chunk = why.contains("longer than its size");
                assert!(next == b'\n' || in_chunk, "{why}: {text:?}");
            }
        }
    }

    #[test]
    fn a_carriage_return_stands_nowhere_but_at_the_end_of_a_line() {
        let plain = "GET /a?b HTTP/1.1\r\nHost: a.b:80\r\nX-C: d\r\n\r\n";
        for text in [plain, TEXTS[2]] {
            assert_eq!(read(&[text.as_bytes()]).1, None);
            for place in 0..text.len() {
                let mut odd = text.to_owned();
                odd.insert(place, '\r');
                assert!(read(&[odd.as_bytes()]).1.is_some(), "{odd:?}");
            }
        }
    }

    #[test]
    fn a_line_without_end_is_not_kept_for_ever() {
        let mut framing = Framing::new(1000);
        let refused = (0..100).find_map(|_| framing.read(&[b'x'; 100]).err());
        assert!(refused.is_some());
        assert!(framing.line.len() <= 2000);
    }
}
