//! When the disk fails, or our own code: nobody is told of success too early, and the writer goes on.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{TAKE, World, take};
use crate::failure::Failure;
use crate::sqlite::faults::{Fault, Moment};
use crate::sqlite::{Engine, Options};

#[tokio::test]
async fn threads_a_failed_commit_is_not_stored_and_the_next_one_is() {
    let world = World::threads(&Options::default()).await;
    world.faults.arm(Moment::BeforeCommit, Fault::Disk);
    let commit = Arc::new(world.order(1));
    let outcome = world.send(&commit).await;
    assert!(
        matches!(outcome, Err(Failure::Unavailable(_))),
        "{outcome:?}"
    );
    assert_eq!(world.orders().await, 0);
    assert_eq!(world.send(&commit).await.unwrap().position, 1);
    assert_eq!(world.orders().await, 1);
}

#[tokio::test]
async fn threads_a_commit_whose_answer_was_an_error_is_found_to_be_stored() {
    let world = World::threads(&Options::default()).await;
    world.faults.arm(Moment::AfterCommit, Fault::Disk);
    let mut commit = world.order(1);
    let soup = commit.guard(&TAKE, take("soup", 1));
    let committed = world.store(commit).await.unwrap();
    assert_eq!((committed.position, committed.taken(soup)), (1, Some(99)));
    assert_eq!(*world.db.head().borrow(), 1);
    assert_eq!(world.free("soup").await, 99);
}

#[tokio::test]
async fn threads_a_panic_hangs_nobody() {
    let world = World::threads(&Options::default()).await;
    world.faults.arm(Moment::Work, Fault::Panic);
    let outcome = world.store(world.order(1)).await;
    assert!(
        matches!(outcome, Err(Failure::Unavailable(_))),
        "{outcome:?}"
    );
    world.faults.arm(Moment::AfterCommit, Fault::Panic);
    assert_eq!(world.store(world.order(2)).await.unwrap().position, 1);
    assert_eq!(world.store(world.order(3)).await.unwrap().position, 2);
    assert_eq!(world.orders().await, 2);
}

#[tokio::test]
async fn threads_a_damaged_file_stops_the_writer_by_name() {
    let world = World::threads(&Options::default()).await;
    let (path, page) = (world.path(), 4_096);
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(other);
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 8 * page);
    bytes[2 * page..8 * page].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    world.faults.arm(Moment::BeforeCommit, Fault::Disk);
    for number in 1..=2 {
        let outcome = world.store(world.order(number)).await;
        let Err(Failure::Damaged(text)) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}

#[test]
fn inline_a_full_disk_loses_nothing_and_works_again_with_space() {
    let world = World::inline();
    let pages = |most: i64| {
        let Engine::Inline(inline) = &world.db.engine else {
            panic!("not inline")
        };
        inline.with_connection(|connection| {
            connection
                .query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))
                .unwrap();
        });
    };
    world.now(world.order(1)).unwrap();
    pages(1);
    let mut number: i64 = 1;
    let full = loop {
        number += 1;
        if let Err(failure) = world.now(world.order(number)) {
            break failure;
        }
    };
    assert!(matches!(full, Failure::Unavailable(_)), "{full:?}");
    assert_eq!(
        world.orders().now_or_never(),
        Some(usize::try_from(number - 1).unwrap())
    );
    pages(1_000_000);
    assert_eq!(world.now(world.order(number)).unwrap().position, number);
}

#[test]
fn inline_a_panic_in_a_transaction_leaves_nothing_of_it() {
    let world = World::inline();
    world.faults.arm(Moment::BeforeCommit, Fault::Panic);
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.now(world.order(1))));
    assert!(panicked.is_err());
    assert_eq!(world.orders().now_or_never(), Some(0));
    world.faults.arm(Moment::BeforeCommit, Fault::Disk);
    assert!(matches!(
        world.now(world.order(1)),
        Err(Failure::Unavailable(_))
    ));
    assert_eq!(world.orders().now_or_never(), Some(0));
    world.faults.arm(Moment::AfterCommit, Fault::Disk);
    assert_eq!(world.now(world.order(1)).unwrap().position, 1);
}
