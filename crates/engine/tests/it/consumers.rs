//! Consumers lose nothing, and nothing has two effects: after crashes, with several nodes, and with poison between.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{Consumer, Handled, Retried};
use store::{Call, Class, Column, Sql, Table};
use tokio::sync::Semaphore;

use crate::world::{SHARD, World, failure, settings, stamp, until};

stamp! {
    sqlite Sqlite: every_event_has_one_effect a_consumer_that_reads_again_changes_nothing
        poison_is_put_aside_and_handled_later a_panic_is_poison_and_no_more
        nodes_that_do_the_same_have_one_effect an_effect_elsewhere_is_refused
        streams_wait_for_themselves_alone;
    inline Inline: every_event_has_one_effect a_consumer_that_reads_again_changes_nothing
        poison_is_put_aside_and_handled_later;
    postgres Postgres: every_event_has_one_effect a_consumer_that_reads_again_changes_nothing
        poison_is_put_aside_and_handled_later a_panic_is_poison_and_no_more
        nodes_that_do_the_same_have_one_effect an_effect_elsewhere_is_refused
        streams_wait_for_themselves_alone;
}

async fn position(world: &World) -> i64 {
    let (db, shard) = (world.db(), world.trial.shard());
    shard.consumer("counter", &db.deadline()).await.unwrap()
}

async fn read_to_the_end(world: &World) {
    let (db, shard) = (world.db(), world.trial.shard());
    let head = shard.log_head(&db.deadline()).await.unwrap();
    until("all is read", || async { position(world).await >= head }).await;
}

async fn every_event_has_one_effect(world: Arc<World>) {
    for _ in 0..10 {
        world.happen("thing.happened").await;
        world.happen("other.happened").await;
    }
    let node = world.node(
        world.db(),
        settings("a"),
        vec![world.counter(&["thing.*"])],
        vec![],
    );
    for _ in 0..300 {
        world.happen("thing.happened").await;
    }
    until("all is counted", || async { world.effects().await >= 310 }).await;
    read_to_the_end(&world).await;
    assert_eq!(world.effects().await, 310);
    node.stop().await;
}

/// A crash between effect and position, made as bad as it can be: all is read again.
async fn a_consumer_that_reads_again_changes_nothing(world: Arc<World>) {
    for _ in 0..200 {
        world.happen("thing.happened").await;
    }
    for round in 0..2 {
        let node = world.node(
            world.db(),
            settings(&format!("node {round}")),
            vec![world.counter(&["thing.*"])],
            vec![],
        );
        read_to_the_end(&world).await;
        node.stop().await;
        assert_eq!(world.effects().await, 200);
        let (db, shard) = (world.db(), world.trial.shard());
        let moved = shard
            .move_consumer("counter", position(&world).await, 0, &db.deadline())
            .await;
        assert_eq!(moved, Ok(true));
    }
}

async fn poison_is_put_aside_and_handled_later(world: Arc<World>) {
    let (poisonous, tries) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (same, flag, counted) = (
        Arc::clone(&world),
        Arc::clone(&poisonous),
        Arc::clone(&tries),
    );
    let handle = move |event: Arc<store::Logged>| {
        let poison = event.kind == "thing.poison" && flag.load(Ordering::SeqCst);
        counted.fetch_add(u32::from(poison), Ordering::SeqCst);
        let effect = if poison { failure() } else { Ok(same.effect()) };
        async move { effect }
    };
    let consumer = Consumer::new("counter", &["thing.*"], handle).unwrap();
    let node = world.node(world.db(), settings("a"), vec![consumer], vec![]);
    world.happen("thing.happened").await;
    world.happen("thing.poison").await;
    world.happen("thing.happened").await;
    world.happen("thing.poison").await;
    read_to_the_end(&world).await;
    assert_eq!(world.effects().await, 2, "the others went on");
    assert_eq!(tries.load(Ordering::SeqCst), 10, "five tries for each");

    let letters = || async {
        node.engine
            .dead_letters(SHARD, "counter", 0, 10)
            .await
            .unwrap()
    };
    let found = letters().await;
    let positions: Vec<i64> = found.iter().map(|letter| letter.position).collect();
    assert_eq!(positions, [2, 4]);
    let first = &found[0];
    assert_eq!((first.tries, first.kind.as_str()), (5, "thing.poison"));
    assert_eq!(first.error, "internal: no way");
    assert_eq!(first.organisation, world.home.organisation);

    // The cause is still there, and then it is gone.
    assert!(!node.engine.retry(SHARD, "counter", 2).await.unwrap());
    assert_eq!(letters().await[0].tries, 6);
    poisonous.store(false, Ordering::SeqCst);
    assert!(node.engine.retry(SHARD, "counter", 2).await.unwrap());
    assert!(
        node.engine.retry(SHARD, "counter", 2).await.is_err(),
        "it is gone"
    );
    let all = node.engine.retry_all(SHARD, "counter").await.unwrap();
    assert_eq!((all.handled, all.failed), (1, 0));
    assert_eq!(letters().await, []);
    assert_eq!(world.effects().await, 4);

    // A letter whose effect is there already: read again from the start, and once more by hand.
    let (db, shard) = (world.db(), world.trial.shard());
    node.stop().await;
    let all = position(&world).await;
    shard
        .move_consumer("counter", all, 0, &db.deadline())
        .await
        .unwrap();
    let node = world.node(db, settings("b"), vec![world.counter(&["thing.*"])], vec![]);
    read_to_the_end(&world).await;
    let none = node.engine.retry_all(SHARD, "counter").await.unwrap();
    assert_eq!(none, Retried::default());
    assert_eq!(world.effects().await, 4);
    node.stop().await;
}

async fn a_panic_is_poison_and_no_more(world: Arc<World>) {
    let handle = |_| async { panic!("cannot count to {}", 3) };
    let panics = Consumer::new("panics", &["thing.*"], handle).unwrap();
    let consumers = vec![panics, world.counter(&["thing.*"])];
    let node = world.node(world.db(), settings("a"), consumers, vec![]);
    world.happen("thing.happened").await;
    read_to_the_end(&world).await;
    let letters = || async {
        let found = node.engine.dead_letters(SHARD, "panics", 0, 10).await;
        found.unwrap()
    };
    until("it is put aside", || async { !letters().await.is_empty() }).await;
    assert_eq!(
        letters().await[0].error,
        "internal: it panicked; the log says where"
    );
    assert_eq!(world.effects().await, 1);
    node.stop().await;
}

static LEASES: Table = Table::new("leases", Class::Queue, &[Column::text("name")], 1, &[]);
static TAKE_AWAY: Sql = Sql::new(
    "leases.take_away",
    &LEASES,
    "UPDATE leases SET expires_at = 0",
);

/// Leases are taken away again and again, so several nodes think that they hold them, and handle the same events.
async fn nodes_that_do_the_same_have_one_effect(world: Arc<World>) {
    const EVENTS: i64 = 200;
    for _ in 0..EVENTS {
        world.happen("thing.happened").await;
    }
    let called = Arc::new(AtomicU32::new(0));
    let mut nodes = Vec::new();
    for name in ["a", "b", "c"] {
        let db = world.trial.another_node().await;
        let mut settings = settings(name);
        settings.lease = Duration::from_secs(2);
        let (same, counted) = (Arc::clone(&world), Arc::clone(&called));
        let handle = move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            let effect = same.effect();
            async move {
                // A page takes so long that another node begins it too before its end.
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(effect)
            }
        };
        let consumer = Consumer::new("counter", &["thing.*"], handle).unwrap();
        nodes.push(world.node(&db, settings, vec![consumer], vec![]));
    }
    let (shard, deadline) = (world.trial.shard(), || world.db().deadline());
    // Not for ever, or no page would come to its end.
    for _ in 0..200 {
        let call = Call::new(&TAKE_AWAY, []);
        shard.transact(vec![call], &deadline()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    read_to_the_end(&world).await;
    for node in nodes {
        node.stop().await;
    }
    assert_eq!(world.effects().await, EVENTS);
    let called = i64::from(called.load(Ordering::SeqCst));
    assert!(
        called > EVENTS,
        "no event was handled twice, so nothing was shown"
    );
}

/// The first event of one stream waits for an event of another, which is later in the log of the same organisation.
async fn streams_wait_for_themselves_alone(world: Arc<World>) {
    let (slow, quick, now) = (world.id(), world.id(), world.trial.clock.now());
    for (kind, stream, version) in [
        ("thing.slow", slow, 1),
        ("thing.happened", slow, 2),
        ("thing.quick", quick, 1),
    ] {
        world.happen_at(kind, stream, version, now).await;
    }
    let (seen, gate) = (Arc::new(Mutex::new(vec![])), Arc::new(Semaphore::new(0)));
    let noted = Arc::clone(&seen);
    let handle = move |event: Arc<store::Logged>| {
        let (noted, gate) = (Arc::clone(&noted), Arc::clone(&gate));
        async move {
            if event.kind == "thing.slow" {
                gate.acquire().await.unwrap().forget();
            }
            noted.lock().unwrap().push((event.stream, event.version));
            if event.kind == "thing.quick" {
                gate.add_permits(1);
            }
            Ok(Handled::Done)
        }
    };
    let consumer = Consumer::new("counter", &["thing.*"], handle).unwrap();
    let (settings, consumers) = (settings("a"), vec![consumer.by_stream()]);
    let node = world.node(world.db(), settings, consumers, vec![]);
    read_to_the_end(&world).await;
    let wanted = [(quick, 1), (slow, 1), (slow, 2)];
    assert_eq!(*seen.lock().unwrap(), wanted);
    node.stop().await;
}

async fn an_effect_elsewhere_is_refused(world: Arc<World>) {
    let other = world.trial.home(0).await;
    let same = Arc::clone(&world);
    let handle = move |_| {
        let commit = same.db().new_commit(other.organisation);
        async move { Ok(Handled::from(commit)) }
    };
    let consumer = Consumer::new("counter", &["thing.*"], handle).unwrap();
    let node = world.node(world.db(), settings("a"), vec![consumer], vec![]);
    world.happen("thing.happened").await;
    read_to_the_end(&world).await;
    let letters = node.engine.dead_letters(SHARD, "counter", 0, 10).await;
    assert!(
        letters.unwrap()[0]
            .error
            .contains("belongs to the organisation")
    );
    node.stop().await;
}
