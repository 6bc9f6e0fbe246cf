//! What an error of SQLite means: whose fault it is, and which constraint PostgreSQL would have named.
//!
//! Only failing commits come here, so the schema is asked each time instead of being kept.

use rusqlite::ffi;
use rusqlite::{Connection, Error, ErrorCode};

use crate::failure::{Failure, Rule};
use crate::sqlite::bind::Bound;
use crate::table::Table;

/// PostgreSQL cuts names at this length.
const NAME_BYTES: usize = 63;

/// What was being done when the error came.
pub(super) struct Doing<'a> {
    /// The name of the statement, or of the table of the row.
    pub(super) name: &'static str,
    pub(super) table: &'static Table,
    /// The row that was to be inserted, in the order of the table's columns.
    pub(super) row: Option<&'a [Bound<'a>]>,
}

/// Whether the error is about the disk, the file or the transaction, and not about one statement.
pub(super) fn is_outage(error: &Error) -> bool {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
        FileLockingProtocolFailed, NotADatabase, OutOfMemory, PermissionDenied, ReadOnly,
        SystemIoFailure,
    };
    matches!(
        error.sqlite_error_code(),
        Some(
            CannotOpen
                | DatabaseBusy
                | DatabaseCorrupt
                | DatabaseLocked
                | DiskFull
                | FileLockingProtocolFailed
                | NotADatabase
                | OutOfMemory
                | PermissionDenied
                | ReadOnly
                | SystemIoFailure
        )
    )
}

/// The failure of the one commit or statement that met the error.
pub(super) fn failure(connection: &Connection, error: &Error, doing: &Doing<'_>) -> Failure {
    let Error::SqliteFailure(code, message) = error else {
        return Failure::Malformed(format!("{}: {error}", doing.name));
    };
    let message = message.as_deref().unwrap_or_default();
    let violated = |rule, (table, constraint)| Failure::Violated {
        rule,
        table,
        constraint,
    };
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => {
            violated(Rule::Unique, unique(connection, message, doing))
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => violated(Rule::NotNull, not_null(message, doing)),
        ffi::SQLITE_CONSTRAINT_CHECK => violated(Rule::Check, check(connection, message, doing)),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => violated(Rule::Foreign, foreign(connection, doing)),
        _ => Failure::Broken(format!("{}: {error}", doing.name)),
    }
}

fn detail(message: &str) -> &str {
    message
        .split_once("constraint failed: ")
        .map_or("", |(_, detail)| detail)
}

/// `UNIQUE constraint failed: t.a, t.b`, or `index 'name'` for an index over an expression.
fn unique(connection: &Connection, message: &str, doing: &Doing<'_>) -> (String, String) {
    let detail = detail(message);
    if let Some(index) = detail.strip_prefix("index '") {
        return (
            doing.table.name.to_owned(),
            index.trim_end_matches('\'').to_owned(),
        );
    }
    let mut table = doing.table.name;
    let mut columns = Vec::new();
    for place in detail.split(", ") {
        if let Some((name, column)) = place.split_once('.') {
            table = name;
            columns.push(column);
        }
    }
    if key_of(connection, table) == columns {
        return (table.to_owned(), name(table, &[], "pkey"));
    }
    let made = || name(table, &columns, "key");
    (
        table.to_owned(),
        index_over(connection, table, &columns).unwrap_or_else(made),
    )
}

/// PostgreSQL has no name for this one and tells the column instead.
fn not_null(message: &str, doing: &Doing<'_>) -> (String, String) {
    let (table, column) = detail(message)
        .split_once('.')
        .unwrap_or((doing.table.name, ""));
    (table.to_owned(), column.to_owned())
}

/// SQLite tells the name of a named check and the text of another, which is named by the columns in it.
fn check(connection: &Connection, message: &str, doing: &Doing<'_>) -> (String, String) {
    let (table, detail) = (doing.table.name, detail(message));
    let columns = columns_of(connection, table);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    if detail.chars().all(word) && !columns.iter().any(|column| column == detail) {
        return (table.to_owned(), detail.to_owned());
    }
    let outside_quotes = detail.split('\'').step_by(2);
    let words: Vec<&str> = outside_quotes
        .flat_map(|text| text.split(|c| !word(c)))
        .collect();
    let named: Vec<&str> = columns
        .iter()
        .map(String::as_str)
        .filter(|column| words.contains(column))
        .collect();
    let one: &[&str] = if named.len() == 1 { &named } else { &[] };
    (table.to_owned(), name(table, one, "check"))
}

/// A foreign key: its table, that of its parents, and the columns of both.
struct Foreign {
    table: String,
    parent: String,
    columns: Vec<String>,
    parent_columns: Vec<String>,
}

/// SQLite does not say which key has no parent, so each one is looked up, in the order of their declaration.
fn foreign(connection: &Connection, doing: &Doing<'_>) -> (String, String) {
    let table = doing.table.name;
    let own = foreign_keys(connection, table);
    let missing = match doing.row {
        Some(row) => own
            .iter()
            .find(|key| !has_parent(connection, key, doing.table, row)),
        None => None,
    };
    let children = referring(connection, table);
    let mut candidates = own.iter().chain(&children);
    // A change says nothing of its rows; it is named where only one key can be meant.
    let only = if candidates.clone().count() == 1 {
        candidates.next()
    } else {
        None
    };
    match missing.or(only) {
        Some(key) => {
            let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
            (key.table.clone(), name(&key.table, &columns, "fkey"))
        }
        None => (table.to_owned(), name(table, &[], "fkey")),
    }
}

fn has_parent(connection: &Connection, key: &Foreign, table: &Table, row: &[Bound<'_>]) -> bool {
    let names: Vec<&str> = table
        .owner()
        .into_iter()
        .chain(table.columns.iter().map(|column| column.name))
        .collect();
    let value = |column: &String| {
        let at = names.iter().position(|name| name == column);
        at.and_then(|at| row.get(at).copied())
            .unwrap_or(Bound::Null)
    };
    let values: Vec<Bound<'_>> = key.columns.iter().map(value).collect();
    if values.iter().any(Bound::is_null) {
        return true;
    }
    let wanted = key
        .parent_columns
        .iter()
        .map(|column| format!("\"{column}\" = ?"))
        .collect::<Vec<_>>();
    let text = format!(
        "SELECT 1 FROM \"{}\" WHERE {}",
        key.parent,
        wanted.join(" AND ")
    );
    let found = connection
        .prepare_cached(&text)
        .and_then(|mut statement| statement.exists(rusqlite::params_from_iter(&values)));
    found.unwrap_or(true)
}

fn foreign_keys(connection: &Connection, table: &str) -> Vec<Foreign> {
    // SQLite lists the key that was declared last first.
    const LIST: &str = "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq";
    let rows = ask(connection, LIST, table, |row| {
        let parts: (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((parts, row.get::<_, Option<String>>(3)?))
    });
    let (mut keys, mut last) = (Vec::<Foreign>::new(), None);
    for ((id, parent, column), parent_column) in rows {
        if last != Some(id) {
            let (columns, parent_columns) = (Vec::new(), Vec::new());
            keys.push(Foreign {
                table: table.to_owned(),
                parent,
                columns,
                parent_columns,
            });
            last = Some(id);
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(column);
            key.parent_columns.extend(parent_column);
        }
    }
    for key in &mut keys {
        if key.parent_columns.is_empty() {
            key.parent_columns = key_of(connection, &key.parent);
        }
    }
    keys
}

/// The foreign keys of other tables whose parent is this one.
fn referring(connection: &Connection, table: &str) -> Vec<Foreign> {
    const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> ?1";
    let others = ask(connection, TABLES, table, |row| row.get::<_, String>(0));
    let keys = others
        .iter()
        .flat_map(|other| foreign_keys(connection, other));
    keys.filter(|key| key.parent == table).collect()
}

fn key_of(connection: &Connection, table: &str) -> Vec<String> {
    const KEY: &str = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
    ask(connection, KEY, table, |row| row.get(0))
}

fn columns_of(connection: &Connection, table: &str) -> Vec<String> {
    ask(
        connection,
        "SELECT name FROM pragma_table_info(?1)",
        table,
        |row| row.get(0),
    )
}

/// The index of a name of its own, made by `CREATE UNIQUE INDEX`, over exactly these columns.
fn index_over(connection: &Connection, table: &str, columns: &[&str]) -> Option<String> {
    const INDEXES: &str =
        "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND origin = 'c'";
    const COLUMNS: &str = "SELECT name FROM pragma_index_info(?1) ORDER BY seqno";
    let indexes = ask(connection, INDEXES, table, |row| row.get::<_, String>(0));
    indexes.into_iter().find(|index| {
        let over = ask(connection, COLUMNS, index, |row| {
            row.get::<_, Option<String>>(0)
        });
        over.iter()
            .map(Option::as_deref)
            .eq(columns.iter().map(|column| Some(*column)))
    })
}

/// A schema that cannot be read gives a poorer name, never another error.
fn ask<T>(
    connection: &Connection,
    text: &'static str,
    about: &str,
    read: impl FnMut(&rusqlite::Row<'_>) -> Result<T, Error>,
) -> Vec<T> {
    let all = connection
        .prepare_cached(text)
        .and_then(|mut statement| statement.query_map([about], read)?.collect());
    all.unwrap_or_default()
}

/// The name that PostgreSQL gives to a constraint without one: the longer half is cut first.
fn name(table: &str, columns: &[&str], ending: &str) -> String {
    let (mut first, mut second) = (table.to_owned(), columns.join("_"));
    let marks = if second.is_empty() { 1 } else { 2 };
    let room = NAME_BYTES
        .saturating_sub(ending.len())
        .saturating_sub(marks);
    while first.len().saturating_add(second.len()) > room {
        if first.len() > second.len() {
            first.pop()
        } else {
            second.pop()
        };
    }
    let middle = if second.is_empty() {
        String::new()
    } else {
        format!("_{second}")
    };
    format!("{first}{middle}_{ending}")
}
