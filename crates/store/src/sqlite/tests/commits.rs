//! One commit at a time, inline: what it stores, what it answers, and what it leaves behind when it fails.

use std::sync::Arc;

use base::{Organisation, Uid};
use futures_util::FutureExt as _;

use super::{EVENTS_OF, LINES, ORDERS, ORDERS_OF, OURS, STOCK, TAKE, World, event, take};
use crate::call::{Call, Scope};
use crate::commit::{Cell, Commit};
use crate::failure::{Failure, Rule};
use crate::system::READ_HEAD;

#[test]
fn inline_numbers_taken_by_a_guard_stand_in_rows_and_events() {
    let world = World::inline();
    let (mut commit, id) = (world.commit(), world.id());
    let number = commit.guard(&TAKE, take("number", 1));
    commit.insert(
        &ORDERS,
        [Cell::from(id), Cell::from(number), Cell::from("")],
    );
    commit.event_with(event(id, 1, "{\"a\":1}"), [("number", number)]);
    let committed = world.now(commit).unwrap();
    assert_eq!(committed.taken(number), Some(999_999));
    assert_eq!(committed.position, 1);
    let orders = world.rows(&ORDERS_OF, &[]).now_or_never().unwrap();
    assert_eq!(orders[0].get::<Uid>(0), Ok(id));
    assert_eq!(orders[0].get::<i64>(1), Ok(999_999));
    let events = world.rows(&EVENTS_OF, &[]).now_or_never().unwrap();
    assert_eq!(
        events[0].get::<String>(1).unwrap(),
        "{\"a\":1,\"number\":999999}"
    );
}

#[test]
fn inline_a_commit_refused_late_stores_nothing() {
    let world = World::inline();
    let mut commit = world.order(1);
    commit.guard(&TAKE, take("number", 1));
    let too_many = commit.guard(&TAKE, take("soup", 101));
    let refused = Failure::Refused {
        guard: too_many.0,
        name: "stock.take",
    };
    assert_eq!(world.now(commit), Err(refused));
    assert_eq!(world.free("number").now_or_never(), Some(1_000_000));
    assert_eq!(world.orders().now_or_never(), Some(0));
    assert_eq!(world.log().now_or_never(), Some((vec![], 0)));
}

#[test]
fn inline_a_violation_after_rows_and_events_stores_nothing() {
    let world = World::inline();
    let (mut commit, id) = (world.order(1), world.id());
    commit.guard(&TAKE, take("soup", 1));
    commit.event(event(id, 1, "{}"));
    commit.event(event(id, 1, "{}"));
    let outcome = world.now(commit);
    let Err(Failure::Violated {
        rule: Rule::Unique,
        constraint,
        ..
    }) = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(constraint, "log_organisation_stream_version_key");
    assert_eq!(world.free("soup").now_or_never(), Some(100));
    assert_eq!(world.orders().now_or_never(), Some(0));
    assert_eq!(world.log().now_or_never(), Some((vec![], 0)));
    assert_eq!(world.now(world.order(1)).unwrap().position, 1);
}

#[test]
fn inline_children_may_stand_before_their_parents() {
    let world = World::inline();
    let (mut commit, id) = (world.commit(), world.id());
    commit.insert(&LINES, [Cell::from(id), Cell::from(1), Cell::from("soup")]);
    commit.insert(&ORDERS, [Cell::from(id), Cell::from(1), Cell::from("")]);
    world.now(commit).unwrap();
}

#[test]
fn inline_a_resent_commit_changes_nothing_and_answers_the_same() {
    let world = World::inline();
    let (mut commit, id) = (world.commit(), world.id());
    let soup = commit.guard(&TAKE, take("soup", 60));
    commit.event(event(id, 1, "{}"));
    let commit = Arc::new(commit);
    let first = world.send(&commit).now_or_never().unwrap().unwrap();
    world.now(world.order(1)).unwrap();
    // The guard would not hold any more: only 40 are left.
    let second = world.send(&commit).now_or_never().unwrap().unwrap();
    assert_eq!(first, second);
    assert_eq!(second.taken(soup), Some(40));
    assert_eq!(world.free("soup").now_or_never(), Some(40));
    assert_eq!(world.log().now_or_never(), Some((vec![1, 2], 2)));
}

#[test]
fn inline_a_resent_commit_without_guards_is_stored_once() {
    let world = World::inline();
    let commit = Arc::new(world.order(1));
    let first = world.send(&commit).now_or_never().unwrap().unwrap();
    assert_eq!(world.send(&commit).now_or_never().unwrap(), Ok(first));
    let (mut quiet, id) = (world.commit(), world.id());
    quiet.change(&TAKE, take("soup", 1));
    quiet.insert(&ORDERS, [Cell::from(id), Cell::from(2), Cell::from("")]);
    let quiet = Arc::new(quiet);
    let first = world.send(&quiet).now_or_never().unwrap().unwrap();
    assert_eq!(world.send(&quiet).now_or_never().unwrap(), Ok(first));
    assert_eq!(world.free("soup").now_or_never(), Some(99));
    assert_eq!(world.orders().now_or_never(), Some(2));
}

#[test]
fn inline_an_organisation_that_has_moved_is_refused_until_it_is_back() {
    let world = World::inline();
    let moved = Err(Failure::Moved(OURS));
    world.place(OURS, 2, "open").now_or_never().unwrap();
    assert_eq!(world.now(world.order(1)), moved);
    world.place(OURS, 1, "away").now_or_never().unwrap();
    assert_eq!(world.now(world.order(1)), moved);
    world.place(OURS, 1, "open").now_or_never().unwrap();
    assert!(world.now(world.order(1)).is_ok());
    let stranger = Organisation::new(8);
    let commit = Commit::new(&world.clock, &world.random, stranger);
    assert_eq!(world.now(commit), Err(Failure::Moved(stranger)));
}

#[test]
fn inline_positions_are_dense_whatever_fails_between() {
    let world = World::inline();
    for number in 1..=20 {
        let mut commit = world.order(number);
        commit.guard(&TAKE, take("number", 1));
        commit.guard(&TAKE, take("soup", if number % 3 == 0 { 1_000 } else { 1 }));
        if number % 5 == 0 {
            commit.insert(&STOCK, [Cell::from("soup"), Cell::from(1)]);
        }
        let _ = world.now(commit);
    }
    let (positions, head) = world.log().now_or_never().unwrap();
    assert_eq!(positions, (1..=head).collect::<Vec<_>>());
    assert_eq!(
        head,
        (1..=20).filter(|n| n % 3 != 0 && n % 5 != 0).count() as i64
    );
    assert_eq!(*world.db.head().borrow(), head);
}

#[test]
fn inline_a_stream_at_another_version_is_refused() {
    let world = World::inline();
    let stream = world.id();
    for (expected, holds) in [(0, true), (0, false), (1, true), (3, false), (2, true)] {
        let mut commit = world.commit();
        commit.expect(stream, expected);
        commit.event(event(stream, expected + 1, "{}"));
        let refused = Failure::Refused {
            guard: 0,
            name: "log.stream",
        };
        assert_eq!(world.now(commit).err(), (!holds).then_some(refused));
    }
}

#[test]
fn inline_a_key_is_claimed_once() {
    let world = World::inline();
    let claim = |item: &str| {
        let mut commit = world.commit();
        commit.guard(&TAKE, take("soup", 1));
        commit.claim(&STOCK, [item.into(), 1.into()]);
        world.now(commit).err()
    };
    assert_eq!(claim("bread"), None);
    assert_eq!(
        claim("bread"),
        Some(Failure::Refused {
            guard: 1,
            name: "stock"
        })
    );
    assert_eq!(world.free("soup").now_or_never(), Some(99));
}

#[test]
fn inline_guards_run_in_their_order_and_answer_in_that_of_the_commit() {
    let world = World::inline();
    let mut commit = world.commit();
    let soup = commit.guard(&TAKE, take("soup", 1));
    let number = commit.guard(&TAKE, take("number", 1));
    let committed = world.now(commit).unwrap();
    assert_eq!(
        (committed.taken(soup), committed.taken(number)),
        (Some(99), Some(999_999))
    );
    let mut commit = world.commit();
    commit.guard(&TAKE, take("soup", 1_000));
    commit.guard(&TAKE, take("number", 2_000_000));
    // `number` is taken before `soup` and fails too, but the first in the order of the commit is named.
    let refused = Failure::Refused {
        guard: 0,
        name: "stock.take",
    };
    assert_eq!(world.now(commit), Err(refused));
}

#[test]
fn inline_statements_of_nobody_are_done_together_or_not_at_all() {
    let world = World::inline();
    let soon = world.deadline();
    let place = |organisation: i64, state: &str| {
        let params = [organisation.into(), 1.into(), state.into()];
        Call::new(&super::PLACE, params)
    };
    let answers = world
        .db
        .transact(vec![place(1, "open"), place(2, "open")], &soon);
    let answers = answers.now_or_never().unwrap().unwrap();
    assert_eq!(
        answers
            .iter()
            .map(|answer| answer.touched)
            .collect::<Vec<_>>(),
        [1, 1]
    );
    let failed = world
        .db
        .transact(vec![place(1, "away"), place(2, "nowhere")], &soon);
    let failed = failed.now_or_never().unwrap();
    let Err(Failure::Violated {
        rule: Rule::Check,
        constraint,
        ..
    }) = failed
    else {
        panic!("{failed:?}")
    };
    assert_eq!(constraint, "placements_state_check");
    let one = Organisation::new(1);
    assert!(
        world
            .now(Commit::new(&world.clock, &world.random, one))
            .is_ok()
    );
    let foreign = world
        .db
        .transact(vec![Call::new(&super::FREE, ["soup".into()])], &soon);
    assert!(matches!(
        foreign.now_or_never().unwrap(),
        Err(Failure::Malformed(_))
    ));
}

#[test]
fn inline_a_statement_with_too_few_parameters_is_malformed() {
    let world = World::inline();
    let mut commit = world.commit();
    commit.guard(&TAKE, take("soup", 1));
    commit.change(&TAKE, ["soup".into()]);
    assert!(matches!(world.now(commit), Err(Failure::Malformed(_))));
    assert_eq!(world.free("soup").now_or_never(), Some(100));
}

#[test]
fn inline_a_copy_has_a_life_of_its_own() {
    let mut world = World::inline();
    let soon = world.deadline();
    world.now(world.order(1)).unwrap();
    let copy = world.db.copy().unwrap();
    world.now(world.order(2)).unwrap();
    assert_eq!(*copy.head().borrow(), 1);
    let before = std::mem::replace(&mut world.db, copy);
    assert_eq!(world.orders().now_or_never(), Some(1));
    assert_eq!(world.now(world.order(2)).unwrap().position, 2);
    let head = before.read(Scope::Nobody, vec![Call::new(&READ_HEAD, [])], &soon);
    assert_eq!(
        head.now_or_never().unwrap().unwrap()[0][0].get::<i64>(0),
        Ok(2)
    );
}

#[test]
fn inline_guards_of_parents_come_before_those_of_their_children() {
    let world = World::inline();
    let order = world.order(1);
    let Cell::Value(order_id) = order.inserts[0].cells[0].clone() else {
        panic!("the key is known")
    };
    world.now(order).unwrap();
    let mut commit = world.commit();
    commit.claim(&LINES, [order_id, 1.into(), "bread".into()]);
    commit.claim(&STOCK, ["bread".into(), 5.into()]);
    world.now(commit).unwrap();
}
