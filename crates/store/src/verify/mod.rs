//! Reads everything that is stored and looks for damage: files and indexes, log, commits, answers, folded tables.
//!
//! What it finds is a list of values, because one finding must not hide the next. It changes nothing, holds a page of
//! rows at a time (a folded table: the rows of one organisation), and runs beside commits: what is stored after
//! it has begun is left to the next time.

mod folds;
mod log;
mod rows;

use std::path::PathBuf;
use std::time::Duration;

use base::Clock;

use crate::call::Deadline;
use crate::database::{Database, Place};
use crate::db::{Db, Settings};
use crate::failure::{Failure, Outcome};
use crate::fold::Fold;

pub(crate) use log::{READ_CONSUMERS, READ_STREAMS};
pub(crate) use rows::{READ_ANSWERS, READ_COMMITS, READ_HISTORY, READ_PLACES};

/// Rows read at a time.
const PAGE: i64 = 500;
/// How long reading a page may take.
const STEP: Duration = Duration::from_secs(60);
/// Findings kept; a broken file has thousands, and the first say all.
const FINDINGS_MAX: usize = 1_000;

/// The folds of each kind of database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Folds {
    /// Of every shard.
    pub shards: &'static [&'static Fold],
    /// Of the people database.
    pub people: &'static [&'static Fold],
    /// Of the control database.
    pub control: &'static [&'static Fold],
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The database: `control`, `people`, `audit`, `keys`, or `shard NAME`.
    pub database: String,
    /// The table or index, where it is known.
    pub table: String,
    /// The key or position of the row, where it is known.
    pub key: String,
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// The place in the file, where it is known.
    pub offset: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The database.
    pub database: &'a str,
    /// What is read of it.
    pub step: &'static str,
    /// How much of the step is done.
    pub done: u64,
    /// How much there is to do.
    pub total: u64,
}

/// What was read, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// What is wrong, in the order in which it was met; the first thousand.
    pub findings: Vec<Finding>,
    /// How many more findings there were.
    pub more: u64,
    /// What could not be looked at, in words.
    pub notes: Vec<String>,
    /// Events whose checksum was tested.
    pub events: u64,
    /// Commits and recorded answers whose checksum was tested.
    pub records: u64,
    /// Rows that were compared with the folded log.
    pub folded: u64,
}

impl Verified {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Db {
    /// Verifies all databases of the region, one after the other, and tells how far it has come. The settings are those
    /// that they were opened with.
    ///
    /// # Errors
    /// A database is away. Damage is no error: it is found.
    pub async fn verify(
        &self,
        settings: &Settings,
        folds: &Folds,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Outcome<Verified> {
        let mut all = vec![
            (
                "control".to_owned(),
                self.control(),
                &settings.control,
                folds.control,
            ),
            (
                "people".to_owned(),
                self.people(),
                &settings.people,
                folds.people,
            ),
            ("audit".to_owned(), self.audit(), &settings.audit, &[]),
            ("keys".to_owned(), self.keys(), &settings.keys, &[]),
        ];
        for (name, shard) in self.shards() {
            if let Some(place) = settings.shards.get(name) {
                all.push((format!("shard {name}"), shard, place, folds.shards));
            }
        }
        let mut verified = Verified::default();
        for (name, database, place, folds) in all {
            let mut work = Work {
                name: &name,
                database,
                place,
                clock: self.clock(),
                verified: &mut verified,
                progress,
            };
            work.run(folds).await?;
        }
        Ok(verified)
    }
}

/// The verifying of one database.
struct Work<'a> {
    name: &'a str,
    database: &'a Database,
    place: &'a Place,
    clock: &'a Clock,
    verified: &'a mut Verified,
    progress: &'a mut (dyn FnMut(Progress<'_>) + Send),
}

impl Work<'_> {
    async fn run(&mut self, folds: &[&'static Fold]) -> Outcome<()> {
        self.tell("pages", 0, 1);
        self.inspect().await?;
        self.tell("pages", 1, 1);
        let Some(bounds) = self.bounds().await? else {
            return Ok(());
        };
        self.consumers().await?;
        let events = self.log(&bounds).await?;
        self.organisations(&bounds, events, folds).await
    }

    /// What the engine itself can say of its files and indexes.
    async fn inspect(&mut self) -> Outcome<()> {
        let inspected = match self.database.inspect().await {
            Ok(inspected) => inspected,
            Err(Failure::Damaged(what)) => {
                self.find("", "", what);
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        inspected.notes.into_iter().for_each(|note| self.note(note));
        for spot in inspected.spots {
            self.add(Finding {
                offset: spot.offset,
                ..self.finding(&spot.table, "", spot.what)
            });
        }
        Ok(())
    }

    fn deadline(&self) -> Deadline {
        Deadline::within(self.clock, STEP)
    }

    fn tell(&mut self, step: &'static str, done: u64, total: u64) {
        (self.progress)(Progress {
            database: self.name,
            step,
            done: done.min(total),
            total,
        });
    }

    /// What was read, unless that it cannot be read is the finding.
    fn readable<T>(&mut self, table: &str, key: &str, outcome: Outcome<T>) -> Outcome<Option<T>> {
        match outcome {
            Ok(read) => Ok(Some(read)),
            Err(Failure::Damaged(what) | Failure::Broken(what)) => {
                self.find(table, key, what);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Says once what could not be looked at.
    fn note(&mut self, note: String) {
        let note = format!("{}: {note}", self.name);
        if !self.verified.notes.contains(&note) {
            self.verified.notes.push(note);
        }
    }

    fn find(&mut self, table: &str, key: &str, what: impl Into<String>) {
        let finding = self.finding(table, key, what.into());
        self.add(finding);
    }

    fn finding(&self, table: &str, key: &str, what: String) -> Finding {
        Finding {
            database: self.name.to_owned(),
            table: table.to_owned(),
            key: key.to_owned(),
            file: match self.place {
                Place::File(path) => Some(path.clone()),
                Place::Inline | Place::Postgres(_) => None,
            },
            offset: None,
            what,
        }
    }

    fn add(&mut self, finding: Finding) {
        if self.verified.findings.len() < FINDINGS_MAX {
            self.verified.findings.push(finding);
        } else {
            self.verified.more = self.verified.more.saturating_add(1);
        }
    }
}

/// What an engine says of its own files and indexes.
#[derive(Debug, Default)]
pub(crate) struct Inspected {
    pub(crate) spots: Vec<Spot>,
    /// What it could not look at.
    pub(crate) notes: Vec<String>,
}

/// A damaged spot.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) table: String,
    pub(crate) offset: Option<u64>,
    pub(crate) what: String,
}
