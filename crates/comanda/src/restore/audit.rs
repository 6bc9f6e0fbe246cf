//! The audit log in the folder that data are restored to: an older one never takes its place without being told to.

use std::fs;
use std::path::Path;

use base::{Clock, Result, Time, Trail as _};
use store::{Database, Deadline, Place};

use super::Audit;
use crate::backup::target::sync;
use crate::backup::{line, no_file};

/// What backups call it.
pub(super) const NAME: &str = "audit";
/// Its file in a data folder.
pub(super) const FILE: &str = "audit.db";
/// All files that SQLite keeps of it, its own first.
pub(super) const FILES: &[&str] = &[FILE, "audit.db-wal", "audit.db-shm"];
/// Its name when the one of a backup has taken its place.
pub(super) const ASIDE: &str = "audit-before-restore.db";

/// Which audit log stays; nothing where there is none yet.
pub(super) fn decide(data: &Path, said: Option<Audit>, backup: Time) -> Result<Option<Audit>> {
    let path = data.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    if data.join(ASIDE).exists() {
        return Err(line(format!("{ASIDE} is there already; move it away")));
    }
    if said.is_some() {
        return Ok(said);
    }
    let there = match reached(&path)? {
        Some((number, at)) => format!("goes up to entry {number} of {at}"),
        None => "has no entry".to_owned(),
    };
    Err(line(format!(
        "{} is there and {there}; the backup is of {backup}. Say `--audit keep` to go on with the one that is there, \
         or `--audit backup` to put it aside",
        path.display()
    )))
}

/// The number and the time of its last entry.
fn reached(path: &Path) -> Result<Option<(i64, Time)>> {
    let clock = Clock::real();
    crate::serve::runtime()?.block_on(async {
        let database = Database::open(&Place::File(path.to_owned()), &clock);
        let database = database.context("opening the audit log that is there")?;
        let deadline = Deadline::within(&clock, crate::verify::WITHIN);
        let reached = platform::audit::reached(&database, &deadline).await;
        reached.context("reading the audit log that is there")
    })
}

/// Gives it another name, so that the one of the backup can have its place.
pub(super) fn put_aside(data: &Path) -> Result<()> {
    for name in FILES {
        let (from, to) = (data.join(name), data.join(name.replace(FILE, ASIDE)));
        if from.exists() {
            no_file(&from, fs::rename(&from, &to))?;
        }
    }
    sync(data)
}
