//! The log: dense positions in commit order, streams without forks, readers that miss nothing.

use std::collections::HashMap;
use std::time::Duration;

use base::Uid;
use store::{Commit, Database, Db, Deadline, Logged, Outcome};
use testkit::trial::Home;

use super::guards::{refused, take};
use crate::world::{FREE, World, event, race};

const WRITERS: usize = 12;
const COMMITS: usize = 15;

/// One event, then two, then three, then one again, each commit to a stream of its own organisation.
fn appends(db: &Db, home: &Home, stream: Uid) -> Vec<Commit> {
    let mut version = 0;
    let commits = (0..COMMITS).map(|at| {
        let mut commit = db.new_commit(home.organisation);
        commit.expect(stream, version);
        for _ in 0..=at % 3 {
            version += 1;
            commit.event(event(stream, version));
        }
        commit
    });
    commits.collect()
}

/// Writers of as many organisations, each with a stream of its own; what they were told comes back.
async fn write(nodes: &[Db], homes: &[Home], streams: &[Uid]) -> Vec<Vec<(usize, i64)>> {
    let told = race(homes.len(), |at| {
        let (db, home, stream) = (nodes[at % nodes.len()].clone(), homes[at], streams[at]);
        async move {
            let mut told = Vec::new();
            for (at, commit) in appends(&db, &home, stream).into_iter().enumerate() {
                let stored = db.commit(commit, &db.deadline()).await.unwrap();
                told.push((at % 3 + 1, stored.position));
            }
            told
        }
    });
    told.await
}

/// The log has no hole, no event twice, streams in order, and each commit's events where it was told.
fn is_dense(log: &[Logged], head: i64, streams: &[Uid], told: &[Vec<(usize, i64)>]) {
    for (logged, position) in log.iter().zip(head + 1..) {
        assert_eq!(logged.position, position);
    }
    let mut versions: HashMap<Uid, i64> = HashMap::new();
    for logged in log {
        let last = versions.entry(logged.stream).or_default();
        *last += 1;
        assert_eq!(logged.version, *last, "stream {:?}", logged.stream);
    }
    for (stream, told) in streams.iter().zip(told) {
        for (events, position) in told {
            let last = usize::try_from(position - head).unwrap();
            let mine = &log[last - events..last];
            assert!(mine.iter().all(|logged| logged.stream == *stream));
        }
    }
    let events: usize = told.iter().flatten().map(|(events, _)| events).sum();
    assert_eq!(log.len(), events);
}

pub(super) async fn racing_writers_leave_dense_positions(world: World) {
    positions_are_dense(&world, &[world.db().clone()]).await;
}

pub(super) async fn positions_are_dense(world: &World, nodes: &[Db]) {
    let homes = world.trial.homes(WRITERS, FREE).await;
    for node in nodes {
        node.refresh_directory(&node.deadline()).await.unwrap();
    }
    let streams: Vec<Uid> = homes.iter().map(|_| world.id()).collect();
    let head = world.head().await;
    let told = write(nodes, &homes, &streams).await;
    is_dense(&world.log(head).await, head, &streams, &told);
}

/// Reads on from a position until so many events have come, a few at a time.
async fn tail(shard: Database, from: i64, until: i64, deadline: Deadline) -> Vec<Logged> {
    let (mut position, mut seen) = (from, Vec::new());
    while position < until {
        let more = shard.log_after(position, 7, &deadline).await.unwrap();
        match more.last() {
            Some(last) => position = last.position,
            None => assert!(
                shard.log_beyond(position, &deadline).await,
                "no news after {position}"
            ),
        }
        seen.extend(more);
    }
    seen
}

pub(super) async fn a_reader_that_starts_in_the_middle_sees_every_event_in_order(world: World) {
    reader_misses_nothing(&world, &[world.db().clone()]).await;
}

pub(super) async fn reader_misses_nothing(world: &World, nodes: &[Db]) {
    let homes = world.trial.homes(WRITERS, FREE).await;
    for node in nodes {
        node.refresh_directory(&node.deadline()).await.unwrap();
    }
    let streams: Vec<Uid> = homes.iter().map(|_| world.id()).collect();
    let head = world.head().await;
    let all = WRITERS * (0..COMMITS).map(|at| at % 3 + 1).sum::<usize>();
    let until = head + i64::try_from(all).unwrap();
    let mut readers = tokio::task::JoinSet::new();
    for from in [head, head + 50] {
        let (shard, deadline) = (world.trial.shard().clone(), world.db().deadline());
        readers.spawn(async move { (from, tail(shard, from, until, deadline).await) });
    }
    let told = write(nodes, &homes, &streams).await;
    for (from, seen) in readers.join_all().await {
        let positions: Vec<i64> = seen.iter().map(|logged| logged.position).collect();
        assert_eq!(positions, (from + 1..=until).collect::<Vec<_>>());
        if from == head {
            is_dense(&seen, head, &streams, &told);
        }
    }
}

pub(super) async fn an_event_comes_back_as_it_was_written(world: World) {
    let mut said = event(world.id(), 1);
    said.payload = "{\"name\":\"Žižkov 🍜\",\"lines\":[1,2]}".to_owned();
    said.actor = "usr_1".to_owned();
    said.trace = "00-abc-def-01".to_owned();
    let mut commit = world.commit();
    commit.event(said.clone());
    let stored = world.store(commit).await.unwrap();
    let logged = world.log(stored.position - 1).await.remove(0);
    let wanted = Logged {
        position: stored.position,
        organisation: world.organisation(),
        stream: said.stream,
        version: 1,
        kind: said.kind.to_owned(),
        payload: said.payload,
        actor: said.actor,
        trace: said.trace,
        at: said.at,
    };
    assert_eq!(logged, wanted);
}

pub(super) async fn a_commit_without_events_leaves_the_log_as_it_is(world: World) {
    let mut commit = world.commit();
    commit.event(event(world.id(), 1));
    let last = world.store(commit).await.unwrap().position;
    let silent = world.store(take(&world, world.home.dish, 1)).await.unwrap();
    assert_eq!((world.head().await, world.log(last).await.len()), (last, 0));
    assert!(silent.position >= last);
}

pub(super) async fn a_version_cannot_be_written_twice(world: World) {
    let stream = world.id();
    for (expected, right) in [(None, true), (None, false), (Some(1), false)] {
        let mut commit = take(&world, world.home.dish, 1);
        if let Some(version) = expected {
            commit.expect(stream, version);
        }
        commit.event(event(stream, 1));
        assert_eq!(world.store(commit).await.is_ok(), right);
    }
    assert_eq!(world.free(world.home.dish).await, FREE - 1);
}

/// Whether somebody else was faster.
pub(super) fn lost(outcome: &Outcome<store::Committed>) -> bool {
    *outcome == Err(refused(0, "log.stream"))
}

pub(super) async fn of_racing_appends_exactly_one_gets_each_version(world: World) {
    one_gets_each_version(&world, &[world.db().clone()]).await;
}

pub(super) async fn one_gets_each_version(world: &World, nodes: &[Db]) {
    const ROUNDS: i64 = 10;
    let stream = world.id();
    for version in 0..ROUNDS {
        let commits: Vec<Commit> = (0..8)
            .map(|_| {
                let mut commit = world.commit();
                commit.expect(stream, version);
                commit.event(event(stream, version + 1));
                commit
            })
            .collect();
        let verdicts = world.store_racing(nodes, commits).await;
        let won = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
        assert_eq!(won, 1, "{verdicts:?}");
        assert!(
            verdicts
                .iter()
                .all(|verdict| verdict.is_ok() || lost(verdict)),
            "{verdicts:?}"
        );
    }
    let versions: Vec<i64> = world
        .log(0)
        .await
        .iter()
        .map(|logged| logged.version)
        .collect();
    assert_eq!(versions, (1..=ROUNDS).collect::<Vec<_>>());
}

/// How soon after a commit a reader that waited for it goes on: the best of a few times, because the first ones
/// make connections and the machine is busy.
pub(super) async fn quickest_wake(world: &World, reader: &Database) -> Duration {
    const ROUNDS: u32 = 5;
    let mut quickest = Duration::MAX;
    for _ in 0..ROUNDS {
        let (head, deadline) = (world.head().await, world.db().deadline());
        let woken = async {
            assert!(reader.log_beyond(head, &deadline).await);
            world.clock().elapsed()
        };
        let stored = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let mut commit = world.commit();
            commit.event(event(world.id(), 1));
            world.store(commit).await.unwrap();
            world.clock().elapsed()
        };
        let (woken_at, stored_at) = tokio::join!(woken, stored);
        quickest = quickest.min(woken_at.saturating_sub(stored_at));
    }
    quickest
}

pub(super) async fn a_waiting_reader_wakes_when_something_is_stored(world: World) {
    let (shard, head) = (world.trial.shard().clone(), world.head().await);
    let soon = Deadline::within(world.clock(), Duration::from_millis(50));
    assert!(!shard.log_beyond(head, &soon).await);
    let quickest = quickest_wake(&world, &shard).await;
    assert!(quickest < Duration::from_millis(200), "{quickest:?}");
    assert!(shard.log_beyond(head, &world.db().deadline()).await);
}

pub(super) async fn a_consumer_moves_only_from_where_it_stands(world: World) {
    let (shard, deadline) = (world.trial.shard().clone(), world.db().deadline());
    assert_eq!(shard.consumer("mail", &deadline).await, Ok(0));
    assert_eq!(shard.move_consumer("mail", 0, 5, &deadline).await, Ok(true));
    assert_eq!(
        shard.move_consumer("mail", 0, 7, &deadline).await,
        Ok(false)
    );
    assert_eq!(
        shard.move_consumer("unknown", 0, 7, &deadline).await,
        Ok(false)
    );
    assert_eq!(shard.consumer("mail", &deadline).await, Ok(5));
    assert_eq!(shard.consumer("search", &deadline).await, Ok(0));
    let moved = race(8, |at| {
        let (shard, deadline) = (shard.clone(), deadline.clone());
        let to = 6 + i64::try_from(at).unwrap();
        async move {
            shard
                .move_consumer("mail", 5, to, &deadline)
                .await
                .unwrap()
                .then_some(to)
        }
    });
    let moved: Vec<i64> = moved.await.into_iter().flatten().collect();
    assert_eq!(moved.len(), 1);
    assert_eq!(shard.consumer("mail", &deadline).await, Ok(moved[0]));
}

pub(super) async fn the_log_of_people_is_their_own(world: World) {
    let person = world.id();
    let mut commit = Commit::of_person(world.clock(), world.random(), person);
    commit.event(event(person, 1));
    let head = world.head().await;
    assert_eq!(world.store(commit).await.unwrap().position, 1);
    let log = world
        .db()
        .people()
        .log_after(0, 10, &world.db().deadline())
        .await
        .unwrap();
    assert_eq!(
        (log.len(), log[0].stream, world.head().await),
        (1, person, head)
    );
}
