//! The connection is cut at every message of the protocol, and the commit is stored exactly once all the same.
//!
//! A healthy run is watched first; then each place in it, between messages and inside of them, is a cut of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use store::{Committed, Failure, Outcome};
use testkit::postgres::Server;
use testkit::proxy::{Cut, Direction, Proxy};

use super::world::{NOTHING, Order, PATIENCE, World};

const STOCK: i64 = 1_000_000;

/// A world whose commits go through a proxy; everything else goes straight.
async fn proxied() -> (World, Proxy) {
    let proxy = Proxy::start(Server::shared().address()).await;
    let port = proxy.port();
    let world = World::postgres(|settings| {
        let database = settings.app.split_whitespace().nth(2).unwrap().to_owned();
        settings.app = format!("host=127.0.0.1 port={port} {database} user=comanda_app");
        settings.lanes = 1;
    })
    .await;
    world.seed(1..=1, &[STOCK, 0]).await;
    (world, proxy)
}

/// Every place in the messages that a run takes: before each message and inside of it.
async fn places(proxy: &Proxy) -> Vec<Cut> {
    // The last message may still be on its way when the answer is known.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut places = Vec::new();
    for direction in [Direction::ToServer, Direction::ToClient] {
        let count = proxy.count(direction);
        assert!(count > 15, "only {count} messages seen {direction:?}");
        for message in 0..count {
            places.push(Cut::after_messages(direction, message));
            places.push(Cut::inside(direction, message, 3));
        }
    }
    places
}

/// Drops the lane's connection, so that the next commit begins with a handshake.
async fn cool(proxy: &Proxy) {
    proxy.sever();
    while proxy.connections() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The lane must have seen it too, or it would take the next commit for one that was lost.
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// How the connection stands when the commit comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Warm,
    Cold,
}

/// What the commit asks for: stock, whose rest is its number, or a key that nobody has, in one pipeline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guards {
    Stock,
    Key,
}

impl Guards {
    fn order(self, world: &World) -> Order {
        match self {
            Guards::Stock => world.order(1, &[(1, 1)]),
            Guards::Key => {
                let key = world.random.u64().to_string();
                world.claiming_order(1, &[&key])
            }
        }
    }

    /// How much was taken so far.
    async fn taken(self, world: &World) -> i64 {
        match self {
            Guards::Stock => STOCK - world.free(1, 1).await,
            Guards::Key => world.number("SELECT count(*) FROM trial_counters").await,
        }
    }
}

/// One commit at each place of a healthy run.
async fn cut_one_everywhere(state: State, guards: Guards) {
    let (world, proxy) = proxied().await;
    let prepare = async || match state {
        State::Warm => {
            let order = guards.order(&world);
            world.commit(&order.commit).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        State::Cold => cool(&proxy).await,
    };
    prepare().await;
    proxy.forget();
    let order = guards.order(&world);
    world.commit(&order.commit).await.unwrap();
    let places = places(&proxy).await;
    println!("{} places", places.len());
    for place in places {
        prepare().await;
        let (before, cuts) = (guards.taken(&world).await, proxy.cuts());
        proxy.arm(place);
        let order = guards.order(&world);
        let answer = world.commit(&order.commit).await;
        let answer = answer.unwrap_or_else(|failure| panic!("{place:?}: {failure}"));
        if guards == Guards::Stock {
            assert_eq!(
                answer.taken(order.taken),
                Some(STOCK - before - 1),
                "{place:?}"
            );
        }
        world.assert_stored(&order, &answer).await;
        assert_eq!(guards.taken(&world).await, before + 1, "{place:?}");
        assert_eq!(proxy.cuts(), cuts + 1, "{place:?} was not reached");
    }
    world.assert_dense().await;
}

#[tokio::test]
async fn postgres_a_warm_connection_cut_anywhere_stores_exactly_once() {
    cut_one_everywhere(State::Warm, Guards::Stock).await;
}

#[tokio::test]
async fn postgres_a_cold_connection_cut_anywhere_stores_exactly_once() {
    cut_one_everywhere(State::Cold, Guards::Stock).await;
}

#[tokio::test]
async fn postgres_a_commit_of_one_pipeline_cut_anywhere_is_stored_exactly_once() {
    cut_one_everywhere(State::Warm, Guards::Key).await;
}

/// Eight commits for one group: six good ones, one refused at once, one refused after it had taken something.
fn eight(world: &World) -> Vec<Order> {
    let mut orders: Vec<Order> = (0..6).map(|_| world.order(1, &[(1, 1)])).collect();
    orders.insert(2, world.order(1, &[(2, 1)]));
    orders.insert(5, world.order(1, &[(1, 1), (2, 1)]));
    orders
}

async fn commit_all(world: &World, orders: &[Order]) -> Vec<Outcome<Committed>> {
    join_all(orders.iter().map(|order| world.commit(&order.commit))).await
}

async fn assert_settled(
    world: &World,
    orders: &[Order],
    answers: Vec<Outcome<Committed>>,
    place: Cut,
) {
    let mut stored = 0;
    for (at, (order, answer)) in orders.iter().zip(answers).enumerate() {
        match (at, answer) {
            (2 | 5, answer) => {
                let guard = usize::from(at == 5);
                assert!(
                    matches!(answer, Err(Failure::Refused { guard: named, .. }) if named == guard),
                    "{place:?}: {answer:?}"
                );
                assert_eq!(world.rows_of(order).await, NOTHING, "{place:?}");
            }
            (_, Ok(answer)) => {
                world.assert_stored(order, &answer).await;
                stored += 1;
            }
            (_, Err(failure)) => panic!("{place:?}: {failure}"),
        }
    }
    assert_eq!(stored, 6);
}

#[tokio::test]
async fn postgres_a_group_cut_anywhere_stores_each_of_its_commits_exactly_once() {
    let (world, proxy) = proxied().await;
    let warm = async || {
        let answers = commit_all(&world, &eight(&world)).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 6);
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    warm().await;
    proxy.forget();
    warm().await;
    // Every third place: the kinds of messages repeat with every guard, and one group is some hundred places.
    let places: Vec<Cut> = places(&proxy).await.into_iter().step_by(3).collect();
    println!("{} places", places.len());
    for place in places {
        warm().await;
        let (free, cuts) = (world.free(1, 1).await, proxy.cuts());
        proxy.arm(place);
        let orders = eight(&world);
        let answers = commit_all(&world, &orders).await;
        assert_settled(&world, &orders, answers, place).await;
        assert_eq!(world.free(1, 1).await, free - 6, "{place:?}");
        assert_eq!(proxy.cuts(), cuts + 1, "{place:?} was not reached");
    }
    world.assert_dense().await;
}

#[tokio::test]
async fn postgres_a_network_that_falls_silent_gives_no_lie() {
    let (world, proxy) = proxied().await;
    let mut unknown = 0;
    for pause_ms in 0..40 {
        let (order, free) = (world.order(1, &[(1, 1)]), world.free(1, 1).await);
        proxy.delay(Duration::from_millis(2));
        let freeze = async {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            proxy.freeze();
        };
        let commit = world.commit_within(&order.commit, Duration::from_millis(120));
        let (answer, ()) = futures_util::future::join(commit, freeze).await;
        match answer {
            Ok(_) => assert_eq!(world.rows_of(&order).await, super::world::WHOLE),
            Err(Failure::Unknown(id)) => {
                assert_eq!(id, order.commit.id());
                unknown += 1;
            }
            Err(Failure::TooLate | Failure::Unavailable(_)) => {
                assert_eq!(world.rows_of(&order).await, NOTHING);
            }
            Err(failure) => panic!("{failure}"),
        }
        proxy.delay(Duration::ZERO);
        proxy.thaw();
        let answer = world.commit(&order.commit).await.unwrap();
        world.assert_stored(&order, &answer).await;
        assert_eq!(world.free(1, 1).await, free - 1);
    }
    assert!(unknown > 5, "only {unknown} commits met the silence");
    world.assert_dense().await;
}

#[tokio::test]
async fn postgres_a_refused_connection_is_unavailable_and_stores_nothing() {
    let (world, proxy) = proxied().await;
    cool(&proxy).await;
    proxy.refuse();
    let order = world.order(1, &[(1, 1)]);
    let answer = world.commit_within(&order.commit, Duration::from_millis(150));
    let answer = answer.await;
    assert!(
        matches!(answer, Err(Failure::Unavailable(_) | Failure::Unknown(_))),
        "{answer:?}"
    );
    assert_eq!(world.rows_of(&order).await, NOTHING);
    proxy.accept();
    let answer = world.commit(&order.commit).await.unwrap();
    world.assert_stored(&order, &answer).await;
    assert_eq!(world.free(1, 1).await, STOCK - 1);
}

#[tokio::test]
async fn postgres_the_server_side_of_a_cut_may_still_be_at_work() {
    // Somebody holds the counter, so the first attempt hangs in its guard when the connection is lost; what the
    // server does with it later must not count twice.
    let (world, proxy) = proxied().await;
    let holder = world.server_side().connect("postgres").await;
    for _ in 0..5 {
        let free = world.free(1, 1).await;
        holder
            .batch_execute("BEGIN; SELECT 1 FROM trial_stock FOR UPDATE")
            .await
            .unwrap();
        let order = world.order(1, &[(1, 1)]);
        let commit = Arc::clone(&order.commit);
        let trouble = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            proxy.sever();
            tokio::time::sleep(Duration::from_millis(30)).await;
            holder.batch_execute("COMMIT").await.unwrap();
        };
        let (answer, ()) =
            futures_util::future::join(world.commit_within(&commit, PATIENCE), trouble).await;
        world.assert_stored(&order, &answer.unwrap()).await;
        assert_eq!(world.free(1, 1).await, free - 1);
    }
}
