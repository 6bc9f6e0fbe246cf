//! Slow clients: heads, bodies and readers that drip are ended in time, and do not slow down the others.

use std::time::Duration;

use base::Clock;
use edge::server::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::server_trial::{End, LONG, Trial, listen};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// What slow clients have sent, and after which they only drip.
const HEAD: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\nx-slow: ";
const BODY: &[u8] = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n";
const CHUNKS: &[u8] = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n";
const READER: &[u8] = b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n";

fn impatient() -> Settings {
    Settings {
        head_time: Duration::from_millis(600),
        patience: Duration::from_millis(600),
        idle_time: Duration::from_millis(1500),
        ..Settings::default()
    }
}

/// Sends a byte now and then until the server has enough of it.
async fn drip(stream: &mut TcpStream, every: Duration) {
    let (mut reader, mut writer) = stream.split();
    let mut answer = [0; 1024];
    loop {
        match timeout(every, reader.read(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(_)) => {}
            Err(_) => {
                if writer.write_all(b"x").await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn dripping_heads_and_bodies_are_ended() {
    let trial = Trial::start(impatient()).await;
    for begin in [b"".as_slice(), b"G", HEAD, BODY] {
        let clock = Clock::real();
        let mut stream = trial.connect().await;
        stream.write_all(begin).await.unwrap();
        timeout(LONG, drip(&mut stream, Duration::from_millis(50)))
            .await
            .expect("it is ended");
        let took = clock.elapsed();
        assert!(took > Duration::from_millis(500), "{took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[tokio::test]
async fn a_slow_body_is_answered_408() {
    let trial = Trial::start(impatient()).await;
    for begin in [BODY, CHUNKS] {
        let mut stream = trial.connect().await;
        stream.write_all(begin).await.unwrap();
        let heard = listen(&mut stream, LONG).await;
        assert_eq!(
            (heard.statuses.as_slice(), heard.end),
            ([408].as_slice(), End::Closed)
        );
    }
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_ended() {
    let trial = Trial::start(impatient()).await;
    let mut stream = trial.connect().await;
    stream.write_all(READER).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    // What lies in the buffers of the kernel may still come, and then the end, before the answer is whole.
    let mut read = Vec::new();
    let _ended_one_way_or_another = timeout(LONG, stream.read_to_end(&mut read)).await.unwrap();
    assert!(read.len() < 16 * 1024 * 1024, "{}", read.len());
}

#[tokio::test]
async fn a_quiet_connection_is_closed_and_one_at_work_is_not() {
    let trial = Trial::start(impatient()).await;
    let mut quiet = trial.connect().await;
    quiet.write_all(GET).await.unwrap();
    assert_eq!(
        listen(&mut quiet, Duration::from_millis(500)).await.end,
        End::Kept
    );
    assert_eq!(listen(&mut quiet, LONG).await.end, End::Closed);
    let mut at_work = trial.connect().await;
    at_work
        .write_all(b"GET /stuck HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(
        listen(&mut at_work, Duration::from_secs(4)).await.end,
        End::Kept
    );
}
