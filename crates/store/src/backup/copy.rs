//! Copying the snapshots of a moment into a folder, a piece at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Error, OpenFlags};

use crate::backup::moment::{Held, Moment};
use crate::backup::{failure, of_file};
use crate::failure::{Failure, Outcome};

/// A megabyte of pages between two looks at whether to go on.
const STEP_PAGES: std::ffi::c_int = 256;
const PAUSE: Duration = Duration::from_millis(10);
/// Nothing else uses source or target, so being busy is not expected at all.
const BUSY_MAX: u32 = 500;

/// A file that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What it is a copy of, as its source was named.
    pub name: String,
    /// Where the copy is.
    pub path: PathBuf,
}

impl Moment {
    /// Copies every file into a folder, under its own name, and makes the copies durable. `go_on` is told how many
    /// bytes were copied so far, and ends the copying by `false`.
    ///
    /// # Errors
    /// Two files have one name, a copy cannot be written, what is copied cannot be read, or it was ended.
    pub fn copy(&self, folder: &Path, go_on: &mut dyn FnMut(u64) -> bool) -> Outcome<Vec<Copied>> {
        let mut before = 0;
        let mut copies: Vec<Copied> = Vec::with_capacity(self.held.len());
        for held in &self.held {
            let copied = Copied {
                name: held.source.name.clone(),
                path: folder.join(held.source.path.file_name().unwrap_or_default()),
            };
            if copies.iter().any(|other| other.path == copied.path) {
                let text = format!("two databases have the file name {}", copied.path.display());
                return Err(Failure::Malformed(text));
            }
            copy_one(held, &copied.path, &mut |bytes| go_on(before + bytes))?;
            before += held.bytes;
            copies.push(copied);
        }
        sync(folder)?;
        Ok(copies)
    }
}

fn copy_one(held: &Held, to: &Path, go_on: &mut dyn FnMut(u64) -> bool) -> Outcome<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = of_file(to, Connection::open_with_flags(to, flags))?;
    // Half a copy is thrown away whole, so nothing needs to be undone, and one sync at the end will do.
    let quick = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;";
    of_file(to, target.execute_batch(quick))?;
    let whole = step_through(held, &mut target, go_on).map_err(|error| failure(to, &error))?;
    if !whole {
        return Err(Failure::Unavailable("the copying was ended".to_owned()));
    }
    // A copy without a write-ahead log is one file, which can be read where nothing can be written.
    let one_file = target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()));
    of_file(to, one_file)?;
    target.close().map_err(|(_, error)| failure(to, &error))?;
    sync(to)
}

/// False when it was ended before its end.
fn step_through(
    held: &Held,
    target: &mut Connection,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<bool, Error> {
    let backup = Backup::new(&held.reader, target)?;
    let mut busy = 0;
    loop {
        match backup.step(STEP_PAGES)? {
            StepResult::Done => return Ok(go_on(held.bytes)),
            StepResult::Busy | StepResult::Locked if busy < BUSY_MAX => {
                busy += 1;
                std::thread::sleep(PAUSE);
            }
            StepResult::More => {
                if !go_on(bytes(&backup, held.bytes)) {
                    return Ok(false);
                }
            }
            _ => {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(Error::SqliteFailure(code, None));
            }
        }
    }
}

fn bytes(backup: &Backup<'_, '_>, all: u64) -> u64 {
    let progress = backup.progress();
    let pages = u64::try_from(progress.pagecount).unwrap_or(0).max(1);
    let left = u64::try_from(progress.remaining).unwrap_or(0);
    all / pages * pages.saturating_sub(left)
}

fn sync(path: &Path) -> Outcome<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| Failure::Unavailable(format!("{}: {error}", path.display())))
}
