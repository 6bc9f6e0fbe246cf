//! The same commit sent again: stored once, answered alike.

use store::{Commit, Committed, Outcome};
use testkit::trial::{ADD_STOCK, NEXT_NUMBER, ORDERS, RESTAURANTS, SET_STATUS, TAKE_STOCK};

use super::guards::{order, refused, take};
use super::rows::{is_stored, order_cells};
use crate::world::{FREE, World, event};

pub(super) const COPIES: usize = 8;

/// A commit with everything: a counter, a number in row and event, rows.
pub(super) fn numbered(world: &World) -> Commit {
    let id = world.id();
    let mut commit = take(world, world.home.dish, 1);
    let number = commit.change(&NEXT_NUMBER, ["orders".into()]);
    let mut cells = order_cells(id, world.home.restaurant);
    cells[1] = number.into();
    commit.insert(&ORDERS, cells);
    commit.event(event(id, 1));
    commit.event_with(event(id, 2), [("number", number)]);
    commit
}

pub(super) fn all_equal(verdicts: &[Outcome<Committed>], first: &Committed) {
    for verdict in verdicts {
        assert_eq!(verdict.as_ref(), Ok(first));
    }
}

pub(super) async fn a_commit_sent_twice_is_stored_once_and_answered_alike(world: World) {
    let head = world.head().await;
    let commit = numbered(&world);
    let first = world.store(commit.clone()).await.unwrap();
    world.store(numbered(&world)).await.unwrap();
    let again = world.store(commit).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(first.position, head + 2);
    assert_eq!((world.orders().await, world.head().await), (2, head + 4));
    assert_eq!(world.free(world.home.dish).await, FREE - 2);
}

pub(super) async fn a_commit_sent_by_eight_at_once_is_stored_once(world: World) {
    let head = world.head().await;
    let commits = vec![numbered(&world); COPIES];
    let verdicts = world.store_racing(&[world.db().clone()], commits).await;
    all_equal(&verdicts, verdicts[0].as_ref().unwrap());
    assert_eq!((world.orders().await, world.head().await), (1, head + 2));
    assert_eq!(world.free(world.home.dish).await, FREE - 1);
}

pub(super) async fn copies_in_one_group_are_stored_once(world: World) {
    let head = world.head().await;
    let (one, other) = (numbered(&world), numbered(&world));
    let mut commits = vec![one; COPIES];
    commits.extend(vec![other; COPIES]);
    let verdicts = world.store_together(commits).await;
    all_equal(&verdicts[..COPIES], verdicts[0].as_ref().unwrap());
    all_equal(&verdicts[COPIES..], verdicts[COPIES].as_ref().unwrap());
    assert_eq!((world.orders().await, world.head().await), (2, head + 4));
    assert_eq!(world.free(world.home.dish).await, FREE - 2);
}

/// Commits that can pass only once, so that every copy of a stored one finds its guard refused.
fn only_once(world: &World, stored: base::Uid) -> Vec<Commit> {
    let mut version = world.commit();
    version.guard(
        &SET_STATUS,
        [stored.into(), 1_i64.into(), "accepted".into()],
    );
    let mut key = world.commit();
    key.claim(&RESTAURANTS, [world.id().into(), "Trattoria".into()]);
    let mut counter = world.commit();
    let left = counter.guard(&TAKE_STOCK, [world.home.dish.into(), FREE.into()]);
    counter.event_with(event(world.id(), 1), [("left", left)]);
    let stream = world.id();
    let mut expected = world.commit();
    expected.expect(stream, 0);
    expected.event(event(stream, 1));
    let mut row = world.commit();
    row.insert(&RESTAURANTS, [world.id().into(), "Bistro".into()]);
    vec![version, key, counter, expected, row]
}

pub(super) async fn a_copy_whose_guard_holds_no_more_is_answered_like_the_first(world: World) {
    let order = order(&world);
    let mut commit = world.commit();
    order.insert(&mut commit);
    world.store(commit).await.unwrap();
    for commit in only_once(&world, order.id) {
        let first = world.store(commit.clone()).await.unwrap();
        assert_eq!(world.store(commit).await, Ok(first));
    }
}

pub(super) async fn copies_in_one_group_are_answered_alike_although_only_one_can_pass(
    world: World,
) {
    let order = order(&world);
    let mut commit = world.commit();
    order.insert(&mut commit);
    world.store(commit).await.unwrap();
    for commit in only_once(&world, order.id) {
        let verdicts = world.store_together(vec![commit; COPIES]).await;
        assert!(verdicts[0].is_ok(), "{:?}", verdicts[0]);
        all_equal(&verdicts, verdicts[0].as_ref().unwrap());
    }
}

pub(super) async fn a_refused_commit_is_stored_when_its_guard_holds_later(world: World) {
    let dish = world.id();
    let commit = take(&world, dish, 2);
    for _ in 0..2 {
        assert_eq!(
            world.store(commit.clone()).await,
            Err(refused(0, "trial_stock.take"))
        );
    }
    assert!(!is_stored(&world, commit.id()).await);
    let mut fill = world.commit();
    fill.change(&ADD_STOCK, [dish.into(), 5_i64.into()]);
    world.store(fill).await.unwrap();
    let first = world.store(commit.clone()).await.unwrap();
    assert_eq!(world.store(commit).await, Ok(first));
    assert_eq!(world.free(dish).await, 3);
}

pub(super) async fn a_commit_that_broke_a_rule_is_stored_when_it_breaks_none_later(world: World) {
    let restaurant = world.id();
    let mut child = take(&world, world.home.dish, 1);
    child.insert(&ORDERS, order_cells(world.id(), restaurant));
    assert!(world.store(child.clone()).await.is_err());
    let mut parent = world.commit();
    parent.insert(&RESTAURANTS, [restaurant.into(), "Later".into()]);
    world.store(parent).await.unwrap();
    let first = world.store(child.clone()).await.unwrap();
    assert_eq!(world.store(child).await, Ok(first));
    assert_eq!(
        (world.orders().await, world.free(world.home.dish).await),
        (1, FREE - 1)
    );
}
