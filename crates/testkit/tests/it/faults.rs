//! The faults that the proxy makes while it runs, each on a plain echo server, with the times that it took.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use base::Clock;
use testkit::proxy::{Direction, Proxy, Slowness};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::proxy::{PATIENCE, echo, echo_server, in_time, spawn};

const DELAY: Duration = Duration::from_millis(50);
/// A busy machine may be late by as many times.
const LATE: u32 = 10;

async fn world() -> (Proxy, TcpStream) {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let socket = TcpStream::connect(proxy.address()).await.unwrap();
    socket.set_nodelay(true).unwrap();
    (proxy, socket)
}

async fn timed<T>(what: &str, work: impl Future<Output = T>) -> (T, Duration) {
    let clock = Clock::real();
    let outcome = in_time(work).await;
    let took = clock.elapsed();
    println!("{what}: {took:?}");
    (outcome, took)
}

#[tokio::test]
async fn a_delay_is_for_the_chosen_direction_and_can_be_taken_back() {
    let (proxy, mut socket) = world().await;
    let slow = Slowness {
        delay: DELAY,
        ..Slowness::default()
    };
    let (_, healthy) = timed("echo, healthy", echo(&mut socket, "soup")).await;
    proxy.slow(Direction::ToServer, slow);
    let (_, one_way) = timed("echo, 50 ms one way", echo(&mut socket, "soup")).await;
    proxy.slow(Direction::ToClient, slow);
    let (_, both_ways) = timed("echo, 50 ms both ways", echo(&mut socket, "soup")).await;
    proxy.delay(Duration::ZERO);
    let (_, again) = timed("echo, healthy again", echo(&mut socket, "soup")).await;
    assert!(healthy < DELAY && again < DELAY);
    assert!((DELAY..DELAY * LATE).contains(&one_way));
    assert!((DELAY * 2..DELAY * LATE).contains(&both_ways));
}

/// Pieces that were sent one after the other are on their way together, as in a long cable.
#[tokio::test]
async fn a_delay_does_not_make_the_way_narrower() {
    let (proxy, mut socket) = world().await;
    proxy.delay(DELAY);
    let pieces = 40;
    let sending = async {
        for _ in 0..pieces {
            socket.write_all(b"soup").await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut answers = vec![0; 4 * pieces];
        socket.read_exact(&mut answers).await.unwrap();
    };
    let ((), took) = timed("40 pieces, 100 ms for each to come back", sending).await;
    assert!(took < DELAY * 2 * 40 / 4, "{took:?}");
}

async fn echo_times(seed: u64) -> Vec<Duration> {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    proxy.seed(seed);
    let jitter = Slowness {
        jitter: DELAY,
        ..Slowness::default()
    };
    proxy.slow(Direction::ToServer, jitter);
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    let clock = Clock::real();
    let mut times = Vec::new();
    for _ in 0..12 {
        let begun = clock.elapsed();
        in_time(echo(&mut socket, "soup")).await.unwrap();
        times.push(clock.elapsed() - begun);
    }
    times
}

#[tokio::test]
async fn jitter_differs_from_piece_to_piece_and_is_the_same_for_the_same_seed() {
    let (one, same) = tokio::join!(echo_times(7), echo_times(7));
    println!("echoes with up to 50 ms of jitter: {one:?}");
    let (least, most) = (one.iter().min().unwrap(), one.iter().max().unwrap());
    assert!(*most - *least > DELAY / 4, "{one:?}");
    // A stall of the machine spoils few of them, not most.
    let close = |(one, same): &(&Duration, &Duration)| one.abs_diff(**same) < DELAY / 5;
    let alike = one.iter().zip(&same).filter(close).count();
    println!("of 12 alike with the same seed: {alike}");
    assert!(alike >= 7, "{one:?} {same:?}");
}

#[tokio::test]
async fn the_bandwidth_is_what_was_asked_for() {
    let (proxy, mut socket) = world().await;
    let narrow = Slowness {
        bytes_per_second: Some(100_000),
        ..Slowness::default()
    };
    proxy.slow(Direction::ToClient, narrow);
    let text = "x".repeat(30_000);
    let (_, took) = timed("30 kB at 100 kB a second", echo(&mut socket, &text)).await;
    assert!(took >= Duration::from_millis(290), "{took:?}");
    assert!(took < Duration::from_millis(300) * LATE, "{took:?}");
    proxy.slow(Direction::ToClient, Slowness::default());
    let (_, took) = timed("30 kB without a limit", echo(&mut socket, &text)).await;
    assert!(took < Duration::from_millis(290), "{took:?}");
}

/// Tells how each of its connections ended.
async fn listening_server() -> (SocketAddr, mpsc::Receiver<Option<ErrorKind>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel(4);
    spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut heard = Vec::new();
            let end = socket.read_to_end(&mut heard).await;
            let _ = sender.send(end.err().map(|error| error.kind())).await;
        }
    });
    (address, receiver)
}

#[tokio::test]
async fn a_reset_reaches_both_ends_and_severing_only_the_client() {
    let (server, mut ends) = listening_server().await;
    let proxy = Proxy::start_bytes(server).await;
    for (what, server_sees) in [("reset", Some(ErrorKind::ConnectionReset)), ("sever", None)] {
        let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
        socket.write_all(b"soup").await.unwrap();
        while proxy.bytes(Direction::ToServer) < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        proxy.forget();
        match what {
            "reset" => proxy.reset(),
            _ => proxy.sever(),
        }
        let (end, _) = timed(what, socket.read_u8()).await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(in_time(ends.recv()).await.unwrap(), server_sees, "{what}");
        assert_eq!(proxy.connections(), 0);
    }
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn one_direction_stops_while_the_other_goes_on() {
    for direction in [Direction::ToServer, Direction::ToClient] {
        let (proxy, mut socket) = world().await;
        echo(&mut socket, "soup").await.unwrap();
        proxy.forget();
        proxy.freeze_one_way(direction);
        let silent = tokio::time::timeout(PATIENCE, echo(&mut socket, "fish")).await;
        assert!(silent.is_err());
        let heard = u64::from(direction == Direction::ToClient) * 4;
        assert_eq!(proxy.bytes(Direction::ToServer), heard, "{direction:?}");
        assert_eq!(proxy.bytes(Direction::ToClient), 0);
        proxy.thaw();
        let mut answer = [0; 4];
        in_time(socket.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"fish");
    }
}

/// The other end is gone, and nothing tells: neither its end nor its reset comes through the ice.
#[tokio::test]
async fn a_half_open_connection_is_taken_and_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start_bytes(listener.local_addr().unwrap()).await;
    proxy.freeze();
    for linger_zero in [true, false] {
        let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
        let (server, _) = in_time(listener.accept()).await.unwrap();
        if linger_zero {
            server.set_zero_linger().unwrap();
        }
        drop(server);
        let silent = tokio::time::timeout(PATIENCE, socket.read_u8()).await;
        assert!(silent.is_err(), "{silent:?}");
        proxy.thaw();
        let (end, _) = timed("the end after the thaw", socket.read_u8()).await;
        let reset = end.unwrap_err().kind() == ErrorKind::ConnectionReset;
        assert_eq!(reset, linger_zero);
        proxy.freeze();
    }
}

#[tokio::test]
async fn one_bit_of_the_chosen_byte_is_flipped_once() {
    let (proxy, mut socket) = world().await;
    echo(&mut socket, "before").await.unwrap();
    proxy.corrupt(Direction::ToServer, 9);
    assert_eq!(in_time(echo(&mut socket, "soup")).await.unwrap(), "soup");
    assert_eq!(proxy.corruptions(), 0);
    // Nine bytes pass unharmed: the soup and five of the next.
    assert_eq!(
        in_time(echo(&mut socket, "lasagne")).await.unwrap(),
        "lasagoe"
    );
    assert_eq!(proxy.corruptions(), 1);
    assert_eq!(
        in_time(echo(&mut socket, "lasagne")).await.unwrap(),
        "lasagne"
    );
    proxy.corrupt(Direction::ToClient, 0);
    assert_eq!(in_time(echo(&mut socket, "fish")).await.unwrap(), "gish");
}

#[tokio::test]
async fn a_closed_port_refuses_and_opens_again() {
    let (proxy, mut open) = world().await;
    echo(&mut open, "soup").await.unwrap();
    for _ in 0..3 {
        let ((), _) = timed("down", proxy.down()).await;
        let refused = TcpStream::connect(proxy.address()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        echo(&mut open, "stays").await.unwrap();
        let ((), _) = timed("up", proxy.up()).await;
        let mut next = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(in_time(echo(&mut next, "soup")).await.unwrap(), "soup");
    }
    assert_eq!(proxy.accepted(), 4);
}
