//! Everybody wants the same at once: a thousand requests under one key are one order, and a thousand buyers of a hundred
//! portions get a hundred.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::house::{House, read, text, until_decided};
use crate::progress::Progress;
use crate::rows::Ground;

const AT_ONCE: usize = 1_000;
const PORTIONS: u32 = 100;
const ROUNDS: u32 = 3;
/// How many buyers are on the line at once.
const BUYERS: usize = 64;

#[test]
fn sqlite_takes_one_key_for_one_order_and_sells_what_there_is() {
    drill(Ground::sqlite(), ROUNDS);
}

#[test]
fn postgres_takes_one_key_for_one_order_and_sells_what_there_is() {
    drill(Ground::postgres(), ROUNDS);
}

/// As many rounds as `ROUNDS` says, on both engines: `cargo xtask drill portions`.
#[test]
#[ignore = "a drill of many minutes"]
fn many() {
    let rounds = crate::number("ROUNDS", 100);
    drill(Ground::sqlite(), rounds);
    drill(Ground::postgres(), rounds);
}

fn drill(mut ground: Ground, rounds: u32) {
    let start = ground.start();
    let serve = start.serve().unwrap();
    let house = House::open(&serve, usize::try_from(rounds).unwrap());
    house.accept_by_itself(serve.http());
    let took = same_key(&house, serve.http());
    println!(
        "{}: one key {AT_ONCE} times at once is one order with equal answers, in {took:?}",
        ground.engine
    );
    let (mut slowest, mut sold) = (Duration::ZERO, 1);
    let mut progress = Progress::of("rounds", rounds);
    for (number, dish) in house.counted.iter().enumerate() {
        let began = Instant::now();
        sold += portions(&house, serve.http(), (number, dish));
        slowest = slowest.max(began.elapsed());
        progress.step();
    }
    println!(
        "{}: {rounds} rounds of {AT_ONCE} buyers for {PORTIONS} portions, each sold {PORTIONS}; the slowest took {slowest:?}, \
         {:.1} rounds a minute",
        ground.engine,
        progress.per_minute()
    );
    assert!(serve.stop().success());
    let orders = ground.count("SELECT COUNT(*) FROM orders");
    assert_eq!(orders, u64::try_from(sold).unwrap());
    let odd = "SELECT transaction_id FROM ledger_postings \
               GROUP BY organisation, transaction_id HAVING SUM(minor) <> 0";
    assert!(ground.rows(odd).is_empty());
    start.remove();
}

/// All at once, each on a line of its own.
fn same_key(house: &House, at: SocketAddr) -> Duration {
    let body = house.basket(&house.dish, None);
    let began = Instant::now();
    let answers: BTreeSet<String> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                scope.spawn(|| {
                    let reply = until_decided(|| {
                        house.as_guest((at, 0), ("POST", "/api/orders"), ("one-key", &body))
                    });
                    assert_eq!(reply.status, 201, "{}", reply.body);
                    reply.body
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let orders = house.list(at, &format!("/api/restaurants/{}/orders", house.restaurant));
    assert_eq!(orders.len(), 1);
    began.elapsed()
}

/// How many were sold, which must be how many there were.
fn portions(house: &House, at: SocketAddr, (round, dish): (usize, &str)) -> usize {
    house.stock(at, dish, PORTIONS);
    let (next, body) = (AtomicUsize::new(0), house.basket(dish, None));
    let sold: BTreeSet<String> = std::thread::scope(|scope| {
        let buy = || {
            let mut sold = Vec::new();
            loop {
                let buyer = next.fetch_add(1, Ordering::Relaxed);
                if buyer >= AT_ONCE {
                    return sold;
                }
                let key = format!("round-{round}-{buyer}");
                let reply = until_decided(|| {
                    house.as_guest((at, buyer), ("POST", "/api/orders"), (&key, &body))
                });
                match reply.status {
                    201 => sold.push(text(&read(&reply)["id"])),
                    _ => assert!(reply.body.contains("order_refused"), "{}", reply.body),
                }
            }
        };
        let all: Vec<_> = (0..BUYERS).map(|_| scope.spawn(buy)).collect();
        all.into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    assert_eq!(sold.len(), usize::try_from(PORTIONS).unwrap());
    sold.len()
}
