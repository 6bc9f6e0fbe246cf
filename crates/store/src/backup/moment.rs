//! One moment of several files: every writer held at once, and a snapshot of each file opened meanwhile.

use std::path::Path;
use std::time::Duration;

use base::Clock;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use crate::backup::check::{self, Contents};
use crate::backup::{Source, of_file};
use crate::failure::{Failure, Outcome};

/// How long writers are held at most. They themselves wait for five seconds before they give up.
const HOLD_MAX: Duration = Duration::from_secs(1);
/// A busy writer lets go of its file only for an instant between two commits, so we look often.
const POLL: Duration = Duration::from_micros(200);
/// After a round that took too long, the writers have the files for themselves for so long.
const PAUSE: Duration = Duration::from_millis(50);
/// Opening may meet a process that is just recovering the file.
const BUSY: Duration = Duration::from_secs(5);

/// Read snapshots of files, all of one moment. Dropping it lets them go.
pub struct Moment {
    pub(super) held: Vec<Held>,
    held_for: Duration,
}

/// A file and the connection that sees it as it was.
pub(super) struct Held {
    pub(super) source: Source,
    pub(super) reader: Connection,
    pub(super) bytes: u64,
}

impl Moment {
    /// Takes hold of all files, which must be there, within this time.
    ///
    /// # Errors
    /// A file cannot be opened, or its writers never paused together.
    pub fn take(sources: &[Source], clock: &Clock, within: Duration) -> Outcome<Self> {
        let mut gates = Vec::with_capacity(sources.len());
        let mut readers = Vec::with_capacity(sources.len());
        for source in sources {
            gates.push(open(&source.path)?);
            readers.push(open(&source.path)?);
        }
        let end = clock.elapsed().saturating_add(within);
        loop {
            if let Some(began) = close_gates(sources, &gates, clock, end)? {
                let held = snapshots(sources, readers);
                let held_for = clock.elapsed().saturating_sub(began);
                // A gate that is dropped rolls back, and it has changed nothing.
                drop(gates);
                return held.map(|held| Moment { held, held_for });
            }
            if clock.elapsed() >= end {
                return Err(Failure::Unavailable(
                    "the files are written without a pause; no common moment was found".to_owned(),
                ));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// How many bytes the files have together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.held.iter().map(|held| held.bytes).sum()
    }

    /// What each file holds, in the order in which they were given.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn contents(&self) -> Outcome<Vec<Contents>> {
        let held = self.held.iter();
        held.map(|held| of_file(&held.source.path, check::read(&held.reader)))
            .collect()
    }

    /// For how long writers had to wait.
    #[must_use]
    pub fn held_for(&self) -> Duration {
        self.held_for
    }
}

/// Stops the writers of all files, and tells since when; or lets all of them go, because it would take too long.
fn close_gates(
    sources: &[Source],
    gates: &[Connection],
    clock: &Clock,
    end: Duration,
) -> Outcome<Option<Duration>> {
    let mut began = None;
    for (source, gate) in sources.iter().zip(gates) {
        let until = began.map_or(end, |began: Duration| began.saturating_add(HOLD_MAX));
        if !of_file(&source.path, close_gate(gate, clock, until))? {
            for gate in gates.iter().filter(|gate| !gate.is_autocommit()) {
                of_file(&source.path, gate.execute_batch("ROLLBACK"))?;
            }
            return Ok(None);
        }
        began = began.or(Some(clock.elapsed()));
    }
    Ok(began)
}

fn close_gate(gate: &Connection, clock: &Clock, until: Duration) -> Result<bool, Error> {
    gate.busy_timeout(Duration::ZERO)?;
    loop {
        match gate.execute_batch("BEGIN IMMEDIATE") {
            Ok(()) => return Ok(true),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                if clock.elapsed() >= until {
                    return Ok(false);
                }
                std::thread::sleep(POLL);
            }
            Err(error) => return Err(error),
        }
    }
}

fn snapshots(sources: &[Source], readers: Vec<Connection>) -> Outcome<Vec<Held>> {
    let snapshot = |(source, reader): (&Source, Connection)| {
        let bytes = of_file(&source.path, begin(&reader))?;
        Ok(Held {
            source: source.clone(),
            reader,
            bytes,
        })
    };
    sources.iter().zip(readers).map(snapshot).collect()
}

/// A transaction sees the file as it is at its first read.
fn begin(reader: &Connection) -> Result<u64, Error> {
    reader.execute_batch("BEGIN")?;
    reader.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let number =
        |pragma: &str| reader.query_row(pragma, [], |row| row.get::<_, u32>(0).map(u64::from));
    Ok(number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?))
}

/// A file that is not there is not made.
fn open(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
        Ok(connection)
    });
    of_file(path, opened)
}
