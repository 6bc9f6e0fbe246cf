//! What is old goes, in small batches; what is young, needed or the last of its stream stays.

use std::sync::Arc;
use std::time::Duration;

use base::{Time, Uid};
use engine::{Keep, Removed, Settings};
use store::{Class, Column, Commit, Failure, Key, Reply, Sql, Table};
use testkit::trial::ADD_STOCK;

use crate::world::{Node, SHARD, World, failure, settings, stamp, until};

stamp! {
    sqlite Sqlite: what_is_old_goes_and_what_is_young_stays the_log_is_kept_unless_somebody_says_otherwise
        the_log_goes_no_further_than_whoever_needs_it;
    postgres Postgres: what_is_old_goes_and_what_is_young_stays the_log_is_kept_unless_somebody_says_otherwise
        the_log_goes_no_further_than_whoever_needs_it;
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The marks of consumers, as a slice would never read them.
static CONSUMED: Table = Table::new(
    "consumed",
    Class::Organisation,
    &[
        Column::text("consumer"),
        Column::id("stream"),
        Column::int("version"),
        Column::int("at"),
    ],
    3,
    &[],
);
static COUNT_CONSUMED: Sql = Sql::new(
    "consumed.count",
    &CONSUMED,
    "SELECT count(*) FROM consumed WHERE organisation = $1",
);

/// Only passes that the test asks for, in batches so small that several are needed.
fn by_hand(log: Option<Duration>) -> Settings {
    let mut settings = settings("a");
    settings.lease = Duration::from_secs(2);
    settings.keep = Keep {
        log,
        batch: 3,
        pause: Duration::from_millis(1),
        every: Duration::from_secs(3_600),
        ..Keep::default()
    };
    settings
}

fn days_ago(world: &World, days: u32) -> Time {
    world.trial.clock.now().minus(DAY * days).unwrap()
}

fn key(world: &World, name: &str) -> Key {
    Key {
        organisation: world.home.organisation,
        caller: "caller".to_owned(),
        operation: "operation".to_owned(),
        key: name.to_owned(),
    }
}

/// A commit of that day that adds to the stock, with a recorded answer and the mark of a consumer.
async fn commit(world: &World, days: u32, name: &str) -> Commit {
    let at = days_ago(world, days);
    let mut kept = world.at(at);
    kept.change(&ADD_STOCK, [world.home.dish.into(), 1.into()]);
    kept.claim(
        &CONSUMED,
        ["counter".into(), world.id().into(), 1.into(), at.into()],
    );
    let (db, deadline) = (world.db(), world.db().deadline());
    let decide = async || Ok::<_, Failure>((kept.clone(), reply()));
    db.once(&key(world, name), b"body", &deadline, decide)
        .await
        .unwrap();
    kept
}

fn reply() -> Reply {
    Reply {
        status: 201,
        body: "made".to_owned(),
    }
}

async fn marks(world: &World) -> i64 {
    let home = world.home.organisation;
    let rows = world.db().rows(home, &COUNT_CONSUMED, []).await.unwrap();
    rows[0].get(0).unwrap()
}

async fn sweep(node: &Node) -> Removed {
    node.engine.sweep(SHARD).await.unwrap()
}

async fn what_is_old_goes_and_what_is_young_stays(world: Arc<World>) {
    let (db, deadline) = (world.db(), world.db().deadline());
    let mut old = Vec::new();
    for at in 0..8 {
        old.push(commit(&world, 31, &format!("old {at}")).await);
    }
    let mut young = Vec::new();
    for at in 0..3 {
        young.push(commit(&world, 29, &format!("young {at}")).await);
    }
    assert_eq!((world.effects().await, marks(&world).await), (11, 11));
    let node = world.node(db, by_hand(None), vec![], vec![]);
    // The task of the node and the call of the test share the work.
    until("the old marks are gone", || async {
        sweep(&node).await;
        marks(&world).await == 3
    })
    .await;
    for at in 0..8 {
        let key = key(&world, &format!("old {at}"));
        assert_eq!(db.replay(&key, b"body", &deadline).await, Ok(None));
    }
    for at in 0..3 {
        let key = key(&world, &format!("young {at}"));
        assert_eq!(db.replay(&key, b"body", &deadline).await, Ok(Some(reply())));
    }
    // A commit whose id is still there is not stored again. Without its id it would be, but for its other guards.
    let again = db.commit(young.remove(0), &deadline).await;
    assert!(again.is_ok(), "{again:?}");
    assert_eq!(world.effects().await, 11);
    let again = db.commit(old.remove(0), &deadline).await;
    assert!(again.is_ok(), "{again:?}");
    assert_eq!(world.effects().await, 12, "its id was not removed");
    assert_eq!(sweep(&node).await.log, 0);
    node.stop().await;
}

async fn positions(world: &World) -> Vec<i64> {
    let (shard, deadline) = (world.trial.shard(), world.db().deadline());
    let events = shard.log_after(0, 1_000, &deadline).await.unwrap();
    events.iter().map(|event| event.position).collect()
}

/// Ten events of one stream, of a hundred days ago and later.
async fn history(world: &World) -> Uid {
    let stream = world.id();
    for version in 1..=8 {
        let at = days_ago(world, 100);
        world.happen_at("thing.happened", stream, version, at).await;
    }
    for version in 9..=10 {
        let at = days_ago(world, 20);
        world.happen_at("thing.happened", stream, version, at).await;
    }
    stream
}

async fn the_log_is_kept_unless_somebody_says_otherwise(world: Arc<World>) {
    let alone = world.id();
    world
        .happen_at("thing.alone", alone, 1, days_ago(&world, 200))
        .await;
    let stream = history(&world).await;
    let node = world.node(world.db(), by_hand(None), vec![], vec![]);
    sweep(&node).await;
    assert_eq!(positions(&world).await.len(), 11);
    node.stop().await;

    // Less than 30 days counts as 30 days.
    let keep = by_hand(Some(DAY));
    let node = world.node(world.db(), keep, vec![], vec![]);
    until("the old events are gone", || async {
        sweep(&node).await;
        positions(&world).await == [1, 10, 11]
    })
    .await;
    // The next version of a stream is still known, and the log still has no hole where it matters.
    let mut next = world.db().new_commit(world.home.organisation);
    next.expect(alone, 1);
    next.expect(stream, 10);
    let stored = world.db().commit(next, &world.db().deadline()).await;
    assert!(stored.is_ok(), "{stored:?}");
    node.stop().await;
}

async fn the_log_goes_no_further_than_whoever_needs_it(world: Arc<World>) {
    let (shard, db) = (world.trial.shard(), world.db());
    history(&world).await;
    // A consumer that has come to the fifth event and reads no further.
    let lags = shard.consumer("lags", &db.deadline()).await.unwrap();
    shard
        .move_consumer("lags", lags, 5, &db.deadline())
        .await
        .unwrap();
    let node = world.node(db, by_hand(Some(DAY)), vec![], vec![]);
    until("what it has read is gone", || async {
        sweep(&node).await;
        positions(&world).await[0] == 6
    })
    .await;
    sweep(&node).await;
    assert_eq!(positions(&world).await, [6, 7, 8, 9, 10]);
    node.stop().await;

    // It goes on, but another cannot handle the seventh event.
    shard
        .move_consumer("lags", 5, 10, &db.deadline())
        .await
        .unwrap();
    let handle = |event: Arc<store::Logged>| async move {
        match event.position {
            7 => failure(),
            _ => Ok(engine::Handled::Done),
        }
    };
    let consumer = engine::Consumer::new("fails", &["thing.*"], handle).unwrap();
    let mut settings = by_hand(Some(DAY));
    settings.node = "b".to_owned();
    let node = world.node(db, settings, vec![consumer], vec![]);
    until("it is put aside", || async {
        let all = node.engine.dead_letters(SHARD, "fails", 0, 9).await;
        !all.unwrap().is_empty() && shard.consumer("fails", &db.deadline()).await.unwrap() == 10
    })
    .await;
    sweep(&node).await;
    assert_eq!(positions(&world).await, [7, 8, 9, 10]);
    node.stop().await;
}
