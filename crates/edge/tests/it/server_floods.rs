//! Floods of HTTP/2 frames, written by hand: each one ends its own connection, and the server goes on.

use std::time::Duration;

use edge::server::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::server_trial::{LONG, Trial, say};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A GET of `/` over http for the host `a`, in the static table of HPACK.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'a'];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

async fn begin(trial: &Trial) -> TcpStream {
    let mut stream = trial.connect().await;
    stream.write_all(PREFACE).await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    stream
}

/// Writes such frames until the connection is ended; fails when so many pass.
async fn flood(trial: &Trial, most: u32, make: impl Fn(u32) -> Vec<u8>) {
    let (mut reader, mut writer) = begin(trial).await.into_split();
    let write = async {
        for number in 0..most {
            if writer.write_all(&make(number)).await.is_err() {
                return;
            }
        }
        std::future::pending().await
    };
    let read = async {
        let mut heap = vec![0; 64 * 1024];
        while reader.read(&mut heap).await.is_ok_and(|bytes| bytes > 0) {}
    };
    timeout(LONG, async {
        tokio::select! { () = write => {} () = read => {} }
    })
    .await
    .expect("the flood is ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_flood_ends_its_own_connection() {
    let trial = Trial::start(Settings::default()).await;
    let odd = |number: u32| number * 2 + 1;
    flood(&trial, 50_000, |number| {
        let head = frame(HEADERS, END_STREAM | END_HEADERS, odd(number), GET);
        [head, frame(RESET, 0, odd(number), &8_u32.to_be_bytes())].concat()
    })
    .await;
    flood(&trial, 50_000, |number| match number {
        0 => frame(HEADERS, END_STREAM, 1, GET),
        // A literal header that is never kept: a name of one byte and a value of ten.
        _ => frame(
            CONTINUATION,
            0,
            1,
            &[
                0x10, 1, b'x', 10, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41,
            ],
        ),
    })
    .await;
    flood(&trial, 50_000, |_| frame(CONTINUATION, 0, 1, &[])).await;
    flood(&trial, 50_000, |_| frame(PING, 0, 0, &[0; 8])).await;
    flood(&trial, 50_000, |_| {
        frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])
    })
    .await;
    flood(&trial, 50_000, |_| frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 1])).await;
    flood(&trial, 50_000, |number| match number {
        0 => frame(HEADERS, END_HEADERS, 1, GET),
        _ => frame(DATA, 0, 1, &[]),
    })
    .await;
    flood(&trial, 200_000, |_| frame(WINDOW, 0, 0, &[0, 0, 0, 1])).await;
    flood(&trial, 50_000, |_| frame(0x42, 0, 0, &[])).await;
    let heard = say(
        &mut trial.connect().await,
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        Duration::from_secs(1),
    )
    .await;
    assert_eq!(heard.statuses, [200]);
}

/// Reads frames until one of this kind on this stream, or the end.
async fn wait_for(stream: &mut TcpStream, kind: u8, on: u32) -> Option<Vec<u8>> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.ok()?;
        let number = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        if head[3] == kind && number == on {
            return Some(payload);
        }
    }
}

#[tokio::test]
async fn a_list_of_headers_that_is_too_long_is_refused() {
    let trial = Trial::start(Settings::default()).await;
    let mut stream = begin(&trial).await;
    let mut fields = GET.to_vec();
    for _ in 0..400 {
        fields.extend([0x10, 1, b'x', 126]);
        fields.extend([b'y'; 126]);
    }
    let parts: Vec<&[u8]> = fields.chunks(16_000).collect();
    let (last, first) = parts.split_last().unwrap();
    for (number, part) in first.iter().enumerate() {
        let kind = if number == 0 { HEADERS } else { CONTINUATION };
        stream
            .write_all(&frame(kind, END_STREAM * u8::from(number == 0), 1, part))
            .await
            .unwrap();
    }
    stream
        .write_all(&frame(CONTINUATION, END_HEADERS, 1, last))
        .await
        .unwrap();
    let answer = timeout(LONG, wait_for(&mut stream, HEADERS, 1))
        .await
        .unwrap();
    // 431 is the literal of an indexed name, because the static table has no such status.
    let refused = answer.is_none_or(|fields| {
        fields.windows(3).any(|part| part == b"431") || !fields.contains(&0x88)
    });
    assert!(refused);
    assert!(trial.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_window_that_stays_shut_is_not_waited_for() {
    let settings = Settings {
        patience: Duration::from_millis(600),
        ..Settings::default()
    };
    let trial = Trial::start(settings).await;
    let mut stream = begin(&trial).await;
    let path = [&[0x82, 0x86, 0x41, 1, b'a', 0x44, 6][..], b"/large"].concat();
    stream
        .write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &path))
        .await
        .unwrap();
    // It answers pings, so only the answer that it does not take can end it.
    let ended = timeout(LONG, async {
        while wait_for(&mut stream, PING, 0).await.is_some() {}
    })
    .await;
    ended.expect("the connection is ended");
}

#[tokio::test]
async fn headers_that_drip_are_not_waited_for() {
    let settings = Settings {
        head_time: Duration::from_millis(600),
        ..Settings::default()
    };
    let trial = Trial::start(settings).await;
    let mut stream = begin(&trial).await;
    stream
        .write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, GET))
        .await
        .unwrap();
    timeout(LONG, wait_for(&mut stream, HEADERS, 1))
        .await
        .unwrap()
        .expect("an answer");
    stream
        .write_all(&frame(HEADERS, END_STREAM, 3, GET))
        .await
        .unwrap();
    let ended = timeout(LONG, wait_for(&mut stream, GO_AWAY, 1)).await;
    ended.expect("the connection is ended");
}

#[tokio::test]
async fn what_is_under_way_is_answered_before_a_goodbye_is_final() {
    let settings = Settings {
        lame_duck: Duration::ZERO,
        ..Settings::default()
    };
    let mut trial = Trial::start(settings).await;
    let mut stream = begin(&trial).await;
    let path = [&[0x82, 0x86, 0x41, 1, b'a', 0x44, 5][..], b"/slow"].concat();
    let request = frame(HEADERS, END_STREAM | END_HEADERS, 1, &path);
    stream.write_all(&request).await.unwrap();
    while trial.seen.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    trial.stop.stop();
    let goodbye = timeout(LONG, wait_for(&mut stream, GO_AWAY, 0))
        .await
        .unwrap();
    goodbye.expect("a goodbye");
    // The client has heard it, and says so, as the server asks it to by a ping.
    let ping = timeout(LONG, wait_for(&mut stream, PING, 0))
        .await
        .unwrap()
        .expect("a ping");
    stream.write_all(&frame(PING, 1, 0, &ping)).await.unwrap();
    let answer = timeout(LONG, wait_for(&mut stream, HEADERS, 1))
        .await
        .unwrap();
    assert_eq!(answer.expect("an answer")[0], 0x88);
    let drained = trial.drained().await;
    assert_eq!((drained.finished, drained.cut), (1, 0));
}

#[tokio::test]
async fn hosts_that_differ_are_refused() {
    let trial = Trial::start(Settings::default()).await;
    let cases: [(&[u8], &[u8]); 4] = [
        (b"\x66\x01b", b"400"),
        (b"\x66\x01a", b"200"),
        (b"\x66\x01a\x66\x01a", b"400"),
        (b"", b"200"),
    ];
    for (more, expected) in cases {
        let mut stream = begin(&trial).await;
        let fields = [GET, more].concat();
        stream
            .write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &fields))
            .await
            .unwrap();
        let answer = timeout(LONG, wait_for(&mut stream, HEADERS, 1))
            .await
            .unwrap()
            .expect("an answer");
        // The static table of HPACK has both statuses.
        let status: &[u8] = if answer[0] == 0x88 { b"200" } else { b"400" };
        assert_eq!(status, expected, "{more:?} {answer:?}");
    }
}
