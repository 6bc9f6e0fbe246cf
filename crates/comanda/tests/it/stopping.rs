//! How it ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::World;

#[test]
fn a_signal_ends_it_in_order() {
    let world = World::new();
    for signal in ["TERM", "INT"] {
        let mut serve = world.serve();
        serve.signal(signal);
        assert_eq!(serve.wait().code(), Some(0), "{signal}: {}", serve.said());
        // Whoever closes a file last has moved its write-ahead log into it.
        assert!(!world.0.data().join("main.db-wal").exists(), "{signal}");
    }
}

#[test]
fn a_request_under_way_is_answered() {
    let world = World::new();
    let mut serve = world.serve();
    let mut stream = TcpStream::connect(serve.http()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let body = format!(
        "{{\"token\":\"{}\",\"name\":\"a\",\"email\":\"a@b.example\"}}",
        "0".repeat(64)
    );
    let request = testkit::serve::request(
        serve.http(),
        "POST",
        "/api/setup",
        &[("content-type", "application/json")],
        &body,
    );
    // Its last bytes come after the signal.
    let (head, tail) = request.split_at(request.len() - 10);
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    serve.signal("TERM");
    std::thread::sleep(Duration::from_millis(200));
    stream.write_all(tail.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let reply = testkit::serve::reply(&answer).unwrap();
    assert_eq!(reply.status, 403, "{}", reply.body);
    assert_eq!(serve.wait().code(), Some(0), "{}", serve.said());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let world = World::new();
    let mut serve = world.serve();
    // A request that never ends its head holds the first stop back.
    let mut stream = TcpStream::connect(serve.http()).unwrap();
    stream.write_all(b"POST /api/setup HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let clock = base::Clock::real();
    serve.signal("TERM");
    std::thread::sleep(Duration::from_millis(200));
    serve.signal("TERM");
    assert_eq!(serve.wait().code(), Some(5), "{}", serve.said());
    assert!(
        clock.elapsed() < Duration::from_secs(5),
        "{:?}",
        clock.elapsed()
    );
}
