//! What SQLite itself finds in a file: broken pages, rows that an index lost, rules that a row breaks.

use std::collections::HashMap;

use rusqlite::{Connection, Error};

use crate::failure::Outcome;
use crate::sqlite::connection::{Place, Role};
use crate::verify::{Inspected, Spot};

/// Lines asked for; a broken file has thousands.
const LINES_MAX: u32 = 200;

impl Place {
    /// Reads the whole file.
    pub(super) fn inspect(&self) -> Outcome<Inspected> {
        let connection = self.connect(Role::Reader)?;
        inspect(&connection).map_err(|error| self.failure(&error))
    }
}

pub(super) fn inspect(connection: &Connection) -> Result<Inspected, Error> {
    let page_bytes = connection.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))?;
    let page_bytes = u64::try_from(page_bytes).unwrap_or_default();
    // Where the schema itself cannot be read, the check says so.
    let roots = roots(connection).unwrap_or_default();
    let mut inspected = Inspected::default();
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({LINES_MAX})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            inspected.spots.push(spot(line, page_bytes, &roots));
        }
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let orphans = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?))
    })?;
    for orphan in orphans.take(usize::try_from(LINES_MAX).unwrap_or_default()) {
        let (table, row) = orphan?;
        let row = row.map_or_else(String::new, |row| format!(" {row}"));
        let what = format!("row{row} refers to one that is not there");
        inspected.spots.push(Spot {
            table,
            offset: None,
            what,
        });
    }
    Ok(inspected)
}

/// The tables and indexes by the page at their root.
fn roots(connection: &Connection) -> Result<HashMap<u64, String>, Error> {
    let mut statement = connection.prepare("SELECT rootpage, name FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| {
        let root = row.get::<_, Option<i64>>(0)?.unwrap_or_default();
        Ok((u64::try_from(root).unwrap_or_default(), row.get(1)?))
    })?;
    rows.collect()
}

/// A line of the check, with the page and the table that it names.
fn spot(line: String, page_bytes: u64, roots: &HashMap<u64, String>) -> Spot {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || c == ':' || c == '(' || c == ')')
        .collect();
    let after = |names: &[&str]| {
        let at = words
            .iter()
            .position(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)))?;
        words.get(at.saturating_add(1)).copied()
    };
    let number = |names: &[&str]| after(names).and_then(|word| word.parse::<u64>().ok());
    let offset = number(&["page"]).map(|page| page.saturating_sub(1).saturating_mul(page_bytes));
    let tree = number(&["tree"]).and_then(|root| roots.get(&root).cloned());
    let table = tree.or_else(|| after(&["index", "in"]).map(str::to_owned));
    Spot {
        table: table.unwrap_or_default(),
        offset,
        what: line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_page_and_its_table() {
        let roots = HashMap::from([(7, "log".to_owned())]);
        let tree = spot(
            "Tree 7 page 12 cell 3: Rowid 9 out of order".to_owned(),
            4096,
            &roots,
        );
        assert_eq!((tree.table.as_str(), tree.offset), ("log", Some(11 * 4096)));
        let index = spot(
            "row 5 missing from index log_position".to_owned(),
            4096,
            &roots,
        );
        assert_eq!((index.table.as_str(), index.offset), ("log_position", None));
    }
}
