//! Limits: what cannot be served in time or in numbers is told so, and nothing of it is stored.

use std::time::Duration;

use store::{Call, Commit, Deadline, Failure};
use testkit::trial::COUNT_ORDERS;

use super::guards::take;
use super::rows::is_stored;
use crate::world::{FREE, World, event};

pub(super) async fn who_comes_too_late_is_told_so_and_nothing_is_stored(world: World) {
    let (over, head) = (
        Deadline::within(world.clock(), Duration::ZERO),
        world.head().await,
    );
    for _ in 0..100 {
        let mut commit = take(&world, world.home.dish, 1);
        commit.event(event(world.id(), 1));
        assert_eq!(
            world.db().commit(commit, &over).await,
            Err(Failure::TooLate)
        );
    }
    let call = || vec![Call::new(&COUNT_ORDERS, [])];
    assert_eq!(
        world.db().read(world.organisation(), call(), &over).await,
        Err(Failure::TooLate)
    );
    let replica = world
        .db()
        .read_replica(world.organisation(), call(), 0, &over)
        .await;
    assert_eq!(replica, Err(Failure::TooLate));
    assert_eq!(
        world.trial.shard().consumer("mail", &over).await,
        Err(Failure::TooLate)
    );
    // Whatever was sent all the same had time enough by now.
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.store(world.commit()).await.unwrap();
    assert_eq!(
        (world.free(world.home.dish).await, world.head().await),
        (FREE, head)
    );
}

pub(super) async fn who_waits_too_long_in_the_queue_is_not_stored_later(world: World) {
    let gate = world.shut().await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        let commit = take(&world, world.home.dish, 1);
        ids.push(commit.id());
        let soon = Deadline::within(world.clock(), Duration::from_millis(10));
        assert_eq!(
            world.db().commit(commit, &soon).await,
            Err(Failure::TooLate)
        );
    }
    gate.open().await;
    world.store(world.commit()).await.unwrap();
    for id in ids {
        assert!(!is_stored(&world, id).await);
    }
    assert_eq!(world.free(world.home.dish).await, FREE);
}

/// More than any queue of ours holds, with the groups that are under way.
pub(super) async fn a_full_queue_takes_nothing_more_and_loses_nothing(world: World) {
    const MANY: usize = 6_000;
    let head = world.head().await;
    let commits: Vec<Commit> = (0..MANY)
        .map(|_| {
            let mut commit = world.commit();
            commit.event(event(world.id(), 1));
            commit
        })
        .collect();
    let verdicts = world.store_together(commits).await;
    let stored = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    for verdict in verdicts {
        assert!(
            matches!(verdict, Ok(_) | Err(Failure::Unavailable(_))),
            "{verdict:?}"
        );
    }
    assert!((4_000..5_000).contains(&stored), "{stored} were stored");
    assert_eq!(world.head().await - head, i64::try_from(stored).unwrap());
    world.store(world.commit()).await.unwrap();
}
