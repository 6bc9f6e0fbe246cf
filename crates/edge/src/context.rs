//! What a request belongs to: its correlation id and its trace, read from the headers or made.
//!
//! Both come from strangers and end in log lines and headers, so they are read strictly: what is not exactly in
//! the form is replaced by one of ours and never repeated. Who asks does not decide which traces are kept.

use std::sync::{Arc, Mutex, PoisonError};

use base::Random;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header of the correlation id.
pub const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
/// Another name of it, which is read where the first is not there.
const REQUEST: HeaderName = HeaderName::from_static("x-request-id");
/// The header of the trace, as W3C Trace Context has it.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What the systems of others add to it.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

const CORRELATION_CHARS_MAX: usize = 64;
/// The length of a `traceparent` of version 00; later versions may add to the end.
const TRACEPARENT_CHARS: usize = 55;
const TRACESTATE_CHARS_MAX: usize = 512;
const TRACESTATE_MEMBERS_MAX: usize = 32;
/// How many random bytes a context needs: a trace id and a span id.
const DRAWN: usize = 24;
/// For how many requests chance is drawn at once.
const DRAWN_AT_ONCE: usize = 64;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// What a request belongs to. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Context {
    /// The id that answers, logs and events of one request share.
    pub correlation: Arc<str>,
    /// The trace.
    pub trace_id: [u8; 16],
    /// Our own span in the trace.
    pub span_id: [u8; 8],
    /// The span of the caller.
    pub parent_span: Option<[u8; 8]>,
    /// Whether the caller records the trace.
    pub sampled: bool,
    /// What the systems of others added to the trace; to be passed on, never read.
    pub state: Option<HeaderValue>,
}

impl Context {
    /// Reads it from the headers of a request, and makes what is not there.
    pub fn of(headers: &HeaderMap, random: &Random) -> Self {
        let mut drawn = [0; DRAWN];
        random.fill(&mut drawn);
        Self::with(headers, drawn)
    }

    /// Reads it as [`Context::of`] does, with what was drawn for it.
    pub(crate) fn with(headers: &HeaderMap, drawn: [u8; DRAWN]) -> Self {
        let mut made = ([0; 16], [0; 8]);
        made.0.copy_from_slice(&drawn[..16]);
        made.1.copy_from_slice(&drawn[16..]);
        // Zeros mean "none" in a trace; a true source draws them once in 2^64.
        made.0[15] |= u8::from(made.0 == [0; 16]);
        made.1[7] |= u8::from(made.1 == [0; 8]);
        let parent = only(headers, &TRACEPARENT).and_then(read_parent);
        let trace_id = parent.map_or(made.0, |parent| parent.trace_id);
        Self {
            correlation: correlation(headers, trace_id),
            trace_id,
            span_id: made.1,
            parent_span: parent.map(|parent| parent.span_id),
            sampled: parent.is_some_and(|parent| parent.sampled),
            state: parent.and_then(|_| state(headers)),
        }
    }

    /// Tells the caller under which ids the request was worked on.
    pub fn give_back(&self, headers: &mut HeaderMap) {
        // Both texts are plain ASCII by the way they were made.
        if let Ok(value) = HeaderValue::from_str(&self.correlation) {
            headers.insert(CORRELATION, value);
        }
        if let Ok(value) = HeaderValue::from_bytes(&self.traceparent()) {
            headers.insert(TRACEPARENT, value);
        }
    }

    /// Gives the value of `traceparent` for whoever works on behalf of this request.
    pub fn traceparent(&self) -> [u8; TRACEPARENT_CHARS] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        write_hex(&self.trace_id, &mut text[3..35]);
        write_hex(&self.span_id, &mut text[36..52]);
        text[54] = if self.sampled { b'1' } else { b'0' };
        text
    }
}

/// Chance for the ids of many requests, drawn together: the system is asked once in many requests, and not for each.
/// Ids are no secrets, so it does no harm that those to come lie in memory.
#[derive(Debug)]
pub(crate) struct Ids {
    random: Random,
    drawn: Mutex<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    bytes: [u8; DRAWN * DRAWN_AT_ONCE],
    used: usize,
}

impl Ids {
    pub(crate) fn new(random: &Random) -> Self {
        let bytes = [0; DRAWN * DRAWN_AT_ONCE];
        Self {
            random: random.clone(),
            drawn: Mutex::new(Drawn {
                used: bytes.len(),
                bytes,
            }),
        }
    }

    /// Gives what nobody was given before.
    pub(crate) fn draw(&self) -> [u8; DRAWN] {
        // A panic while it is filled leaves it used up, so nothing is given twice.
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.used >= drawn.bytes.len() {
            self.random.fill(&mut drawn.bytes);
            drawn.used = 0;
        }
        let mut next = [0; DRAWN];
        let from = drawn.used;
        drawn.used += DRAWN;
        next.copy_from_slice(&drawn.bytes[from..from + DRAWN]);
        next
    }
}

/// Writes bytes as lower-case digits into a place twice as long.
pub(crate) fn write_hex(bytes: &[u8], place: &mut [u8]) {
    for (pair, byte) in place.chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
}

/// Gives the correlation id that the caller sent, or the trace id, so that one search finds both.
fn correlation(headers: &HeaderMap, trace_id: [u8; 16]) -> Arc<str> {
    let sent = [CORRELATION, REQUEST];
    let mut sent = sent.iter().filter_map(|name| only(headers, name));
    if let Some(sent) = sent.find(|text| is_correlation(text)) {
        return Arc::from(sent);
    }
    let mut digits = [0; 32];
    write_hex(&trace_id, &mut digits);
    Arc::from(std::str::from_utf8(&digits).unwrap_or_default())
}

fn is_correlation(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=CORRELATION_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// Gives the value of a header that is there once; twice is not to be trusted.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

#[derive(Clone, Copy)]
struct Parent {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    sampled: bool,
}

/// Reads `version-trace-span-flags`.
fn read_parent(text: &str) -> Option<Parent> {
    let bytes = text.as_bytes();
    let [version] = read_hex::<1>(bytes.get(..2)?)?;
    let longer_is_known = match version {
        0 => bytes.len() == TRACEPARENT_CHARS,
        255 => false,
        _ => matches!(bytes.get(TRACEPARENT_CHARS), None | Some(b'-')),
    };
    let dashes = [2, 35, 52];
    if !longer_is_known || dashes.iter().any(|place| bytes.get(*place) != Some(&b'-')) {
        return None;
    }
    let trace_id = read_hex::<16>(bytes.get(3..35)?)?;
    let span_id = read_hex::<8>(bytes.get(36..52)?)?;
    let [flags] = read_hex::<1>(bytes.get(53..55)?)?;
    let there = trace_id != [0; 16] && span_id != [0; 8];
    there.then_some(Parent {
        trace_id,
        span_id,
        sampled: flags & 1 == 1,
    })
}

/// Reads exactly so many bytes from lower-case digits, the only ones that the standard allows.
fn read_hex<const BYTES: usize>(digits: &[u8]) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    if digits.len() != 2 * BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Gives what the systems of others added, if all of it is in the form of the standard.
fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(TRACESTATE)?;
    let text = only(headers, &TRACESTATE)?;
    let members = text.split(',').map(str::trim);
    let sound = text.len() <= TRACESTATE_CHARS_MAX
        && members.clone().count() <= TRACESTATE_MEMBERS_MAX
        && members.clone().all(is_member);
    sound.then(|| value.clone())
}

fn is_member(member: &str) -> bool {
    let in_key =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let in_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
    member.split_once('=').is_some_and(|(key, value)| {
        (1..=256).contains(&key.len())
            && key.bytes().all(in_key)
            && (1..=256).contains(&value.len())
            && value.bytes().all(in_value)
    })
}
