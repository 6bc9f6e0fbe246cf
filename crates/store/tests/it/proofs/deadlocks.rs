//! Two nodes that take the same counters in opposite orders never wait for each other.

use futures_util::future::{join, join_all};
use store::Database;

use super::world::{Order, PATIENCE, World, dish, hex};

const COUNTERS: u8 = 10;
const ROUNDS: u8 = 20;
const GROUP: u8 = 64;

async fn deadlocks(world: &World) -> i64 {
    let name = world.server_side().name();
    let sql = format!("SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'");
    world.number(&sql).await
}

/// One node's commits: each takes all counters, from another beginning and in its own direction.
fn group(world: &World, round: u8, backwards: bool) -> Vec<Order> {
    let order = |at: u8| {
        let mut wanted: Vec<(u8, i64)> = (0..COUNTERS)
            .map(|n| ((n + at + round) % COUNTERS + 1, 1))
            .collect();
        if backwards {
            wanted.reverse();
        }
        world.order(u32::from(at) % 2 + 1, &wanted)
    };
    (0..GROUP).map(order).collect()
}

async fn commit_all(world: &World, node: &Database, orders: &[Order]) -> usize {
    let deadline = world.within(PATIENCE);
    let all = orders
        .iter()
        .map(|order| node.commit(order.commit.clone(), 1, &deadline));
    let answers = join_all(all).await;
    for answer in &answers {
        assert!(answer.is_ok(), "{answer:?}");
    }
    answers.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_groups_of_two_nodes_with_guards_in_opposite_orders_do_not_deadlock() {
    let world = World::postgres(|settings| settings.lanes = 2).await;
    world.seed(1..=2, &[100_000; COUNTERS as usize]).await;
    let other = Database::open(&world.place, &world.clock).unwrap();
    let mut stored = 0;
    for round in 0..ROUNDS {
        let (here, there) = (group(&world, round, false), group(&world, round, true));
        let both = join(
            commit_all(&world, &world.database, &here),
            commit_all(&world, &other, &there),
        );
        let (one, two) = both.await;
        stored += one + two;
    }
    println!("{stored} commits of {COUNTERS} guards each");
    assert_eq!(stored, 2 * usize::from(ROUNDS) * usize::from(GROUP));
    let expected = i64::try_from(stored).unwrap();
    assert_eq!(
        world.number("SELECT count(*) FROM trial_orders").await,
        expected
    );
    let taken = "SELECT min(100000 - free), max(100000 - free) FROM trial_stock";
    assert_eq!(world.numbers(taken).await[0], [expected / 2, expected / 2]);

    // The server counts a deadlock when the connection that met it ends or rests.
    drop(other);
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(deadlocks(&world).await, 0);
}

/// The counter that the test above trusts does count.
#[tokio::test]
async fn postgres_counts_the_deadlock_of_a_careless_pair() {
    let world = World::postgres(|_| {}).await;
    world.seed(1..=1, &[10, 10]).await;
    let take = |number: u8| {
        format!(
            "UPDATE trial_stock SET free = free - 1 WHERE dish = '{}'",
            hex(dish(number))
        )
    };
    let one = world.server_side().connect("postgres").await;
    let two = world.server_side().connect("postgres").await;
    one.batch_execute(&format!("BEGIN; {}", take(1)))
        .await
        .unwrap();
    two.batch_execute(&format!("BEGIN; {}", take(2)))
        .await
        .unwrap();
    let (first, second) = (take(2), take(1));
    let (first, second) = join(one.batch_execute(&first), two.batch_execute(&second)).await;
    assert!(
        first.is_err() != second.is_err(),
        "one of the two is the victim"
    );
    drop((one, two));
    for _ in 0..100 {
        if deadlocks(&world).await == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the deadlock was not counted");
}
