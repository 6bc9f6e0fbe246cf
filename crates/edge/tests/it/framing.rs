//! Requests with odd framing, byte for byte over real sockets: each is refused and the connection closed, and no
//! request that hides in another is ever answered or even seen.

use std::time::Duration;

use edge::server::Settings;
use tokio::task::JoinSet;

use crate::server_trial::{End, Heard, Trial, say};

struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    statuses: Vec<u16>,
    end: End,
}

/// A connection that is kept is only known by its silence.
const QUIET: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_framing_is_refused_and_hides_nothing() {
    let trial = Trial::start(Settings::default()).await;
    let cases: Vec<Case> = [
        accepted(),
        request_lines(),
        targets(),
        hosts(),
        header_lines(),
        lengths(),
        codings(),
        chunks(),
        trailers(),
        hidden(),
        too_much(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let number = cases.len();
    assert!(number >= 80, "{number}");
    let mut connections = JoinSet::new();
    for case in cases {
        let mut stream = trial.connect().await;
        connections.spawn(async move {
            let heard = say(&mut stream, &case.bytes, QUIET).await;
            (case, heard)
        });
    }
    let mut wrong = Vec::new();
    while let Some(ended) = connections.join_next().await {
        let (case, heard) = ended.unwrap();
        let expected = Heard {
            statuses: case.statuses,
            end: case.end,
        };
        if heard != expected {
            wrong.push(format!("{}: {heard:?}, expected {expected:?}", case.name));
        }
    }
    let seen = trial.seen.lock().unwrap();
    let hidden = seen.iter().filter(|request| request.contains("hidden"));
    wrong.extend(hidden.map(|request| format!("{request} was seen")));
    assert!(
        wrong.is_empty(),
        "{} of {number}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    println!("{number} cases of framing");
}

fn case(name: &'static str, text: impl AsRef<[u8]>, statuses: &[u16], end: End) -> Case {
    Case {
        name,
        bytes: text.as_ref().to_vec(),
        statuses: statuses.to_vec(),
        end,
    }
}

fn refused(name: &'static str, text: impl AsRef<[u8]>) -> Case {
    case(name, text, &[400], End::Closed)
}

/// A head with these lines and a host.
fn get(lines: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

fn post(rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{rest}")
}

/// A chunked request with this body.
fn chunked(body: &str) -> String {
    post(&format!("Transfer-Encoding: chunked\r\n\r\n{body}"))
}

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

fn accepted() -> Vec<Case> {
    let kept = |name, text: String| case(name, text, &[200], End::Kept);
    let two = format!("{}{}", get(""), get(""));
    vec![
        kept("plain", get("")),
        kept(
            "no space after a colon",
            "GET / HTTP/1.1\r\nHost:a\r\n\r\n".to_owned(),
        ),
        kept(
            "spaces around a value",
            "GET / HTTP/1.1\r\nHost: \ta \t\r\n\r\n".to_owned(),
        ),
        kept("empty value", get("X-Empty:\r\n")),
        kept("one empty line before", format!("\r\n{}", get(""))),
        kept(
            "port in the host",
            "GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n".to_owned(),
        ),
        kept(
            "IPv6 host",
            "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n".to_owned(),
        ),
        kept(
            "absolute target",
            "GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n".to_owned(),
        ),
        kept(
            "options of the server",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        kept("text beyond ASCII in a value", get("X-Name: é\r\n")),
        kept("body with a length", post("Content-Length: 3\r\n\r\nabc")),
        kept("length of zero", post("Content-Length: 0\r\n\r\n")),
        kept(
            "chunks",
            chunked("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"),
        ),
        kept("trailer", chunked("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")),
        kept(
            "coding in capitals",
            post("Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
        ),
        kept(
            "expectation",
            post("Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
        ),
        case("two in a row", two, &[200, 200], End::Kept),
        case(
            "told to close",
            get("Connection: close\r\n"),
            &[200],
            End::Closed,
        ),
        case(
            "HTTP/1.0",
            "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
            &[200],
            End::Closed,
        ),
        case(
            "HTTP/1.0 that wants to stay",
            "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
            &[200],
            End::Closed,
        ),
    ]
}

fn request_lines() -> Vec<Case> {
    let line = |line: &str| format!("{line}\r\nHost: a\r\n\r\n");
    vec![
        refused("HTTP/0.9", "GET /\r\n\r\n"),
        refused("HTTP/0.9 with a host", line("GET /")),
        refused("two spaces", line("GET  / HTTP/1.1")),
        refused("tab for a space", line("GET\t/ HTTP/1.1")),
        refused("space at the end", line("GET / HTTP/1.1 ")),
        refused("space before", line(" GET / HTTP/1.1")),
        refused("HTTP/1.2", line("GET / HTTP/1.2")),
        refused("HTTP/2.0", line("GET / HTTP/2.0")),
        refused("HTTP/1.10", line("GET / HTTP/1.10")),
        refused("small http", line("GET / http/1.1")),
        refused("not HTTP", line("GET / HTTX/1.1")),
        refused("method in small letters", line("get / HTTP/1.1")),
        refused("method with a colon", line("GET: / HTTP/1.1")),
        refused(
            "method without end",
            line("ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1"),
        ),
        refused("no method", line("/ HTTP/1.1")),
        refused("zero byte in the method", line("GE\0T / HTTP/1.1")),
        refused("two empty lines before", format!("\r\n\r\n{}", get(""))),
        refused(
            "bare line feed after the line",
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
        ),
        refused(
            "bare carriage return in the line",
            "GET / HTTP/1.1\rHost: a\r\n\r\n",
        ),
        refused(
            "a handshake of TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ),
        refused(
            "the preface of HTTP/2 too late",
            format!("{}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\r\n"),
        ),
    ]
}

fn targets() -> Vec<Case> {
    let target = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    vec![
        refused("fragment", target("/#x")),
        refused("zero byte", target("/\0")),
        refused("byte beyond ASCII", target("/é")),
        refused("no slash", target("x")),
        refused("star with another method", target("*")),
        refused("other scheme", target("ftp://a/")),
        refused("user in the target", target("http://u@a/")),
        refused("target without host", target("http:///x")),
        refused("other host in the target", target("http://b/")),
        refused("other port in the target", target("http://a:81/")),
        refused("connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        case(
            "too long",
            target(&format!("/{}", "x".repeat(9000))),
            &[414],
            End::Kept,
        ),
    ]
}

fn hosts() -> Vec<Case> {
    let host = |lines: &str| format!("GET / HTTP/1.1\r\n{lines}\r\n");
    vec![
        refused("no host", host("")),
        refused("no host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"),
        refused("two hosts", host("Host: a\r\nHost: b\r\n")),
        refused("the same host twice", host("Host: a\r\nhost: a\r\n")),
        refused("empty host", host("Host:\r\n")),
        refused("list of hosts", host("Host: a, b\r\n")),
        refused("host with a space", host("Host: a b\r\n")),
        refused("host with a path", host("Host: a/b\r\n")),
        refused("host with a user", host("Host: u@a\r\n")),
        refused("host with a scheme", host("Host: http://a\r\n")),
    ]
}

fn header_lines() -> Vec<Case> {
    vec![
        refused("space before the colon", get("X-A : 1\r\n")),
        refused("tab before the colon", get("X-A\t: 1\r\n")),
        refused(
            "length with a space before the colon",
            post("Content-Length : 3\r\n\r\nabc"),
        ),
        refused("folded line", get("X-A: 1\r\n 2\r\n")),
        refused("folded with a tab", get("X-A: 1\r\n\t2\r\n")),
        refused("folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        refused(
            "folded coding",
            post("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
        ),
        refused("no colon", get("X-A\r\n")),
        refused("no name", get(": 1\r\n")),
        refused("bare line feed", get("X-A: 1\nX-B: 2\r\n")),
        refused(
            "bare line feeds at the end",
            "GET / HTTP/1.1\r\nHost: a\n\n",
        ),
        refused(
            "bare line feed for the empty line",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
        ),
        refused("bare carriage return in a value", get("X-A: 1\rX-B: 2\r\n")),
        refused("zero byte in a value", get("X-A: \0\r\n")),
        refused("escape in a value", get("X-A: \x1b[31m\r\n")),
        refused("zero byte in a name", get("X\0A: 1\r\n")),
        refused("name in quotes", get("\"X-A\": 1\r\n")),
        refused("name beyond ASCII", get("X-é: 1\r\n")),
        refused(
            "connection that drops the length",
            post("Connection: Content-Length\r\nContent-Length: 1\r\n\r\nx"),
        ),
        refused(
            "connection that drops the caller",
            get("Connection: close, Authorization\r\n"),
        ),
    ]
}

fn lengths() -> Vec<Case> {
    let length = |length: &str| post(&format!("Content-Length: {length}\r\n\r\nabc"));
    vec![
        refused("empty length", length("")),
        refused("length with a sign", length("+3")),
        refused("length below zero", length("-3")),
        refused("length in hexadecimal", length("0x3")),
        refused("length with a fraction", length("3.0")),
        refused("length with a word", length("3 bytes")),
        refused("list of equal lengths", length("3, 3")),
        refused("list of lengths", length("3,4")),
        refused("length beyond 64 bits", length("99999999999999999999")),
        refused(
            "two lengths",
            post("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        ),
        refused(
            "the same length twice",
            post("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        ),
        refused("length with a strange space", length("\u{b}3")),
    ]
}

fn codings() -> Vec<Case> {
    let coding = |lines: &str| post(&format!("{lines}\r\n\r\n0\r\n\r\n"));
    let both =
        |first: &str, second: &str| post(&format!("{first}\r\n{second}\r\n\r\n0\r\n\r\n{HIDDEN}"));
    vec![
        refused(
            "length and chunks",
            both("Content-Length: 5", "Transfer-Encoding: chunked"),
        ),
        refused(
            "chunks and length",
            both("Transfer-Encoding: chunked", "Content-Length: 5"),
        ),
        refused(
            "chunks and a length of zero",
            both("Transfer-Encoding: chunked", "Content-Length: 0"),
        ),
        refused(
            "chunked twice",
            coding("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        ),
        refused(
            "chunked and identity",
            coding("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        ),
        refused("identity", coding("Transfer-Encoding: identity")),
        refused(
            "compressed chunks",
            coding("Transfer-Encoding: gzip, chunked"),
        ),
        refused("chunked first", coding("Transfer-Encoding: chunked, gzip")),
        refused(
            "chunked with a parameter",
            coding("Transfer-Encoding: chunked;x=1"),
        ),
        refused("nearly chunked", coding("Transfer-Encoding: xchunked")),
        refused(
            "chunked in quotes",
            coding("Transfer-Encoding: \"chunked\""),
        ),
        refused("empty coding", coding("Transfer-Encoding:")),
        refused("list of one coding", coding("Transfer-Encoding: chunked,")),
        refused(
            "strange space before chunked",
            coding("Transfer-Encoding: \u{b}chunked"),
        ),
        refused(
            "chunks in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
    ]
}

fn chunks() -> Vec<Case> {
    vec![
        refused("extension", chunked("3;x=1\r\nabc\r\n0\r\n\r\n")),
        refused("extension without name", chunked("3;\r\nabc\r\n0\r\n\r\n")),
        refused("extension on the last", chunked("0;x\r\n\r\n")),
        refused("space after a size", chunked("3 \r\nabc\r\n0\r\n\r\n")),
        refused("space before a size", chunked(" 3\r\nabc\r\n0\r\n\r\n")),
        refused("size with a sign", chunked("+3\r\nabc\r\n0\r\n\r\n")),
        refused("size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n")),
        refused("size that is no number", chunked("xyz\r\nabc\r\n0\r\n\r\n")),
        refused("empty size", chunked("\r\nabc\r\n0\r\n\r\n")),
        refused(
            "size beyond 64 bits",
            chunked("ffffffffffffffff1\r\nabc\r\n0\r\n\r\n"),
        ),
        refused(
            "size of nine digits",
            chunked("000000003\r\nabc\r\n0\r\n\r\n"),
        ),
        refused(
            "bare line feed after a size",
            chunked("3\nabc\r\n0\r\n\r\n"),
        ),
        refused(
            "bare line feed after a chunk",
            chunked("3\r\nabc\n0\r\n\r\n"),
        ),
        refused(
            "chunk longer than its size",
            chunked("3\r\nabcd\r\n0\r\n\r\n"),
        ),
        refused("line without end", chunked(&"0".repeat(4000))),
    ]
}

fn trailers() -> Vec<Case> {
    let trailer = |lines: &str| chunked(&format!("0\r\n{lines}\r\n"));
    vec![
        refused("length as a trailer", trailer("Content-Length: 3\r\n")),
        refused(
            "coding as a trailer",
            trailer("Transfer-Encoding: chunked\r\n"),
        ),
        refused("host as a trailer", trailer("Host: b\r\n")),
        refused("caller as a trailer", trailer("Authorization: x\r\n")),
        refused("too many trailers", trailer(&"X-A: 1\r\n".repeat(17))),
        refused("folded trailer", trailer("X-A: 1\r\n 2\r\n")),
        refused("bare line feed in trailers", trailer("X-A: 1\n")),
    ]
}

/// Requests that stand behind a body which some would take for longer or shorter.
fn hidden() -> Vec<Case> {
    let body = |length: usize| format!("Content-Length: {length}\r\n\r\n{HIDDEN}");
    vec![
        case(
            "a request as a body",
            post(&body(HIDDEN.len())),
            &[200],
            End::Kept,
        ),
        refused(
            "behind two lengths",
            post(&format!("Content-Length: 0\r\n{}", body(HIDDEN.len()))),
        ),
        refused(
            "behind a bare line feed",
            format!("GET / HTTP/1.1\nHost: a\n\n{HIDDEN}"),
        ),
        refused(
            "behind a refused line",
            format!("GET / HTTP/9.9\r\nHost: a\r\n\r\n{HIDDEN}"),
        ),
        refused(
            "behind a chunk that lies",
            chunked(&format!("1\r\nabc\r\n0\r\n\r\n{HIDDEN}")),
        ),
        refused(
            "behind a size that some cut off",
            chunked(&format!("100000000\r\n\r\n0\r\n\r\n{HIDDEN}")),
        ),
        refused(
            "behind an extension with a line feed",
            chunked(&format!("1;\n0\r\n\r\n{HIDDEN}")),
        ),
        case(
            "behind a good request and a bad one",
            format!("{}GET / HTTP/1.1\r\n\r\n{HIDDEN}", get("")),
            &[200, 400],
            End::Closed,
        ),
    ]
}

fn too_much() -> Vec<Case> {
    let closed = |name, text: String, status| case(name, text, &[status], End::Closed);
    vec![
        closed("too many headers", get(&"X-A: 1\r\n".repeat(101)), 431),
        closed(
            "a header too long",
            get(&format!("X-A: {}\r\n", "x".repeat(40_000))),
            431,
        ),
        closed(
            "a line without end",
            format!("GET /{}", "x".repeat(70_000)),
            431,
        ),
    ]
}
