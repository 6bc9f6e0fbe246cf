//! Deadlines and limits: who waits too long is told so, and what was not begun is never done.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use rusqlite::Connection;

use super::{STOCK, World};
use crate::call::Deadline;
use crate::failure::Failure;
use crate::sql::Sql;
use crate::sqlite::Options;

const SHORT: Duration = Duration::from_millis(100);

static SLOW: Sql = Sql::new(
    "stock.slow",
    &STOCK,
    "UPDATE stock SET free = 50 WHERE organisation = $1 AND item = $2 AND 0 < (
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500000)
         SELECT count(*) FROM n)",
);

#[tokio::test]
async fn threads_a_commit_abandoned_in_the_queue_is_never_stored() {
    let world = World::threads(&Options::default()).await;
    let blocker = Connection::open(world.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let late = Deadline::within(&world.clock, SHORT);
    let outcome = world.db.commit(Arc::new(world.order(1)), 1, &late).await;
    assert_eq!(outcome, Err(Failure::TooLate));
    blocker.execute_batch("ROLLBACK").unwrap();
    world.store(world.order(2)).await.unwrap();
    assert_eq!(world.orders().await, 1);
    let outcome = world.db.commit(Arc::new(world.order(3)), 1, &late).await;
    assert_eq!(outcome, Err(Failure::TooLate));
}

#[tokio::test]
async fn threads_a_commit_that_was_begun_is_unknown_at_its_deadline_and_settled_by_resending() {
    let world = World::threads(&Options::default()).await;
    let mut commit = world.order(1);
    commit.change(&SLOW, ["soup".into()]);
    let commit = Arc::new(commit);
    let late = Deadline::within(&world.clock, SHORT);
    let outcome = world.db.commit(Arc::clone(&commit), 1, &late).await;
    assert_eq!(outcome, Err(Failure::Unknown(commit.id())));
    assert_eq!(world.send(&commit).await.unwrap().position, 1);
    assert_eq!((world.orders().await, world.free("soup").await), (1, 50));
}

#[tokio::test]
async fn threads_more_than_the_queue_holds_is_refused_at_once() {
    let options = Options {
        queue: 4,
        group: 2,
        ..Options::default()
    };
    let world = World::threads(&options).await;
    let blocker = Connection::open(world.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let all = join_all((1..=20).map(|number| world.store(world.order(number))));
    let release = async { blocker.execute_batch("ROLLBACK").unwrap() };
    let (outcomes, ()) = futures_util::future::join(all, release).await;
    let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(Failure::Unavailable(_))))
        .count();
    assert_eq!(stored + refused, 20);
    // Four wait, and the writer may hold one group.
    assert!((4..=6).contains(&stored), "{stored}");
    assert_eq!(world.orders().await, stored);
}

#[test]
fn inline_nothing_begins_after_the_deadline() {
    let world = World::inline();
    let late = Deadline::within(&world.clock, SHORT);
    world.clock.advance(SHORT).unwrap();
    let outcome = world
        .db
        .commit(Arc::new(world.order(1)), 1, &late)
        .now_or_never();
    assert_eq!(outcome, Some(Err(Failure::TooLate)));
    assert_eq!(world.orders().now_or_never(), Some(0));
}
