//! How a connection is opened and set, and how a file is checked after an error of the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::Clock;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use crate::call::Deadline;
use crate::failure::{Failure, Outcome};
use crate::sqlite::constraint;

/// How long one process waits for another that writes the same file.
const BUSY: Duration = Duration::from_secs(5);
/// Pages in the write-ahead log before they are moved into the file: 32 MB, so that a page that changes often
/// is moved once for many commits.
const CHECKPOINT_PAGES: u32 = 8_192;
/// More than the statements of the whole platform.
const STATEMENTS: usize = 2_048;
/// Virtual instructions between two looks at the clock: a fraction of a millisecond.
const INSTRUCTIONS: i32 = 20_000;
const NEVER: u64 = u64::MAX;

/// Where a database is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a file.
    File(PathBuf),
    /// In memory, for one connection: inline only.
    Memory,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that writes.
    Writer,
    /// One of those that only read.
    Reader,
}

impl Place {
    /// Opens a connection with all our settings; the file is made if it is absent.
    pub(super) fn connect(&self, role: Role) -> Outcome<Connection> {
        let opened = match self {
            Place::File(path) => open_file(path),
            Place::Memory => Connection::open_in_memory(),
        };
        opened
            .and_then(|connection| prepare(connection, self, role))
            .map_err(|error| self.failure(&error))
    }

    /// Reads the whole file for damage.
    pub(super) fn check(&self, connection: &Connection) -> Outcome<()> {
        let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        match said {
            Ok(said) if said == "ok" => Ok(()),
            Ok(said) => Err(Failure::Damaged(format!("{self}: {said}"))),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Makes durable again whatever the write-ahead log holds.
    ///
    /// After an fsync that failed the system may believe pages to be on the disk that are not. They are copied
    /// into the file and synced once more before anybody is told that they are stored.
    pub(super) fn secure(&self, connection: &Connection) -> Outcome<()> {
        let busy = connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| {
            row.get::<_, i64>(0)
        });
        match busy {
            Ok(0) => Ok(()),
            Ok(_) => Err(Failure::Unavailable(format!(
                "{self} is in use while it recovers"
            ))),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Moves the write-ahead log into the file and leaves nothing in it, if nobody needs what it holds.
    pub(super) fn sweep(&self) -> Outcome<()> {
        self.connect(Role::Writer)?
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|error| self.failure(&error))
    }

    /// What an error that is not about one row means for callers.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Failure::Damaged(format!("{self}: {error}"))
            }
            _ if constraint::is_outage(error) => Failure::Unavailable(format!("{self}: {error}")),
            _ => Failure::Broken(error.to_string()),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(f),
            Place::Memory => f.write_str("the database in memory"),
        }
    }
}

fn open_file(path: &Path) -> Result<Connection, Error> {
    // Each connection belongs to one thread, and names of files are not addresses.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

fn prepare(connection: Connection, place: &Place, role: Role) -> Result<Connection, Error> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if let Place::File(_) = place {
        use_write_ahead_log(&connection)?;
    }
    let cache_kib = if role == Role::Writer { 65_536 } else { 16_384 };
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA cache_size = -{cache_kib};
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
    ))?;
    rusqlite::vtab::array::load_module(&connection)?;
    if role == Role::Reader {
        connection.execute_batch("PRAGMA query_only = ON")?;
    }
    // The first read opens the write-ahead log. A writer that was never used would not know of it, and could not move it
    // into the file when it is the last to close.
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    Ok(connection)
}

/// Another process may be doing the same at this moment; SQLite does not wait for it by itself.
fn use_write_ahead_log(connection: &Connection) -> Result<(), Error> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(20);
    for _ in 0..TRIES {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            row.get::<_, String>(0)
        });
        match mode {
            Err(error) if is_busy(&error) => std::thread::sleep(PAUSE),
            Err(error) => return Err(error),
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => std::thread::sleep(PAUSE),
        }
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    Err(Error::SqliteFailure(
        code,
        Some("the write-ahead log cannot be used".to_owned()),
    ))
}

/// Whether another connection holds what this one needs.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Interrupts what a connection does when its time has come.
#[derive(Clone, Debug)]
pub(super) struct Alarm {
    clock: Clock,
    at_micros: Arc<AtomicU64>,
}

impl Alarm {
    /// Puts an alarm on a connection, not set yet.
    pub(super) fn install(connection: &mut Connection, clock: &Clock) -> Result<Self, Error> {
        let alarm = Alarm {
            clock: clock.clone(),
            at_micros: Arc::new(AtomicU64::new(NEVER)),
        };
        let watch = alarm.clone();
        connection.progress_handler(INSTRUCTIONS, Some(move || watch.rings()))?;
        Ok(alarm)
    }

    pub(super) fn set(&self, deadline: &Deadline) {
        let at = self.clock.elapsed().saturating_add(deadline.left());
        self.store(u64::try_from(at.as_micros()).unwrap_or(NEVER));
    }

    pub(super) fn clear(&self) {
        self.store(NEVER);
    }

    // Set and looked at by the thread that owns the connection; nothing is ordered by it.
    fn store(&self, at_micros: u64) {
        self.at_micros.store(at_micros, Ordering::Relaxed);
    }

    fn rings(&self) -> bool {
        let at_micros = self.at_micros.load(Ordering::Relaxed);
        at_micros != NEVER && self.clock.elapsed().as_micros() >= u128::from(at_micros)
    }
}
