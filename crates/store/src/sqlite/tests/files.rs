//! Files: opening, migrating from several sides, closing.

use base::Clock;

use super::{Folder, TRIAL, World};
use crate::failure::Failure;
use crate::migrate::Migration;
use crate::sql::Part;
use crate::sqlite::{Options, Place, Sqlite};
use crate::system::DATABASE;

#[tokio::test]
async fn threads_what_was_stored_is_there_after_closing_and_opening() {
    let mut world = World::threads(&Options::default()).await;
    world.store(world.order(1)).await.unwrap();
    let (path, checked) = (
        world.path(),
        Options {
            checked: true,
            ..Options::default()
        },
    );
    let aside = Sqlite::inline(&Place::Memory, &world.clock).unwrap();
    drop(std::mem::replace(&mut world.db, aside));
    // The last connection moves the write-ahead log into the file: no thread is left that has one.
    assert!(!path.with_extension("db-wal").exists());
    world.db = Sqlite::open(&Place::File(path), &world.clock, &checked).unwrap();
    assert_eq!(world.orders().await, 1);
    world.store(world.order(2)).await.unwrap();
}

#[test]
fn threads_several_sides_open_and_migrate_at_once() {
    const SIDES: usize = 6;
    let (folder, clock) = (Folder::new(), Clock::real());
    let opened = std::sync::Barrier::new(SIDES);
    std::thread::scope(|scope| {
        for _ in 0..SIDES {
            scope.spawn(|| {
                let db = Sqlite::open(&folder.place(), &clock, &Options::default()).unwrap();
                opened.wait();
                db.migrate(&[&DATABASE, &TRIAL]).unwrap();
                db.migrate(&[&DATABASE, &TRIAL]).unwrap();
            });
        }
    });
}

#[test]
fn inline_a_failed_migration_leaves_nothing_of_its_part() {
    static BAD: Part = Part {
        name: "bad",
        tables: &[],
        statements: &[],
        migrations: &[
            Migration {
                number: 1,
                name: "one",
                sqlite: "CREATE TABLE a (b INTEGER) STRICT;",
                postgres: "",
            },
            Migration {
                number: 2,
                name: "two",
                sqlite: "CREATE TABLE c (d) STRICT;",
                postgres: "",
            },
        ],
    };
    static GOOD: Part = Part {
        name: "bad",
        tables: &[],
        statements: &[],
        migrations: &[Migration {
            number: 1,
            name: "one",
            sqlite: "CREATE TABLE c (d INTEGER);",
            postgres: "",
        }],
    };
    let db = Sqlite::inline(&Place::Memory, &Clock::real()).unwrap();
    assert!(matches!(db.migrate(&[&BAD]), Err(Failure::Broken(_))));
    db.migrate(&[&GOOD]).unwrap();
    // What was migrated under a number cannot be changed afterwards.
    assert!(matches!(db.migrate(&[&BAD]), Err(Failure::Broken(_))));
}

#[test]
fn a_file_that_is_no_database_or_cannot_be_made_is_an_error_with_its_name() {
    let (folder, clock) = (Folder::new(), Clock::real());
    std::fs::write(
        folder.file(),
        "This is not a database, but it is long enough to be read.".repeat(100),
    )
    .unwrap();
    let outcome = Sqlite::open(&folder.place(), &clock, &Options::default()).err();
    assert!(
        matches!(&outcome, Some(Failure::Damaged(text)) if text.contains("shard.db")),
        "{outcome:?}"
    );
    let nowhere = Place::File(folder.file().join("below/a/file"));
    let outcome = Sqlite::open(&nowhere, &clock, &Options::default()).err();
    assert!(
        matches!(&outcome, Some(Failure::Unavailable(_))),
        "{outcome:?}"
    );
    let memory = Sqlite::open(&Place::Memory, &clock, &Options::default()).err();
    assert!(matches!(memory, Some(Failure::Malformed(_))));
}
