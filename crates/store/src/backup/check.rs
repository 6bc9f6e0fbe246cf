//! What a copy holds, and whether it can be read to its end.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Error, OpenFlags, OptionalExtension};

use crate::backup::of_file;
use crate::failure::{Failure, Outcome};

/// Findings that are worth telling; a broken file has thousands.
const FINDINGS_MAX: u32 = 5;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The position of the last event of its log, where it has a log.
    pub head: Option<i64>,
    /// The number of the last migration of each part.
    pub schemas: BTreeMap<String, i64>,
}

/// Reads a whole file that nobody writes for damage.
///
/// # Errors
/// [`Failure::Damaged`] with the first findings, or the file cannot be read.
pub fn check(path: &Path) -> Outcome<()> {
    let connection = open(path)?;
    let said: Result<Vec<String>, Error> = connection
        .prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect());
    let said = of_file(path, said)?;
    if said == ["ok"] {
        return Ok(());
    }
    let text = format!("{}: {}", path.display(), said.join("; "));
    Err(Failure::Damaged(text))
}

/// Tells how far the log of a file that nobody writes has come, and which migrations it has seen.
///
/// # Errors
/// The file cannot be read.
pub fn contents(path: &Path) -> Outcome<Contents> {
    let connection = open(path)?;
    of_file(path, read(&connection))
}

/// What the file of this connection holds.
pub(super) fn read(connection: &Connection) -> Result<Contents, Error> {
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut schemas = BTreeMap::new();
    for table in &tables {
        if let Some(part) = table.strip_prefix("migrations_") {
            let last = format!("SELECT coalesce(max(version), 0) FROM \"{table}\"");
            schemas.insert(part.to_owned(), number(connection, &last)?.unwrap_or(0));
        }
    }
    let has_log = tables.iter().any(|table| table == "head");
    let head = has_log.then(|| number(connection, "SELECT position FROM head WHERE id = 1"));
    Ok(Contents {
        head: head.transpose()?.flatten(),
        schemas,
    })
}

fn number(connection: &Connection, sql: &str) -> Result<Option<i64>, Error> {
    connection.query_row(sql, [], |row| row.get(0)).optional()
}

fn open(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    of_file(path, Connection::open_with_flags(path, flags))
}
