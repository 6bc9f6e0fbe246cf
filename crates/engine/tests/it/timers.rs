//! Timers run when they are due, whoever dies meanwhile, and have one effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base::{Organisation, Uid};
use engine::{Settings, Timer, TimerHandler};
use store::{Call, Commit, Failure};
use testkit::trial::{ADDRESSES, HOLD_STOCK, READ_ADDRESSES};

use crate::world::{SHARD, World, failure, settings, stamp, until};

stamp! {
    sqlite Sqlite: timers_run_when_they_are_due a_refused_commit_sets_none_and_a_cancelled_one_does_not_run
        who_dies_with_a_timer_is_followed_by_another who_wakes_too_late_has_no_effect
        a_timer_that_fails_is_parked_and_can_run_again who_is_outrun_decides_again_at_once many_nodes_share_many_timers
        a_timer_of_a_person_runs_in_a_commit_of_the_person;
    inline Inline: timers_run_when_they_are_due a_timer_that_fails_is_parked_and_can_run_again
        who_is_outrun_decides_again_at_once;
    postgres Postgres: timers_run_when_they_are_due a_refused_commit_sets_none_and_a_cancelled_one_does_not_run
        who_dies_with_a_timer_is_followed_by_another who_wakes_too_late_has_no_effect
        a_timer_that_fails_is_parked_and_can_run_again who_is_outrun_decides_again_at_once many_nodes_share_many_timers
        a_timer_of_a_person_runs_in_a_commit_of_the_person;
}

const LEASE: Duration = Duration::from_millis(1_500);

fn quick(node: &str) -> Settings {
    let mut settings = settings(node);
    settings.timer_lease = LEASE;
    settings.timer_wait = Duration::from_millis(20);
    settings
}

fn timer(world: &World, id: Uid, wait: Duration) -> Timer {
    Timer {
        id,
        kind: "thing.expire",
        payload: "{\"thing\":7}".to_owned(),
        due_at: world.trial.clock.now().plus(wait).unwrap(),
    }
}

async fn set(world: &World, wait: Duration) -> Uid {
    let id = world.id();
    let mut commit = world.db().new_commit(world.home.organisation);
    timer(world, id, wait).set(&mut commit);
    world
        .db()
        .commit(commit, &world.db().deadline())
        .await
        .unwrap();
    id
}

/// Counts each timer as one effect.
fn counts(world: &Arc<World>) -> TimerHandler {
    let world = Arc::clone(world);
    TimerHandler::new("thing.expire", move |due| {
        assert_eq!(due.payload, "{\"thing\":7}");
        assert!(due.due_at <= world.trial.clock.now(), "it runs too early");
        let effect = world.effect();
        async move { Ok(effect) }
    })
}

async fn timers_run_when_they_are_due(world: Arc<World>) {
    let node = world.node(world.db(), quick("a"), vec![], vec![counts(&world)]);
    let began = world.trial.clock.elapsed();
    set(&world, Duration::from_millis(700)).await;
    set(&world, Duration::ZERO).await;
    until("the first ran", || async { world.effects().await >= 1 }).await;
    assert!(world.trial.clock.elapsed() - began < Duration::from_secs(30));
    until("both ran", || async { world.effects().await == 2 }).await;
    assert!(world.trial.clock.elapsed() - began >= Duration::from_millis(700));
    tokio::time::sleep(LEASE + Duration::from_millis(500)).await;
    assert_eq!(world.effects().await, 2, "none runs twice");
    node.stop().await;
}

async fn a_refused_commit_sets_none_and_a_cancelled_one_does_not_run(world: Arc<World>) {
    let (db, deadline) = (world.db(), world.db().deadline());
    let mut refused = db.new_commit(world.home.organisation);
    timer(&world, world.id(), Duration::ZERO).set(&mut refused);
    refused.expect(world.id(), 5);
    let refused = db.commit(refused, &deadline).await;
    assert!(matches!(refused, Err(Failure::Refused { .. })));

    let id = set(&world, Duration::ZERO).await;
    let mut again = db.new_commit(world.home.organisation);
    timer(&world, id, Duration::ZERO).set(&mut again);
    let again = db.commit(again, &deadline).await;
    assert!(matches!(again, Err(Failure::Violated { .. })), "{again:?}");
    let mut cancelled = db.new_commit(world.home.organisation);
    Timer::cancel(id, &mut cancelled);
    db.commit(cancelled, &deadline).await.unwrap();

    let node = world.node(db, quick("a"), vec![], vec![counts(&world)]);
    set(&world, Duration::ZERO).await;
    until("the other ran", || async { world.effects().await > 0 }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.effects().await, 1);
    node.stop().await;
}

async fn who_dies_with_a_timer_is_followed_by_another(world: Arc<World>) {
    let claimed = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&claimed);
    let hangs = TimerHandler::new("thing.expire", move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    });
    let dies = world.node(world.db(), quick("dies"), vec![], vec![hangs]);
    set(&world, Duration::ZERO).await;
    until("it is claimed", || async {
        claimed.load(Ordering::SeqCst) == 1
    })
    .await;
    let began = world.trial.clock.elapsed();
    let late = dies.tasks.stop(Duration::ZERO).await;
    assert!(late.contains(&"timers of one".to_owned()), "{late:?}");
    let other = world.trial.another_node().await;
    let node = world.node(&other, quick("b"), vec![], vec![counts(&world)]);
    until("it ran", || async { world.effects().await > 0 }).await;
    let waited = world.trial.clock.elapsed() - began;
    assert!(waited >= LEASE / 2, "the claim held nobody off: {waited:?}");
    assert_eq!(world.effects().await, 1);
    node.stop().await;
}

async fn who_wakes_too_late_has_no_effect(world: Arc<World>) {
    let (claimed, woke) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (same, begun, woken) = (Arc::clone(&world), Arc::clone(&claimed), Arc::clone(&woke));
    let sleeps = TimerHandler::new("thing.expire", move |_| {
        let (world, woken) = (Arc::clone(&same), Arc::clone(&woken));
        begun.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(LEASE * 3).await;
            woken.fetch_add(1, Ordering::SeqCst);
            Ok(world.effect())
        }
    });
    let slow = world.node(world.db(), quick("slow"), vec![], vec![sleeps]);
    set(&world, Duration::ZERO).await;
    until("it is claimed", || async {
        claimed.load(Ordering::SeqCst) == 1
    })
    .await;
    let other = world.trial.another_node().await;
    let node = world.node(&other, quick("b"), vec![], vec![counts(&world)]);
    until("the slow one woke", || async {
        woke.load(Ordering::SeqCst) == 1
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.effects().await, 1);
    slow.stop().await;
    node.stop().await;
}

async fn a_timer_that_fails_is_parked_and_can_run_again(world: Arc<World>) {
    let tries = Arc::new(AtomicU32::new(0));
    let (same, counted) = (Arc::clone(&world), Arc::clone(&tries));
    let fails = TimerHandler::new("thing.expire", move |due| {
        let fails = counted.fetch_add(1, Ordering::SeqCst) < 5;
        assert!(due.tries <= 5);
        let effect = if fails { failure() } else { Ok(same.effect()) };
        async move { effect }
    });
    let node = world.node(world.db(), quick("a"), vec![], vec![fails]);
    let id = set(&world, Duration::ZERO).await;
    let parked = || async {
        let found = node.engine.parked_timers(SHARD, "thing.expire", 10).await;
        found.unwrap()
    };
    until("it is parked", || async { !parked().await.is_empty() }).await;
    let found = parked().await;
    assert_eq!((found[0].timer.id, found[0].timer.tries), (id, 5));
    assert_eq!(found[0].error, "internal: no way");
    assert_eq!(tries.load(Ordering::SeqCst), 5);
    let again = node.engine.retry_timers(SHARD, "thing.expire").await;
    assert_eq!(again.unwrap(), 1);
    until("it ran", || async { world.effects().await == 1 }).await;
    assert_eq!(parked().await, []);
    node.stop().await;
}

async fn who_is_outrun_decides_again_at_once(world: Arc<World>) {
    let asked = Arc::new(AtomicU32::new(0));
    let (same, counted) = (Arc::clone(&world), Arc::clone(&asked));
    let outrun = TimerHandler::new("thing.expire", move |due| {
        assert_eq!(due.tries, 1, "it counts as a failure");
        let mut commit = same.db().new_commit(due.organisation);
        // There is not so much of it: what was read does not hold any more.
        let too_much = [same.home.dish.into(), i64::from(i32::MAX).into()];
        commit.guard(&HOLD_STOCK, too_much);
        let handled = match counted.fetch_add(1, Ordering::SeqCst) < 3 {
            true => Ok(commit.into()),
            false => Ok(same.effect()),
        };
        async move { handled }
    });
    let node = world.node(world.db(), quick("a"), vec![], vec![outrun]);
    set(&world, Duration::ZERO).await;
    until("it ran", || async { world.effects().await == 1 }).await;
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    node.stop().await;
}

async fn many_nodes_share_many_timers(world: Arc<World>) {
    const TIMERS: i64 = 120;
    for _ in 0..TIMERS {
        set(&world, Duration::ZERO).await;
    }
    let mut nodes = Vec::new();
    for name in ["a", "b", "c"] {
        let db = world.trial.another_node().await;
        let mut settings = quick(name);
        settings.timer_lease = Duration::from_secs(60);
        nodes.push(world.node(&db, settings, vec![], vec![counts(&world)]));
    }
    until("all ran", || async { world.effects().await >= TIMERS }).await;
    for node in nodes {
        node.stop().await;
    }
    assert_eq!(world.effects().await, TIMERS);
}

async fn a_timer_of_a_person_runs_in_a_commit_of_the_person(world: Arc<World>) {
    let (db, person) = (world.db().clone(), world.id());
    let about = {
        let (clock, random) = (world.trial.clock.clone(), world.trial.random.clone());
        move || Commit::of_person(&clock, &random, person)
    };
    let moves_in = {
        let (about, world) = (about.clone(), Arc::clone(&world));
        TimerHandler::new("thing.expire", move |due| {
            assert_eq!(due.organisation, Organisation::PEOPLE);
            let mut commit = about();
            commit.insert(&ADDRESSES, [world.id().into(), "here".into()]);
            async move { Ok(commit.into()) }
        })
    };
    let node = world.node(&db, quick("a"), vec![], vec![moves_in]);
    let mut commit = about();
    timer(&world, world.id(), Duration::ZERO).set(&mut commit);
    db.commit(commit, &db.deadline()).await.unwrap();
    let count = async || {
        let calls = vec![Call::new(&READ_ADDRESSES, [])];
        let rows = db.read_person(person, calls, &db.deadline()).await;
        rows.unwrap()[0].len()
    };
    until("the timer ran", || async { count().await > 0 }).await;
    tokio::time::sleep(LEASE * 2).await;
    assert_eq!(count().await, 1, "it ran again");
    node.stop().await;
}
