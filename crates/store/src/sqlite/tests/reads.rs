//! Reads: from one snapshot, within a deadline, and never a change.

use std::time::Duration;

use base::Uid;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::{FREE, ORDERS, ORDERS_OF, OURS, STOCK, TAKE, World, take};
use crate::call::{Call, Deadline, Scope};
use crate::failure::Failure;
use crate::sql::Sql;
use crate::sqlite::Options;
use crate::value::Value;

static ENDLESS: Sql = Sql::new(
    "stock.endless",
    &STOCK,
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < $1",
);

static LONG_READ: Sql = Sql::new(
    "stock.long",
    &STOCK,
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
     SELECT count(*) FROM n WHERE i > $1",
);

static THESE: Sql = Sql::two(
    "orders.these",
    &ORDERS,
    "SELECT number FROM orders WHERE organisation = $1 AND id IN (SELECT value FROM rarray($2)) ORDER BY number",
    "SELECT number FROM orders WHERE organisation = $1 AND id = ANY($2) ORDER BY number",
);

static NUMBERED: Sql = Sql::two(
    "orders.numbered",
    &ORDERS,
    "SELECT id FROM orders WHERE organisation = $1 AND number IN (SELECT value FROM rarray($2)) ORDER BY number",
    "SELECT id FROM orders WHERE organisation = $1 AND number = ANY($2) ORDER BY number",
);

#[tokio::test]
async fn threads_the_deadline_interrupts_a_long_read_and_the_reader_goes_on() {
    let world = World::threads(&Options {
        readers: 1,
        ..Options::default()
    })
    .await;
    let before = world.clock.elapsed();
    let late = Deadline::within(&world.clock, Duration::from_millis(100));
    let call = Call::new(&ENDLESS, []);
    let outcome = world
        .db
        .read(Scope::Organisation(OURS), vec![call], &late)
        .await;
    assert_eq!(outcome, Err(Failure::TooLate));
    // The only reader is free again, so the statement was ended and not only given up.
    assert_eq!(world.free("soup").await, 100);
    assert!(world.clock.elapsed() - before < Duration::from_secs(30));
}

#[test]
fn inline_the_deadline_interrupts_a_long_read() {
    let mut world = World::inline();
    world.clock = base::Clock::real();
    let place = crate::sqlite::Place::Memory;
    world.db = crate::sqlite::Sqlite::inline(&place, &world.clock).unwrap();
    world.prepare().now_or_never().unwrap();
    let late = Deadline::within(&world.clock, Duration::from_millis(50));
    let calls = vec![Call::new(&FREE, ["soup".into()]), Call::new(&ENDLESS, [])];
    let outcome = world
        .db
        .read(Scope::Organisation(OURS), calls, &late)
        .now_or_never();
    assert_eq!(outcome, Some(Err(Failure::TooLate)));
    assert_eq!(world.free("soup").now_or_never(), Some(100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_a_read_after_the_answer_sees_the_commit() {
    let world = World::threads(&Options {
        readers: 3,
        ..Options::default()
    })
    .await;
    let all = (1..=200).map(|number| {
        let world = &world;
        async move {
            world.store(world.order(number)).await.unwrap();
            let rows = world.rows(&ORDERS_OF, &[]).await;
            assert!(
                rows.iter().any(|row| row.get::<i64>(1) == Ok(number)),
                "{number}"
            );
        }
    });
    join_all(all).await;
}

#[tokio::test]
async fn threads_several_statements_read_one_snapshot() {
    let world = World::threads(&Options::default()).await;
    let free = || Call::new(&FREE, ["soup".into()]);
    let (calls, soon) = (
        vec![free(), Call::new(&LONG_READ, []), free()],
        world.deadline(),
    );
    let read = world.db.read(Scope::Organisation(OURS), calls, &soon);
    let mut commit = world.commit();
    commit.guard(&TAKE, take("soup", 1));
    let change = async {
        // The first statement has been read by then, and the second is under way.
        tokio::time::sleep(Duration::from_millis(20)).await;
        world.store(commit).await.unwrap();
        world.clock.elapsed()
    };
    let read = async { (read.await.unwrap(), world.clock.elapsed()) };
    let ((rows, read_at), changed_at) = futures_util::future::join(read, change).await;
    assert!(
        changed_at < read_at,
        "the statement was not long enough for this test"
    );
    let free: Vec<i64> = [0, 2].map(|at: usize| rows[at][0].get(0).unwrap()).into();
    assert_eq!(free, [100, 100]);
    assert_eq!(world.free("soup").await, 99);
}

#[test]
fn inline_lists_are_parameters() {
    let world = World::inline();
    for number in 1..=5 {
        world.now(world.order(number)).unwrap();
    }
    let all = world
        .rows(&NUMBERED, &[vec![2_i64, 4, 9].into()])
        .now_or_never()
        .unwrap();
    let ids: Vec<Uid> = all.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(ids.len(), 2);
    let numbers = world.rows(&THESE, &[ids.into()]).now_or_never().unwrap();
    assert_eq!(
        numbers
            .iter()
            .map(|row| row.get(0).unwrap())
            .collect::<Vec<i64>>(),
        [2, 4]
    );
    assert!(
        world
            .rows(&THESE, &[Vec::<Uid>::new().into()])
            .now_or_never()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn threads_and_inline_a_read_changes_nothing_and_stays_in_its_scope() {
    let threads = World::threads(&Options::default()).await;
    for world in [&threads, &World::inline()] {
        let change = Call::new(&TAKE, take("soup", 1));
        let outcome = world
            .db
            .read(Scope::Organisation(OURS), vec![change], &world.deadline())
            .await;
        assert!(matches!(outcome, Err(Failure::Malformed(_))), "{outcome:?}");
        let call = Call::new(&FREE, [Value::from("soup")]);
        let outcome = world
            .db
            .read(Scope::Nobody, vec![call.clone()], &world.deadline())
            .await;
        assert!(matches!(outcome, Err(Failure::Malformed(_))), "{outcome:?}");
        let foreign = Scope::Organisation(base::Organisation::new(8));
        assert_eq!(
            world.db.read(foreign, vec![call], &world.deadline()).await,
            Ok(vec![vec![]])
        );
        assert_eq!(world.free("soup").await, 100);
    }
}
