//! Commits that share a transaction: one that fails does not disturb the others.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use rusqlite::Connection;

use super::{ORDERS, OURS, TAKE, World, take};
use crate::commit::{Cell, Commit, Committed};
use crate::failure::{Failure, Outcome, Rule};
use crate::sqlite::{Options, Sqlite};

const ALL: usize = 64;

/// Keeps the writer waiting until everybody stands in the queue, so that all are of one group.
async fn together(world: &World, commits: Vec<Commit>) -> Vec<Outcome<Committed>> {
    let blocker = Connection::open(world.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let stored = join_all(commits.into_iter().map(|commit| world.store(commit)));
    let (outcomes, ()) = join(stored, async { blocker.execute_batch("ROLLBACK").unwrap() }).await;
    outcomes
}

async fn check_log(world: &World, count: usize) {
    let (positions, head) = world.log().await;
    assert_eq!(positions, (1..=head).collect::<Vec<_>>());
    assert_eq!(positions.len(), count);
}

#[tokio::test]
async fn threads_one_unique_violation_in_a_group_of_64_leaves_the_other_63() {
    let world = World::threads(&Options::default()).await;
    let mut commits: Vec<Commit> = (1_i64..)
        .map(|number| world.order(number))
        .take(ALL)
        .collect();
    commits[40] = world.order(7);
    let outcomes = together(&world, commits).await;
    for (at, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Err(Failure::Violated {
                rule: Rule::Unique,
                constraint,
                ..
            }) if at == 40 => {
                assert_eq!(constraint, "orders_organisation_number_key");
            }
            outcome => assert!(outcome.is_ok() && at != 40, "{at}: {outcome:?}"),
        }
    }
    assert_eq!(world.orders().await, 63);
    check_log(&world, 63).await;
}

#[tokio::test]
async fn threads_commits_refused_in_part_leave_no_trace_in_their_group() {
    let world = World::threads(&Options::default()).await;
    let commits = (1_i64..=64).map(|number| {
        let mut commit = world.order(number);
        commit.guard(&TAKE, take("number", 1));
        commit.guard(
            &TAKE,
            take("soup", if number % 10 == 0 { 1_000 } else { 1 }),
        );
        commit
    });
    let outcomes = together(&world, commits.collect()).await;
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(Failure::Refused { guard: 1, .. })));
    assert_eq!(refused.count(), 6);
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        58
    );
    assert_eq!(world.free("number").await, 1_000_000 - 58);
    assert_eq!(world.free("soup").await, 100 - 58);
    check_log(&world, 58).await;
}

#[tokio::test]
async fn threads_the_same_commit_twice_in_one_group_is_stored_once() {
    let world = World::threads(&Options::default()).await;
    let mut commit = world.commit();
    let soup = commit.guard(&TAKE, take("soup", 60));
    commit.insert(
        &ORDERS,
        [Cell::from(world.id()), Cell::from(1), Cell::from("")],
    );
    let outcomes = together(&world, vec![commit.clone(), world.order(2), commit]).await;
    assert_eq!(outcomes[0], outcomes[2]);
    assert_eq!(outcomes[0].as_ref().unwrap().taken(soup), Some(40));
    assert_eq!(world.free("soup").await, 40);
}

#[tokio::test]
async fn threads_the_head_tells_what_was_stored_before_the_answer() {
    let world = World::threads(&Options::default()).await;
    let head = world.db.head();
    for number in 1..=3 {
        let committed = world.store(world.order(number)).await.unwrap();
        assert_eq!((committed.position, *head.borrow()), (number, number));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_1000_commits_of_two_handles_on_a_counter_of_100_pass_100_times() {
    let world = World::threads(&Options::default()).await;
    let place = world.folder.as_ref().unwrap().place();
    let other = Sqlite::open(&place, &world.clock, &Options::default()).unwrap();
    let racing = (1..=1_000).map(|number| {
        let mut commit = world.order(number);
        commit.guard(&TAKE, take("soup", 1));
        let (db, commit, world) = (
            if number % 2 == 0 { &world.db } else { &other },
            Arc::new(commit),
            &world,
        );
        async move { db.commit(commit, 1, &world.deadline()).await }
    });
    let outcomes = join_all(racing).await;
    let refused = Failure::Refused {
        guard: 0,
        name: "stock.take",
    };
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        100
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Err(refused.clone()))
            .count(),
        900
    );
    assert_eq!(world.free("soup").await, 0);
    check_log(&world, 100).await;
}

#[tokio::test]
async fn threads_a_placement_changed_by_another_process_is_seen_at_once() {
    let mut world = World::threads(&Options::default()).await;
    world.store(world.order(1)).await.unwrap();
    let place = world.folder.as_ref().unwrap().place();
    let other = Sqlite::open(&place, &world.clock, &Options::default()).unwrap();
    let ours = std::mem::replace(&mut world.db, other);
    world.place(OURS, 2, "open").await;
    world.db = ours;
    assert_eq!(world.store(world.order(2)).await, Err(Failure::Moved(OURS)));
}
