//! A connection to a server over plain HTTP/1.1: one request, its whole answer, and the next.
//!
//! It is written by hand because a generator shares the machine with what it measures, and knows no more of the protocol
//! than our own server needs.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Longer answers are refused.
const ANSWER_MAX: usize = 16 << 20;
const ROOM: usize = 16 << 10;

/// Where the server is, and from where it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// The server.
    pub server: SocketAddr,
    /// The address of ours, if it matters.
    pub from: Option<IpAddr>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) session: Option<&'a str>,
    pub(super) key: Option<&'a str>,
    pub(super) body: &'a str,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The cookie that was set, with its name.
    pub(super) cookie: Option<String>,
    pub(super) body: Vec<u8>,
}

/// A connection, made when it is needed.
#[derive(Debug)]
pub(super) struct Wire {
    address: Address,
    stream: Option<TcpStream>,
    bytes: Vec<u8>,
}

impl<'a> Request<'a> {
    /// Asks for something.
    pub(super) const fn get(path: &'a str) -> Self {
        Request {
            method: "GET",
            path,
            session: None,
            key: None,
            body: "",
        }
    }

    /// The same by somebody who is signed in.
    pub(super) const fn by(self, session: &'a str) -> Self {
        Request {
            session: Some(session),
            ..self
        }
    }

    fn write(&self, host: SocketAddr, bytes: &mut Vec<u8>) {
        let length = self.body.len();
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path);
        if self.method != "GET" {
            text.push_str("sec-fetch-site: same-origin\r\n");
            text.push_str(&format!("content-length: {length}\r\n"));
        }
        if length > 0 {
            text.push_str("content-type: application/json\r\n");
        }
        if let Some(session) = self.session {
            text.push_str(&format!("cookie: {session}\r\n"));
        }
        if let Some(key) = self.key {
            text.push_str(&format!("idempotency-key: {key}\r\n"));
        }
        text.push_str("\r\n");
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(self.body.as_bytes());
    }
}

impl Wire {
    pub(super) fn to(address: Address) -> Self {
        Wire {
            address,
            stream: None,
            bytes: Vec::with_capacity(ROOM),
        }
    }

    /// Asks and reads the answer to its end. Whatever goes wrong ends the connection; the next request has a new one.
    pub(super) async fn ask(&mut self, request: Request<'_>) -> Result<Reply, String> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await.map_err(broken)?,
        };
        self.bytes.clear();
        request.write(self.address.server, &mut self.bytes);
        stream.write_all(&self.bytes).await.map_err(broken)?;
        self.bytes.clear();
        let head = loop {
            if let Some(head) = Head::read(&self.bytes)? {
                break head;
            }
            self.more(&mut stream).await?;
        };
        while self.bytes.len() < head.whole {
            self.more(&mut stream).await?;
        }
        if !head.closes {
            self.stream = Some(stream);
        }
        let body = self.bytes.get(head.length..head.whole).unwrap_or_default();
        Ok(Reply {
            status: head.status,
            cookie: head.cookie,
            body: body.to_vec(),
        })
    }

    async fn more(&mut self, stream: &mut TcpStream) -> Result<(), String> {
        if self.bytes.len() > ANSWER_MAX {
            return Err("an answer without end".to_owned());
        }
        match stream.read_buf(&mut self.bytes).await.map_err(broken)? {
            0 => Err("the server went away".to_owned()),
            _ => Ok(()),
        }
    }
}

async fn connect(address: Address) -> std::io::Result<TcpStream> {
    let socket = match address.server {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(from) = address.from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let stream = socket.connect(address.server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn broken(error: std::io::Error) -> String {
    error.to_string()
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    cookie: Option<String>,
    closes: bool,
    /// How long the head is, and how long it is with the body.
    length: usize,
    whole: usize,
}

impl Head {
    /// None while it has not come whole.
    fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else {
            return Ok(None);
        };
        let length = end.saturating_add(4);
        let text = bytes.get(..end).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| "a head that is no text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok());
        let mut head = Head {
            status: status.ok_or("a head without a status")?,
            cookie: None,
            closes: false,
            length,
            whole: length,
        };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                let body: usize = value.parse().map_err(|_| "a length that is no number")?;
                head.whole = length.saturating_add(body);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err("an answer in chunks, which is not understood here".to_owned());
            } else if name.eq_ignore_ascii_case("connection") {
                head.closes = value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case("set-cookie") {
                head.cookie = value.split(';').next().map(str::to_owned);
            }
        }
        Ok(Some(head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text =
            b"HTTP/1.1 201 Created\r\nSet-Cookie: a=b; Path=/\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(Head::read(&text[..40]), Ok(None));
        let head = Head::read(text).unwrap().unwrap();
        assert_eq!((head.status, head.closes), (201, false));
        assert_eq!(head.cookie.as_deref(), Some("a=b"));
        assert_eq!((head.whole, head.length), (text.len(), text.len() - 2));
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(Head::read(chunked).is_err());
    }

    #[test]
    fn a_request_names_session_and_key_only_where_there_are_some() {
        let mut bytes = Vec::new();
        let host = "127.0.0.1:80".parse().unwrap();
        Request::get("/a").write(host, &mut bytes);
        assert_eq!(bytes, b"GET /a HTTP/1.1\r\nhost: 127.0.0.1:80\r\n\r\n");
        bytes.clear();
        let order = Request {
            method: "POST",
            key: Some("k"),
            body: "{}",
            ..Request::get("/b").by("s=1")
        };
        order.write(host, &mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("cookie: s=1\r\nidempotency-key: k\r\n\r\n{}"));
    }
}
