//! Two processes on one PostgreSQL: one is killed with orders under way, and the other goes on with them.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use base::Random;
use serde_json::Value;
use testkit::paypal::PayPal;
use testkit::serve::{Serve, Start};

use crate::OVERRUN_MAX;
use crate::diners::Wish;
use crate::house::House;
use crate::rows::Ground;
use crate::verdict::Verdict;

const KILLS: u64 = 5;
/// How many orders are under way when it is killed.
const ORDERS: u64 = 16;
/// A killed process delays an order by no more.
const DELAY: Duration = Duration::from_secs(2);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);

#[test]
fn a_killed_process_delays_an_order_by_two_seconds_at_most() {
    let mut ground = Ground::postgres();
    let provider = PayPal::open(&Random::real());
    let starts = [ground.start(), ground.start()];
    let words = provider.words(starts[0].folder());
    let same = ["--set", "listen.public_url=http://127.0.0.1:8080"];
    let starts = starts.map(|start| start.with(words.clone()).with(same));
    let mut dying = starts[0].serve().unwrap();
    share_secrets(&starts);
    let staying = starts[1].serve().unwrap();
    let house = House::open(&dying, 0);
    let (mut all, mut slowest, mut undisturbed) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    for kill in 0..KILLS {
        // The same without a kill, beside which the delay is to be seen.
        let (wishes, began) = (send(&house, dying.http(), kill * 100), Instant::now());
        undisturbed = undisturbed.max(secured(&house, staying.http(), &wishes, began));
        all.extend(wishes);
        let at = dying.http();
        let (mut wishes, began) = std::thread::scope(|scope| {
            let sent = scope.spawn(|| send(&house, at, kill * 100 + 50));
            std::thread::sleep(Duration::from_millis(20 + kill * 37));
            let began = Instant::now();
            dying.kill();
            (sent.join().unwrap(), began)
        });
        for wish in wishes.iter_mut().filter(|wish| wish.told.is_none()) {
            assert!(wish.send(&house, staying.http()));
        }
        slowest = slowest.max(secured(&house, staying.http(), &wishes, began));
        all.extend(wishes);
        dying = starts[0].serve().unwrap();
    }
    println!(
        "postgres, two processes: {KILLS} kills of one with {ORDERS} orders under way, all paid within {slowest:?} of the \
         kill (figure: {DELAY:?}), {undisturbed:?} without one"
    );
    finish((&ground, &provider), [dying, staying], &all);
    assert!(slowest < DELAY * OVERRUN_MAX);
    for start in starts {
        start.remove();
    }
}

/// Both stop in order, and both books are alike.
fn finish((ground, provider): (&Ground, &PayPal), nodes: [Serve; 2], wishes: &[Wish]) {
    for node in nodes {
        assert!(node.stop().success());
    }
    let verdict = Verdict::of(ground, provider, wishes);
    println!("postgres, two processes: {verdict}");
    verdict.assert_whole();
}

/// With its modes, or the secrets are refused.
fn share_secrets(starts: &[Start; 2]) {
    let (from, to) = (starts[0].data(), starts[1].data());
    std::fs::create_dir_all(&to).unwrap();
    let copied = Command::new("cp")
        .arg("-a")
        .args([from.join("secrets"), to.join("secrets")])
        .status();
    assert!(copied.unwrap().success());
}

/// Sends so many at once; some may not be answered.
fn send(house: &House, at: SocketAddr, first: u64) -> Vec<Wish> {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..ORDERS)
            .map(|number| {
                scope.spawn(move || {
                    let guest = usize::try_from(number).unwrap();
                    let mut wish = Wish::payable(guest, first + number);
                    wish.send(house, at);
                    wish
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

/// How long it took until the money of all was safe.
fn secured(house: &House, at: SocketAddr, wishes: &[Wish], began: Instant) -> Duration {
    for wish in wishes {
        let path = format!(
            "/api/orders/{}",
            wish.told.as_ref().expect("it was answered")
        );
        loop {
            let reply = house.as_guest((at, wish.guest), ("GET", &path), ("", &Value::Null));
            let order: Value = serde_json::from_str(&reply.unwrap().body).unwrap();
            if order["payment"] == "secured" {
                break;
            }
            assert!(began.elapsed() < SETTLED_WITHIN, "never paid: {order}");
            std::thread::sleep(LOOK_EVERY);
        }
    }
    began.elapsed()
}
