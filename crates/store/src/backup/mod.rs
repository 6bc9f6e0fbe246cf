//! Copies of SQLite files that are in use: all of one moment, each checked, none of them taken while commits wait.
//!
//! The writers of all files are held for some milliseconds, whatever process they are in; meanwhile a read snapshot
//! of every file is opened. Copying reads from the snapshots, so writers go on. It never changes a file that it copies.

mod check;
mod copy;
mod moment;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rusqlite::{Error, ErrorCode};

use crate::database::Place;
use crate::db::Settings;
use crate::failure::{Failure, Outcome};

pub use check::{Contents, check, contents};
pub use copy::Copied;
pub use moment::Moment;

/// One file that belongs to a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is: `control`, `people`, `audit`, or `shard NAME`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The files that hold the data of a region, or nothing where one of its databases is not a file.
#[must_use]
pub fn sources(settings: &Settings) -> Option<Vec<Source>> {
    let shards = settings
        .shards
        .iter()
        .map(|(name, place)| (format!("shard {name}"), place));
    [
        ("control".to_owned(), &settings.control),
        ("people".to_owned(), &settings.people),
        ("audit".to_owned(), &settings.audit),
    ]
    .into_iter()
    .chain(shards)
    .map(|(name, place)| match place {
        Place::File(path) => Some(Source {
            name,
            path: path.clone(),
        }),
        Place::Inline | Place::Postgres(_) => None,
    })
    .collect()
}

/// What an error of SQLite on this file means.
fn failure(path: &Path, error: &Error) -> Failure {
    let text = format!("{}: {error}", path.display());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Failure::Damaged(text),
        _ => Failure::Unavailable(text),
    }
}

fn of_file<T>(path: &Path, result: Result<T, Error>) -> Outcome<T> {
    result.map_err(|error| failure(path, &error))
}
