//! SQL constants and the registry of everything a part of the platform brings to a database.
//!
//! A text uses `$1 … $n`. In a statement over a table of an organisation `$1` is always the organisation, and the
//! store fills it in; in a change, the columns of the table's key follow, so that the store can sort the rows that
//! a group of commits will lock. Over rows that are held (`Class::Held`) a text says by itself whom it asks as:
//! `digest = $1` reads for the holder of a digest, `person = $1` reads and changes for a person.

use std::sync::OnceLock;

use crate::migrate::Migration;
use crate::postgres::functions::Merged;
use crate::table::{Class, DIGEST, Table};

/// One statement, with one text for both engines or one for each.
#[derive(Debug)]
pub struct Sql {
    /// A name of the form `noun.act`, for messages and tests.
    pub name: &'static str,
    /// The table that it is about; a statement over several names the one that it changes or reads first.
    pub table: &'static Table,
    sqlite: &'static str,
    postgres: &'static str,
    by_digest: bool,
    numbered: OnceLock<String>,
    merged: OnceLock<Merged>,
}

impl Sql {
    /// A statement with one text for both engines.
    #[must_use]
    pub const fn new(name: &'static str, table: &'static Table, text: &'static str) -> Self {
        Sql::two(name, table, text, text)
    }

    /// A statement that each engine says in its own way.
    #[must_use]
    pub const fn two(
        name: &'static str,
        table: &'static Table,
        sqlite: &'static str,
        postgres: &'static str,
    ) -> Self {
        Sql {
            name,
            table,
            sqlite,
            postgres,
            by_digest: matches!(table.class, Class::Held) && asks_by_digest(postgres),
            numbered: OnceLock::new(),
            merged: OnceLock::new(),
        }
    }

    /// The text for PostgreSQL.
    #[must_use]
    pub const fn postgres(&self) -> &'static str {
        self.postgres
    }

    /// The text for SQLite. It writes `?n` for `$n`, because SQLite numbers `$n` by first appearance.
    #[must_use]
    pub fn sqlite(&self) -> &str {
        self.numbered
            .get_or_init(|| replace_parameters(self.sqlite, |number| format!("?{number}")))
    }

    /// The function that runs this guard for many commits, on PostgreSQL.
    pub(crate) fn merged(&'static self) -> &'static Merged {
        self.merged.get_or_init(|| Merged::of(self.postgres))
    }

    /// Whether `$1` is a scope that the store fills in.
    #[must_use]
    pub fn scoped(&self) -> bool {
        self.scope_column().is_some()
    }

    /// The column that the statement compares with `$1`, if the store fills that in.
    #[must_use]
    pub const fn scope_column(&self) -> Option<&'static str> {
        if self.by_digest {
            return Some(DIGEST);
        }
        self.table.owner()
    }

    /// Whether it reads held rows by their digest, and so runs for its holder only.
    pub(crate) const fn by_digest(&self) -> bool {
        self.by_digest
    }
}

/// Whether a text says `digest = $1`. The registry proves from the parsed statement that this is its condition.
const fn asks_by_digest(text: &str) -> bool {
    const SAID: &[u8] = b"digest = $1";
    let mut rest = text.as_bytes();
    while rest.len() >= SAID.len() {
        if let Some(after) = after_prefix(rest, SAID) {
            let ends = match after.first() {
                Some(next) => !next.is_ascii_digit(),
                None => true,
            };
            if ends {
                return true;
            }
        }
        rest = match rest.split_first() {
            Some((_, tail)) => tail,
            None => rest,
        };
    }
    false
}

/// What follows a prefix.
const fn after_prefix<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (mut text, mut prefix) = (text, prefix);
    while let Some((wanted, others)) = prefix.split_first() {
        match text.split_first() {
            Some((found, tail)) if *found == *wanted => text = tail,
            _ => return None,
        }
        prefix = others;
    }
    Some(text)
}

/// What one part of the platform (the store itself, a crate of slices) brings to a database.
#[derive(Debug)]
pub struct Part {
    /// Its name; its migrations are counted apart under it.
    pub name: &'static str,
    /// Its tables.
    pub tables: &'static [&'static Table],
    /// Its statements.
    pub statements: &'static [&'static Sql],
    /// Its migrations, in order.
    pub migrations: &'static [Migration],
}

/// The text with something else in place of each parameter.
pub(crate) fn replace_parameters(text: &str, mut with: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut rest) = (false, text);
    while let Some(c) = rest.chars().next() {
        quoted ^= c == '\'';
        let (head, tail) = rest.split_at(c.len_utf8());
        let digits = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        if c == '$' && !quoted && digits > 0 {
            let (number, tail) = tail.split_at(digits);
            out.push_str(&with(number));
            rest = tail;
        } else {
            out.push_str(head);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_by_itself_whom_it_asks_as() {
        for (text, by_digest) in [
            ("SELECT person FROM t WHERE digest = $1", true),
            ("SELECT person FROM t WHERE digest = $1 AND used = $2", true),
            ("SELECT id FROM t WHERE person = $1 AND digest = $2", false),
            ("SELECT id FROM t WHERE person = $1 AND digest = $10", false),
            ("digest =", false),
        ] {
            assert_eq!(asks_by_digest(text), by_digest, "{text}");
        }
    }

    #[test]
    fn only_parameters_are_renumbered() {
        assert_eq!(
            replace_parameters("SELECT '$1', $2 WHERE a = $10", |number| format!(
                "?{number}"
            )),
            "SELECT '$1', ?2 WHERE a = ?10"
        );
    }
}
