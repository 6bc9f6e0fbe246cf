//! Folded tables: replaying the log gives their rows, and `verify` proves it.
//!
//! A slice says how one event changes the rows; the store reads the log of one organisation at a time, folds it, and
//! compares the outcome with what the table holds. What differs is damage, or a use case that forgot its event.

use std::collections::BTreeMap;

use crate::failure::Outcome;
use crate::log::Logged;
use crate::sql::Sql;
use crate::table::Table;
use crate::value::Value;

/// The rows of a folded table: what follows the key, by key.
pub type Folded = BTreeMap<Vec<Value>, Vec<Value>>;

/// How the log gives the rows of a table.
#[derive(Debug)]
pub struct Fold {
    /// The table. Of a table of class `Organisation` the rows of each organisation are folded from its own events; of
    /// a `Control` or `Published` table all rows, from the events of all organisations in that database.
    pub table: &'static Table,
    /// The kinds of event that change it.
    pub kinds: &'static [&'static str],
    /// What an event of such a kind does to the rows. An id may be given as `Value::Id` or as its 16 bytes. It fails
    /// with [`crate::Failure::Damaged`] where the payload cannot be read.
    pub apply: fn(&mut Folded, &Logged) -> Outcome<()>,
    /// Reads all rows that are to be compared, the columns of the key first. `$1` is the organisation where the table
    /// has one, and there are no other parameters.
    pub read: &'static Sql,
    /// How many of the first columns that `read` answers are the key.
    pub key: usize,
}
