//! Copies under a writer that never pauses: of one moment, whole, and without a commit that fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use base::Clock;
use rusqlite::Connection;

use super::{Contents, Moment, Source, check, contents};
use crate::failure::Failure;

const WITHIN: Duration = Duration::from_secs(20);
const ROUNDS: i64 = 300;

/// Ends the writer also when the test fails.
struct StopAtEnd<'s>(&'s AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("comanda-backup-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(folder.join("copies")).unwrap();
        Folder(folder)
    }

    fn source(&self, name: &str) -> Source {
        let path = self.0.join(format!("{name}.db"));
        let connection = writer(&path);
        let text = "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER NOT NULL, filler TEXT);
             INSERT INTO t VALUES (0, '');
             CREATE TABLE head (id INTEGER, position INTEGER); INSERT INTO head VALUES (1, 7);
             CREATE TABLE migrations_store (version INTEGER); INSERT INTO migrations_store VALUES (1), (2);";
        connection.execute_batch(text).unwrap();
        Source {
            name: name.to_owned(),
            path,
        }
    }

    fn copies(&self) -> PathBuf {
        self.0.join("copies")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

fn writer(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

fn last(connection: &Connection) -> i64 {
    let row = connection.query_row("SELECT max(n) FROM t", [], |row| row.get(0));
    row.unwrap()
}

/// One writer puts each number into every file, one after the other. At any one moment a later file has the same
/// number as an earlier one or one less; two moments would show more.
#[test]
fn all_snapshots_are_of_one_moment_and_no_commit_fails_meanwhile() {
    let folder = Folder::new("moment");
    let sources = ["a", "b", "c", "d"].map(|name| folder.source(name));
    let (stop, written) = (AtomicBool::new(false), AtomicI64::new(0));
    let clock = Clock::real();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let writers = sources.each_ref().map(|source| writer(&source.path));
            for writer in &writers {
                // Without waiting for the disk a commit takes so little that many fall into any gap.
                writer.execute_batch("PRAGMA synchronous = OFF").unwrap();
            }
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                for writer in &writers {
                    let stored = writer.execute("UPDATE t SET n = ?1", [n]);
                    stored.expect("a commit failed while a snapshot was taken");
                }
                written.store(n, Ordering::Relaxed);
            }
        });
        let _stopped = StopAtEnd(&stop);
        let mut rounds = 0;
        // On a busy machine the writer may hardly get to do anything between two of them: then there are more.
        let is_seldom = || written.load(Ordering::Relaxed) <= ROUNDS && !writing.is_finished();
        while rounds < ROUNDS || is_seldom() {
            rounds += 1;
            let moment = Moment::take(&sources, &clock, WITHIN).unwrap();
            let seen: Vec<i64> = moment.held.iter().map(|held| last(&held.reader)).collect();
            let falls = seen.windows(2).all(|pair| pair[0] >= pair[1]);
            assert!(falls && seen[0] <= seen[3] + 1, "the files are at {seen:?}");
        }
    });
}

#[test]
fn a_copy_is_one_file_that_says_what_it_holds() {
    let folder = Folder::new("one");
    let source = folder.source("a");
    let open = writer(&source.path);
    open.execute("INSERT INTO t VALUES (5, '')", []).unwrap();
    let moment = Moment::take(&[source], &Clock::real(), WITHIN).unwrap();
    let mut seen = Vec::new();
    let copies = moment.copy(&folder.copies(), &mut |bytes| {
        seen.push(bytes);
        true
    });
    let path = &copies.unwrap()[0].path;
    assert_eq!(seen.last(), Some(&moment.bytes()));
    let names = std::fs::read_dir(folder.copies()).unwrap();
    assert_eq!(names.count(), 1, "the copy has files beside it");
    let expected = Contents {
        head: Some(7),
        schemas: BTreeMap::from([("store".to_owned(), 2)]),
    };
    assert_eq!(contents(path).unwrap(), expected);
    assert_eq!(last(&Connection::open(path).unwrap()), 5);
}

#[test]
fn what_cannot_be_copied_is_said() {
    let folder = Folder::new("refused");
    let source = folder.source("a");
    let clock = Clock::real();
    let absent = Source {
        name: "b".to_owned(),
        path: folder.0.join("absent.db"),
    };
    let said = Moment::take(std::slice::from_ref(&absent), &clock, WITHIN).err();
    assert!(format!("{said:?}").contains("absent.db"), "{said:?}");
    assert!(!absent.path.exists(), "it was made");

    let moment = Moment::take(std::slice::from_ref(&source), &clock, WITHIN).unwrap();
    let ended = moment.copy(&folder.copies(), &mut |_| false);
    assert!(matches!(ended, Err(Failure::Unavailable(_))), "{ended:?}");
    drop(moment);

    // Somebody who never lets go, so there is no moment.
    let greedy = writer(&source.path);
    greedy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let within = Duration::from_millis(100);
    let said = Moment::take(&[source], &clock, within).err();
    assert!(format!("{said:?}").contains("without a pause"), "{said:?}");
}

#[test]
fn a_damaged_page_is_found() {
    let folder = Folder::new("damaged");
    let source = folder.source("a");
    let open = writer(&source.path);
    for _ in 0..100 {
        let row = "INSERT INTO t VALUES (1, hex(zeroblob(400)))";
        open.execute(row, []).unwrap();
    }
    let moment = Moment::take(&[source], &Clock::real(), WITHIN).unwrap();
    let path = &moment.copy(&folder.copies(), &mut |_| true).unwrap()[0].path;
    check(path).unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[4 * 4_096..5 * 4_096].fill(0);
    std::fs::write(path, bytes).unwrap();
    let said = check(path);
    assert!(matches!(said, Err(Failure::Damaged(_))), "{said:?}");
}
