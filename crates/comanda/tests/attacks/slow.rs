//! slowhttptest: clients that send heads, send bodies and read answers as slowly as they can.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use testkit::serve::try_ask;

const CONNECTIONS: &str = "400";
const SECONDS: &str = "15";
/// What the documents allow another client to wait, many times over for a busy machine.
const OTHERS_WITHIN: Duration = Duration::from_millis(500);

#[test]
fn slow_heads_hold_up_nobody() {
    attack("slow heads", &["-H", "-i", "3", "-x", "24"]);
}

#[test]
fn slow_bodies_hold_up_nobody() {
    attack(
        "slow bodies",
        &["-B", "-i", "3", "-s", "8192", "-x", "10", "-t", "POST"],
    );
}

#[test]
fn slow_readers_hold_up_nobody() {
    attack(
        "slow readers",
        &[
            "-X", "-w", "10", "-y", "20", "-n", "5", "-z", "8", "-k", "3",
        ],
    );
}

fn attack(name: &str, how: &[&str]) {
    let (serve, _) = super::serve();
    // The document is written and packed after a start, or by whoever asks first: that is no part of an attack.
    assert_eq!(serve.get("/api/openapi.json").status, 200);
    let before = settled_kib(serve.process());
    let done = AtomicBool::new(false);
    let (asked, slowest) = std::thread::scope(|scope| {
        let others = scope.spawn(|| others(serve.http(), &done));
        let path = if how.contains(&"-X") {
            "/api/openapi.json"
        } else {
            "/api/setup"
        };
        let output = Command::new("slowhttptest")
            .args(how)
            .args(["-c", CONNECTIONS, "-r", "200", "-l", SECONDS, "-p", "3"])
            .args(["-u", &format!("http://{}{path}", serve.http())])
            .output()
            .expect("slowhttptest does not start");
        done.store(true, Ordering::Relaxed);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        others.join().unwrap()
    });
    let grown = memory_kib(serve.process()).saturating_sub(before);
    println!(
        "{name}: {asked} others asked, the slowest waited {slowest:?}, memory grew by {grown} KiB"
    );
    assert!(asked > 50, "the others could ask {asked} times only");
    assert!(slowest < OTHERS_WITHIN, "others waited {slowest:?}");
    assert!(grown < 64 * 1024, "memory grew by {grown} KiB");
    assert!(serve.stop().success());
}

/// An ordinary client beside the attack: how often it asked, and how long the slowest answer took.
fn others(address: SocketAddr, done: &AtomicBool) -> (u32, Duration) {
    let (mut asked, mut slowest) = (0, Duration::ZERO);
    while !done.load(Ordering::Relaxed) {
        let began = Instant::now();
        let reply = try_ask(address, "GET", "/api/info", &[], "").unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        slowest = slowest.max(began.elapsed());
        asked += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    (asked, slowest)
}

/// What it takes when that does not change any more.
fn settled_kib(process: u32) -> u64 {
    let mut before = memory_kib(process);
    for _ in 0..20 {
        std::thread::sleep(Duration::from_secs(1));
        let now = memory_kib(process);
        if now.abs_diff(before) < 512 {
            return now;
        }
        before = now;
    }
    before
}

fn memory_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap()
}
