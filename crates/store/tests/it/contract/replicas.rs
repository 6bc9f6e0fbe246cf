//! Reads from a replica: only when asked for, and never older than the position that they carry.

use std::sync::OnceLock;
use std::time::Duration;

use store::{Call, Committed, Outcome, Place};
use testkit::postgres::{Server, Settings};
use testkit::trial::{self, COUNT_ORDERS, SHARD};
use tokio::sync::{Mutex, MutexGuard};

use crate::world::{Engine, IN_RECOVERY, World};

const POLLS_MAX: u32 = 1_000;

/// A primary and the replica that follows it; one test at a time, because a replica stands still for all.
struct Pair {
    primary: Server,
    replica: Server,
}

async fn pair() -> MutexGuard<'static, Pair> {
    static PAIR: OnceLock<Mutex<Pair>> = OnceLock::new();
    let pair = PAIR.get_or_init(|| {
        let primary = Server::start(&Settings::default());
        let replica = primary.replica(&Settings::default());
        Mutex::new(Pair { primary, replica })
    });
    pair.lock().await
}

impl Pair {
    /// A world on the primary whose reads may go to the replica.
    async fn world(&self) -> World {
        let port = |server: &Server| format!("port={}", server.address().port());
        let (primary, replica) = (port(&self.primary), port(&self.replica));
        let trial = trial::World::on_server(&self.primary, |settings| {
            if let Some(Place::Postgres(shard)) = settings.shards.get_mut(SHARD) {
                shard.replicas = vec![shard.app.replace(&primary, &replica)];
            }
        });
        World::of(trial.await, Engine::Postgres).await
    }

    async fn tell(&self, sql: &str) {
        self.replica.execute_as_superuser("postgres", sql).await;
    }
}

/// How many orders there are as far as the answer knows, and whether it comes from the replica.
async fn read(world: &World, position: i64) -> (i64, bool) {
    let calls = vec![Call::new(&COUNT_ORDERS, []), Call::new(&IN_RECOVERY, [])];
    let (db, deadline) = (world.db(), world.db().deadline());
    let rows = db
        .read_replica(world.organisation(), calls, position, &deadline)
        .await
        .unwrap();
    let number = |at: usize| rows[at][0].get::<i64>(0).unwrap();
    (number(0), number(1) == 1)
}

/// Waits until the replica shows so many orders.
async fn until_shown(world: &World, orders: i64) {
    for _ in 0..POLLS_MAX {
        if read(world, 0).await == (orders, true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the replica does not come up to {orders} orders");
}

async fn order(world: &World) -> Outcome<Committed> {
    world.store(world.trial.order(&world.home)).await
}

pub(super) async fn a_replica_answers_only_when_it_is_asked() {
    let pair = pair().await;
    let world = pair.world().await;
    let stored = order(&world).await.unwrap();
    until_shown(&world, 1).await;
    assert_eq!(read(&world, stored.position).await, (1, true));
    assert_eq!(world.one::<i64>(&IN_RECOVERY, []).await, Some(0));
}

pub(super) async fn a_read_sees_the_commit_whose_position_it_carries() {
    let pair = pair().await;
    let world = pair.world().await;
    for orders in 1..=50 {
        let stored = order(&world).await.unwrap();
        assert_eq!(read(&world, stored.position).await.0, orders);
    }
}

pub(super) async fn a_replica_that_stands_still_leaves_the_answer_to_the_primary() {
    let pair = pair().await;
    let world = pair.world().await;
    let first = order(&world).await.unwrap();
    until_shown(&world, 1).await;
    pair.tell("SELECT pg_wal_replay_pause()").await;
    let second = order(&world).await.unwrap();
    assert_eq!(read(&world, second.position).await, (2, false));
    assert_eq!(read(&world, first.position).await, (1, true));
    assert_eq!(read(&world, 0).await, (1, true));
    pair.tell("SELECT pg_wal_replay_resume()").await;
    until_shown(&world, 2).await;
    assert_eq!(read(&world, second.position).await, (2, true));
}

/// A commit without events moves no head, so its position must be one that a replica without it has not seen.
pub(super) async fn a_read_sees_a_commit_without_events_too() {
    let pair = pair().await;
    let world = pair.world().await;
    order(&world).await.unwrap();
    until_shown(&world, 1).await;
    pair.tell("SELECT pg_wal_replay_pause()").await;
    let mut silent = world.commit();
    super::guards::order(&world).insert(&mut silent);
    let stored = world.store(silent).await;
    let seen = read(&world, stored.as_ref().unwrap().position).await;
    pair.tell("SELECT pg_wal_replay_resume()").await;
    assert_eq!(seen, (2, false), "{stored:?}");
}

pub(super) async fn a_replica_that_is_away_leaves_the_answer_to_the_primary() {
    let pair = pair().await;
    let world = pair.world().await;
    let stored = order(&world).await.unwrap();
    until_shown(&world, 1).await;
    pair.replica.crash();
    for position in [0, stored.position] {
        assert_eq!(read(&world, position).await, (1, false));
    }
    pair.replica.restart();
    until_shown(&world, 1).await;
}
