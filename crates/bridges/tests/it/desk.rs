//! A desk that records what it is sent and answers as told: whole, late, torn, or not at all.
//!
//! It keeps a ledger of its own: an ask under a key that it knows gets the first answer again and has no second effect.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::judge::{self, Judge, Vendor};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The key under which the provider knows the ask again.
    pub(crate) fn key(&self) -> Option<&str> {
        self.header("idempotency-key")
            .or_else(|| self.header("paypal-request-id"))
    }
}

/// How an answer arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Whole,
    /// The request was lost: it has no effect and no answer.
    LostBefore,
    /// The answer is lost: the effect is there.
    LostAfter,
    /// Nothing comes, and the connection stays.
    Silent,
    /// Half of the body comes.
    Half,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
    pub(crate) way: Way,
    pub(crate) more: &'static str,
    is_judged: bool,
}

impl Reply {
    /// One that the provider's file allows.
    pub(crate) fn new(status: u16, body: impl ToString) -> Self {
        Reply {
            status,
            kind: "application/json;charset=utf-8",
            body: body.to_string(),
            way: Way::Whole,
            more: "",
            is_judged: true,
        }
    }

    /// One that no file allows.
    pub(crate) fn wild(status: u16, kind: &'static str, body: impl ToString) -> Self {
        let is_judged = false;
        Reply {
            kind,
            is_judged,
            ..Reply::new(status, body)
        }
    }

    pub(crate) fn by(self, way: Way) -> Self {
        Reply { way, ..self }
    }

    pub(crate) fn with(self, more: &'static str) -> Self {
        Reply { more, ..self }
    }
}

#[derive(Default)]
struct Book {
    seen: Vec<Seen>,
    replies: VecDeque<Reply>,
    /// What every token is answered with; a fresh one each.
    tokens: u32,
    known: BTreeMap<String, Reply>,
    /// What was sent and answered, to be judged at the end: judging takes longer than calls may.
    record: Vec<(Seen, Option<Reply>)>,
    complaints: Vec<String>,
}

/// The desk. When it is dropped, nothing may have been complained about.
pub(crate) struct Desk {
    pub(crate) url: String,
    pub(crate) judge: &'static Judge,
    book: Arc<Mutex<Book>>,
    _served: JoinSet<()>,
}

impl Desk {
    /// Opens a desk of this provider, unless its schemas are not here.
    pub(crate) async fn open(vendor: Vendor) -> Option<Self> {
        let judge = judge::of(vendor)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}{}", vendor.prefix());
        let book = Arc::new(Mutex::new(Book::default()));
        let mut served = JoinSet::new();
        let kept = Arc::clone(&book);
        served.spawn(async move {
            let mut guests = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                guests.spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Some(Desk {
            url,
            judge,
            book,
            _served: served,
        })
    }

    /// Answers with these, one after the other; tokens are given besides.
    pub(crate) fn answer(&self, replies: impl IntoIterator<Item = Reply>) {
        self.book.lock().unwrap().replies.extend(replies);
    }

    /// What came since this was last asked, without the asks for tokens.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = std::mem::take(&mut self.book.lock().unwrap().seen);
        seen.into_iter()
            .filter(|seen| !seen.path.ends_with("/oauth2/token"))
            .collect()
    }

    /// How many tokens were given.
    pub(crate) fn tokens(&self) -> u32 {
        self.book.lock().unwrap().tokens
    }

    /// Under how many keys something was done.
    pub(crate) fn effects(&self) -> usize {
        self.book.lock().unwrap().known.len()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let book = self.book.lock().unwrap();
            let mut complaints = book.complaints.clone();
            for (seen, reply) in &book.record {
                complaints.extend(self.judge.request(seen));
                if let Some(reply) = reply {
                    complaints.extend(self.judge.answer(seen, reply.status, &reply.body));
                }
            }
            assert_eq!(complaints, [] as [String; 0]);
            assert!(book.replies.is_empty(), "not all answers were asked for");
        }
    }
}

async fn serve(mut stream: TcpStream, book: Arc<Mutex<Book>>) {
    let Some(seen) = read(&mut stream).await else {
        return;
    };
    let reply = book.lock().unwrap().reply(&seen);
    match reply.way {
        Way::LostBefore | Way::LostAfter => return,
        Way::Silent => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
        Way::Whole | Way::Half => {}
    }
    let (length, kind, more) = (reply.body.len(), reply.kind, reply.more);
    let head = format!(
        "HTTP/1.1 {} said\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{more}connection: close\r\n\r\n",
        reply.status
    );
    let sent = match reply.way {
        Way::Half => &reply.body[..length / 2],
        _ => reply.body.as_str(),
    };
    // The other side hangs up in the midst of what is too large.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(sent.as_bytes()).await;
    let _ = stream.shutdown().await;
}

impl Book {
    fn reply(&mut self, seen: &Seen) -> Reply {
        self.seen.push(seen.clone());
        if seen.path == "/v1/oauth2/token" {
            return self.token(seen);
        }
        // Reading under no key has no effect and no memory.
        let key = seen.key().map(str::to_owned);
        if let Some(known) = key.as_ref().and_then(|key| self.known.get(key)) {
            self.record.push((seen.clone(), None));
            return known.clone();
        }
        let Some(reply) = self.replies.pop_front() else {
            self.complaints
                .push(format!("nobody expected {} {}", seen.method, seen.path));
            return Reply::wild(500, "text/plain", "");
        };
        let judged = Some(reply.clone()).filter(|reply| reply.is_judged && reply.status != 204);
        self.record.push((seen.clone(), judged));
        let has_effect = reply.status < 300 && reply.way != Way::LostBefore;
        if let Some(key) = key.filter(|_| has_effect) {
            let again = Reply {
                way: Way::Whole,
                ..reply.clone()
            };
            self.known.insert(key, again);
        }
        reply
    }

    fn token(&mut self, seen: &Seen) -> Reply {
        let is_right = seen.method == "POST"
            && seen.body == b"grant_type=client_credentials"
            && seen.header("content-type") == Some("application/x-www-form-urlencoded")
            && seen
                .header("authorization")
                .is_some_and(|said| said == crate::world::BASIC);
        if !is_right {
            self.complaints
                .push(format!("no such ask for a token: {seen:?}"));
        }
        self.tokens += 1;
        let token = format!("A21.{}.{}", crate::world::CANARY, self.tokens);
        let life = 32_400;
        let body = serde_json::json!({
            "scope": "https://uri.paypal.com/services/payments/payment",
            "access_token": token,
            "token_type": "Bearer",
            "app_id": "APP-80W284485P519543T",
            "expires_in": life,
        });
        Reply::new(200, body)
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let mut chunk = [0; 4096];
        let read = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes[end + 4..].to_vec();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse().unwrap());
    while body.len() < length {
        let mut chunk = [0; 4096];
        let read = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        body.extend_from_slice(&chunk[..read]);
    }
    Some(Seen {
        method,
        path,
        headers,
        body,
    })
}
