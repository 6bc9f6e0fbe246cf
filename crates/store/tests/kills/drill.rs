//! The drills: twenty kills of a writing process on each engine, and crashes of the PostgreSQL server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::{Clock, Random};
use futures_util::future::join_all;
use store::Failure;
use testkit::postgres::{Server, Settings};

use crate::child::{self, Child};
use crate::ledger::{Counts, Ledger};
use crate::world::{Engine, Truth, World, hex};

const CLIENTS: u32 = 64;
const KILLS: usize = 20;
const CRASHES: usize = 4;
const ORGANISATIONS: u32 = 8;
const STOCK: i64 = 1_000_000;
/// A round is this long at least, and up to twice as long, so that a kill falls anywhere.
const ROUND_MS: u64 = 150;

static STOPPED: AtomicBool = AtomicBool::new(false);

/// In a process of its own: 64 clients that order until they are told to stop, or killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the drills below"]
async fn writer() {
    let Some(name) = child::order() else { return };
    let world = World::of(child::open(&name));
    world.free_by_store(1, 1).await;
    child::say("ready");
    let stop = || {
        child::order();
        STOPPED.store(true, Ordering::SeqCst);
    };
    std::thread::Builder::new().spawn(stop).unwrap();
    join_all((0..CLIENTS).map(|client| order_on(&world, client))).await;
    child::say("done");
}

/// One client: an order after the other, each sent until its fate is known. Every tenth asks for what is not there.
async fn order_on(world: &World, client: u32) {
    let organisation = client % ORGANISATIONS + 1;
    for count in 1_u32.. {
        if STOPPED.load(Ordering::SeqCst) {
            return;
        }
        let wanted: &[(u8, i64)] = if count.is_multiple_of(10) {
            &[(1, 1), (2, 1)]
        } else {
            &[(1, 1)]
        };
        let order = world.order(organisation, wanted);
        let id = hex(order.id);
        child::say(&format!("i {id} {}", hex(order.commit.id())));
        loop {
            match world.commit(&order.commit).await {
                Ok(committed) => {
                    let number = committed.taken(order.taken).unwrap();
                    child::say(&format!("a {id} {number} {}", committed.position));
                }
                Err(Failure::Refused { .. }) => child::say(&format!("r {id}")),
                Err(Failure::Unknown(_) | Failure::Unavailable(_) | Failure::TooLate) => continue,
                Err(failure) => panic!("{failure}"),
            }
            break;
        }
    }
}

/// How many connections of the application the server has.
async fn connections(world: &World) -> i64 {
    let Truth::Postgres(database) = &world.truth else {
        return 0;
    };
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND usename = 'comanda_app'",
        database.name()
    );
    world.number(&sql).await
}

/// Waits until the server is done with what a dead client had sent.
async fn settle(world: &World, own: i64) {
    while connections(world).await > own {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn kill_again_and_again(world: &World) -> Counts {
    let (clock, random, mut ledger) = (Clock::real(), Random::real(), Ledger::default());
    world.seed(1..=ORGANISATIONS, &[STOCK, 0]).await;
    let mut counts = Counts::default();
    let (own, mut in_flight) = (connections(world).await, 0);
    for _ in 0..KILLS {
        let mut child = Child::start(module_path!(), "writer", &child::name(world));
        child.expect("ready");
        let record = child.record();
        let moment = Duration::from_millis(ROUND_MS + random.u64() % ROUND_MS);
        tokio::time::sleep(moment).await;
        child.kill();
        ledger.note(&record.join().unwrap());
        settle(world, own).await;
        let silent = counts.silent_stored + counts.silent_lost;
        counts = ledger.compare(world, STOCK).await;
        in_flight += usize::from(counts.silent_stored + counts.silent_lost > silent);
    }
    println!(
        "{KILLS} kills in {:.1} s: {counts:?}",
        clock.elapsed().as_secs_f64()
    );
    assert!(
        counts.acknowledged > 10 * KILLS,
        "too little work to prove anything"
    );
    assert!(in_flight > KILLS / 2, "the kills did not fall into commits");
    counts
}

#[tokio::test]
async fn sqlite_twenty_kills_of_a_writing_process_lose_nothing() {
    let world = World::on(Engine::Sqlite).await;
    kill_again_and_again(&world).await;
}

#[tokio::test]
async fn postgres_twenty_kills_of_a_writing_process_lose_nothing() {
    let server = Server::start(&Settings::durable());
    let world = World::postgres_of(&server, |_| {}).await;
    kill_again_and_again(&world).await;
}

/// The process lives on and the server dies: every order is settled by its client, exactly once.
#[tokio::test]
async fn postgres_crashes_of_the_server_lose_nothing_and_every_client_is_answered() {
    let server = Server::start(&Settings::durable());
    let world = World::postgres_of(&server, |_| {}).await;
    let (clock, random, mut ledger) = (Clock::real(), Random::real(), Ledger::default());
    world.seed(1..=ORGANISATIONS, &[STOCK, 0]).await;
    let mut child = Child::start(module_path!(), "writer", &child::name(&world));
    child.expect("ready");
    let record = child.record();
    for _ in 0..CRASHES {
        let moment = Duration::from_millis(2 * ROUND_MS + random.u64() % ROUND_MS);
        tokio::time::sleep(moment).await;
        server.crash();
        server.restart();
    }
    tokio::time::sleep(Duration::from_millis(ROUND_MS)).await;
    child.tell("stop");
    let words = record.join().unwrap();
    assert_eq!(
        words.last().map(String::as_str),
        Some("done"),
        "the child did not end by itself"
    );
    ledger.note(&words);
    let counts = ledger.compare(&world, STOCK).await;
    println!(
        "{CRASHES} crashes in {:.1} s: {counts:?}",
        clock.elapsed().as_secs_f64()
    );
    assert_eq!((counts.silent_stored, counts.silent_lost), (0, 0));
    assert!(
        counts.acknowledged > 10 * CRASHES,
        "too little work to prove anything"
    );
}
