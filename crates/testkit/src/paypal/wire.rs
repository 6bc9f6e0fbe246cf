//! HTTP as far as a desk needs it: requests one after the other on a connection, answers whole.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

/// How long a line of a head may be.
const LINE_BYTES_MAX: u64 = 16 * 1024;
/// How many lines a head may have.
const LINES_MAX: usize = 100;
/// How long a body may be.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in small letters, and values.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Reads the next request; nothing when the other side has gone, or does not speak so.
pub(super) fn read(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let first = line(stream)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_lowercase(), value.trim().to_owned()));
        if headers.len() > LINES_MAX {
            return None;
        }
    }
    let mut seen = Seen {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    let length = seen.header("content-length").unwrap_or("0");
    let length = length.parse().ok().filter(|long| *long <= BODY_BYTES_MAX)?;
    seen.body = vec![0; length];
    stream.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.take(LINE_BYTES_MAX).read_line(&mut line).ok()?;
    (read > 0 && line.ends_with('\n')).then(|| line.trim_end().to_owned())
}

/// Sends an answer; whether the other side was still there.
pub(super) fn write(stream: &mut TcpStream, status: u16, body: &str) -> bool {
    let kind = match body {
        "" => "",
        _ => "content-type: application/json\r\n",
    };
    let length = body.len();
    let text = format!("HTTP/1.1 {status} said\r\n{kind}content-length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).is_ok()
}
