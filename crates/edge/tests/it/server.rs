//! The server over real sockets: TLS and its exchange, seats, panics, long waits, and the end without a failed request.

use std::sync::Arc;
use std::time::Duration;

use edge::server::{Settings, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::server_trial::{End, Heard, LONG, Trial, listen, say, statuses};

const QUIET: Duration = Duration::from_secs(2);
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// A chain of one certificate for localhost, and its key.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

async fn connect_tls(
    trial: &Trial,
    chain: &str,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, trial.connect().await)
        .await
}

#[tokio::test]
async fn tls_is_spoken_and_plain_http_is_told_so() {
    let (chain, key) = certificate();
    let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let trial = Trial::start_with(Settings::default(), Some(tls)).await;
    let mut stream = connect_tls(&trial, &chain, &[b"http/1.1"]).await.unwrap();
    stream
        .write_all(b"GET /x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(statuses(&answer), [200]);

    let stream = connect_tls(&trial, &chain, &[b"h2", b"http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));

    let mut plain = trial.connect().await;
    plain.write_all(GET).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("HTTPS"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_the_server_runs() {
    let folder = std::env::temp_dir().join(format!("comanda-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (chain_file, key_file) = (folder.join("chain.pem"), folder.join("key.pem"));
    let put = |chain: &str, key: &str| {
        std::fs::write(&chain_file, chain).unwrap();
        std::fs::write(&key_file, key).unwrap();
    };
    let ((chain, key), (chain_next, key_next)) = (certificate(), certificate());
    put(&chain, &key);
    let tls = Tls::from_files(&chain_file, &key_file).unwrap();
    let trial = Trial::start_with(Settings::default(), Some(tls.clone())).await;
    let mut first = connect_tls(&trial, &chain, &[]).await.unwrap();
    // A pair that does not belong together changes nothing.
    put(&chain_next, &key);
    assert!(tls.reload().is_err());
    connect_tls(&trial, &chain, &[]).await.unwrap();
    put(&chain_next, &key_next);
    tls.reload().unwrap();
    connect_tls(&trial, &chain_next, &[]).await.unwrap();
    assert!(connect_tls(&trial, &chain, &[]).await.is_err());
    first.write_all(GET).await.unwrap();
    let mut answer = [0; 15];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let (chain, key) = certificate();
    let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let settings = Settings {
        handshake_time: Duration::from_millis(300),
        ..Settings::default()
    };
    let trial = Trial::start_with(settings, Some(tls)).await;
    for bytes in [&b""[..], b"\x16\x03\x01\x02\x00"] {
        let heard = say(&mut trial.connect().await, bytes, LONG).await;
        assert_eq!(heard.end, End::Closed);
    }
}

#[tokio::test]
async fn connections_beyond_the_seats_are_turned_away_until_one_is_free() {
    let settings = Settings {
        connections_max: 2,
        ..Settings::default()
    };
    let trial = Trial::start(settings).await;
    let (mut first, mut second) = (trial.connect().await, trial.connect().await);
    for stream in [&mut first, &mut second] {
        assert_eq!(
            say(stream, GET, Duration::from_millis(200)).await.statuses,
            [200]
        );
    }
    let refused = Heard {
        statuses: vec![503],
        end: End::Closed,
    };
    assert_eq!(listen(&mut trial.connect().await, QUIET).await, refused);
    drop(first);
    let again = async {
        while say(&mut trial.connect().await, GET, Duration::from_millis(200))
            .await
            .statuses
            != [200]
        {}
    };
    timeout(LONG, again).await.unwrap();
}

#[tokio::test]
async fn a_panic_ends_its_request_and_nothing_else() {
    let trial = Trial::start(Settings::default()).await;
    let mut stream = trial.connect().await;
    let panic = b"GET /panic HTTP/1.1\r\nhost: a\r\n\r\n";
    let bytes = [panic.as_slice(), GET].concat();
    let heard = say(&mut stream, &bytes, Duration::from_millis(500)).await;
    assert_eq!(
        heard,
        Heard {
            statuses: vec![500, 200],
            end: End::Kept
        }
    );
}

#[tokio::test]
async fn beyond_an_upgrade_nothing_is_read_as_http() {
    let trial = Trial::start(Settings::default()).await;
    let mut stream = trial.connect().await;
    let ask = b"GET /upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    stream.write_all(b"\0 no HTTP\n\n").await.unwrap();
    let mut echo = [0; 11];
    timeout(LONG, stream.read_exact(&mut echo))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&echo, b"\0 no HTTP\n\n");
    // Who asks for it and does not get it goes on in HTTP.
    let mut stream = trial.connect().await;
    let ask = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n\n\n";
    let heard = say(&mut stream, ask, Duration::from_millis(500)).await;
    assert_eq!(
        (heard.statuses.as_slice(), heard.end),
        ([200, 400].as_slice(), End::Closed)
    );
}

#[tokio::test]
async fn what_does_not_end_is_cut_and_counted() {
    let settings = Settings {
        lame_duck: Duration::ZERO,
        drain_time: Duration::from_millis(700),
        ..Settings::default()
    };
    let mut trial = Trial::start(settings).await;
    let (mut stuck, mut slow, mut idle) = (
        trial.connect().await,
        trial.connect().await,
        trial.connect().await,
    );
    stuck
        .write_all(b"GET /stuck HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    slow.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    say(&mut idle, GET, Duration::from_millis(100)).await;
    trial.stop.stop();
    let drained = trial.drained().await;
    assert_eq!((drained.finished, drained.cut), (1, 1));
    assert_eq!(
        listen(&mut slow, QUIET).await,
        Heard {
            statuses: vec![200],
            end: End::Closed
        }
    );
    assert_eq!(
        listen(&mut stuck, QUIET).await,
        Heard {
            statuses: vec![],
            end: End::Closed
        }
    );
    assert_eq!(
        listen(&mut idle, QUIET).await,
        Heard {
            statuses: vec![],
            end: End::Closed
        }
    );
}

/// It ends when the farewell is over, long before the time is up in which others may end.
#[tokio::test]
async fn a_quiet_connection_does_not_hold_up_the_end() {
    let settings = Settings {
        lame_duck: Duration::ZERO,
        ..Settings::default()
    };
    let in_time = settings.drain_time / 2;
    let mut trial = Trial::start(settings).await;
    let mut idle = trial.connect().await;
    say(&mut idle, GET, Duration::from_millis(100)).await;
    trial.stop.stop();
    let drained = timeout(in_time, trial.drained()).await;
    assert_eq!(drained.expect("the server ends in time").cut, 0);
}

/// Without a lame-duck time too: clients that ask now and then never see a connection end under their request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_when_a_server_stops_at_once() {
    let settings = Settings {
        lame_duck: Duration::ZERO,
        ..Settings::default()
    };
    let mut first = Trial::start(settings.clone()).await;
    let second = Trial::start(settings).await;
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        clients.spawn(shop_for_ever(first.address, second.address));
    }
    sleep(Duration::from_millis(300)).await;
    first.stop.stop();
    assert_eq!(first.drained().await.cut, 0);
    while let Some(ended) = clients.join_next().await {
        assert!(ended.unwrap().expect("no request fails").moved);
    }
}

/// A request fails when its connection ends after it was sent and before it was answered, or when the answer is
/// not 200. A client that was told to close goes to the other server, as one behind a balancer does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_when_a_server_stops() {
    const CLIENTS: usize = 200;
    let lame_duck = Duration::from_secs(2);
    let settings = Settings {
        lame_duck,
        ..Settings::default()
    };
    let mut first = Trial::start(settings.clone()).await;
    let second = Trial::start(settings).await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(shop_for_ever(first.address, second.address));
    }
    sleep(Duration::from_secs(1)).await;
    assert!(first.readiness.is_ready());
    first.stop.stop();
    let closed_first = async {
        while first.readiness.is_ready() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(lame_duck / 2, closed_first)
        .await
        .expect("not ready before the port is closed");
    TcpStream::connect(first.address)
        .await
        .expect("a lame duck still accepts");
    let drained = first.drained().await;
    assert_eq!(drained.cut, 0, "{drained:?}");
    TcpStream::connect(first.address)
        .await
        .expect_err("the port is closed");
    let (mut answered, mut moved) = (0, 0);
    while let Some(ended) = clients.join_next().await {
        let client: Client = ended.unwrap().expect("no request fails");
        answered += client.answered;
        moved += usize::from(client.moved);
    }
    println!("{answered} requests, none failed; {moved} of {CLIENTS} clients moved");
    assert_eq!(moved, CLIENTS);
}

struct Client {
    answered: u64,
    moved: bool,
}

/// Asks again and again on one connection; ends some requests after it had to go to the second server.
async fn shop_for_ever(
    first: std::net::SocketAddr,
    second: std::net::SocketAddr,
) -> std::io::Result<Client> {
    let mut client = Client {
        answered: 0,
        moved: false,
    };
    let mut stream = TcpStream::connect(first).await?;
    let mut left = 20;
    while left > 0 {
        stream.write_all(GET).await?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"GET / 0") {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        assert_eq!(statuses(&answer), [200]);
        client.answered += 1;
        let told = String::from_utf8_lossy(&answer).contains("connection: close");
        if told {
            client.moved = true;
            stream = TcpStream::connect(second).await?;
        }
        left -= u32::from(client.moved);
        sleep(Duration::from_millis(10)).await;
    }
    Ok(client)
}
