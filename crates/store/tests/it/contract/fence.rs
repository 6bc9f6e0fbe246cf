//! The fence: an organisation that has moved away is turned away, and the others of its group are not.

use base::Organisation;
use store::{Commit, Failure};
use testkit::trial::{Home, ORDERS, RESTAURANTS, SET_STATUS, TAKE_STOCK};

use super::guards::take;
use super::rows::order_cells;
use crate::world::{FREE, World, event};

async fn is_turned_away(world: &World, state: &str, epoch: i64) {
    let (head, organisation) = (world.head().await, world.organisation());
    world.place(organisation, epoch, state).await;
    let commit = world.trial.order(&world.home);
    assert_eq!(
        world.store(commit.clone()).await,
        Err(Failure::Moved(organisation)),
        "{state} {epoch}"
    );
    assert_eq!((world.orders().await, world.head().await), (0, head));
    assert_eq!(world.free(world.home.dish).await, FREE);
    world.place(organisation, 1, "open").await;
    world.store(commit).await.unwrap();
    assert_eq!(world.orders().await, 1);
}

pub(super) async fn nothing_is_stored_for_one_that_has_moved_away(world: World) {
    is_turned_away(&world, "away", 1).await;
}

pub(super) async fn nothing_is_stored_for_one_that_is_moving(world: World) {
    is_turned_away(&world, "moving", 1).await;
}

pub(super) async fn nothing_is_stored_at_another_epoch(world: World) {
    is_turned_away(&world, "open", 2).await;
}

pub(super) async fn nothing_is_stored_for_one_that_nobody_knows(world: World) {
    let unknown = Organisation::new(4_711);
    let head = world.head().await;
    let mut commit = world.db().new_commit(unknown);
    commit.event(event(world.id(), 1));
    assert_eq!(world.store(commit).await, Err(Failure::Moved(unknown)));
    assert_eq!(world.head().await, head);
    let read = world
        .db()
        .rows(unknown, &testkit::trial::COUNT_ORDERS, [])
        .await;
    assert_eq!(read, Err(Failure::Moved(unknown)));
}

/// Organisations of one lane, so that their commits meet in a group.
async fn three_of_one_lane(world: &World) -> Vec<Home> {
    let homes = world.trial.homes(6, FREE).await;
    homes
        .into_iter()
        .filter(|home| home.organisation.get() % 2 == world.organisation().get() % 2)
        .collect()
}

pub(super) async fn the_others_of_its_group_are_stored(world: World) {
    let homes = three_of_one_lane(&world).await;
    let (gone, stays) = (homes[0], [homes[1], homes[2]]);
    world.place(gone.organisation, 1, "away").await;
    let head = world.head().await;
    let of = |at: usize| if at % 3 == 1 { gone } else { stays[at % 2] };
    let commits = (0..63).map(|at| world.trial.order(&of(at)));
    let verdicts = world.store_together(commits.collect()).await;
    for (at, verdict) in verdicts.into_iter().enumerate() {
        if at % 3 == 1 {
            assert_eq!(verdict, Err(Failure::Moved(gone.organisation)));
        } else {
            verdict.unwrap();
        }
    }
    assert_eq!(world.head().await - head, 42);
    let mine = world.log(head).await;
    assert!(
        mine.iter()
            .all(|logged| logged.organisation != gone.organisation)
    );
}

/// Commits that the shard which an organisation has left would refuse, because its rows are no longer there.
fn refused_or_violated(world: &World) -> Vec<Commit> {
    let mut claimed = world.commit();
    claimed.claim(&RESTAURANTS, [world.home.restaurant.into(), "Again".into()]);
    let mut touched = take(world, world.home.dish, 1);
    touched.guard(&TAKE_STOCK, [world.id().into(), 1_i64.into()]);
    let mut version = world.commit();
    version.guard(&SET_STATUS, [world.id().into(), 1_i64.into(), "x".into()]);
    let mut violated = world.commit();
    violated.insert(&ORDERS, order_cells(world.id(), world.id()));
    let mut both = take(world, world.id(), 1);
    both.insert(&RESTAURANTS, [world.home.restaurant.into(), "Again".into()]);
    vec![claimed, touched, version, violated, both]
}

pub(super) async fn one_that_has_moved_away_is_not_told_what_its_old_shard_thinks(world: World) {
    let moved = Err(Failure::Moved(world.organisation()));
    world.place(world.organisation(), 2, "open").await;
    for commit in refused_or_violated(&world) {
        assert_eq!(world.store(commit).await, moved);
    }
    world.place(world.organisation(), 1, "open").await;
    let other = *three_of_one_lane(&world).await.last().unwrap();
    let mut commits = refused_or_violated(&world);
    commits.push(world.trial.order(&other));
    // The gate's own commit needs an organisation that is at home, so this one moves behind the gate's back.
    world.place(world.organisation(), 2, "away").await;
    let verdicts = world.store_racing(&[world.db().clone()], commits).await;
    let (last, before) = verdicts.split_last().unwrap();
    assert!(last.is_ok(), "{last:?}");
    assert!(before.iter().all(|verdict| *verdict == moved), "{before:?}");
}
