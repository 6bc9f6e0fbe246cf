//! Prepared statements of one connection, found by the address of their text.
//!
//! rusqlite's own cache hashes the whole text and moves the statement out and in on every use; at ten
//! statements an order that is a cost one can see. All our texts are static, so an address names one.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, Error};

use crate::row::Row;
use crate::sqlite::bind::{self, Bound};

/// The statements that a connection has met.
pub(super) struct Statements<'c> {
    connection: &'c Connection,
    known: HashMap<(usize, usize), Prepared<'c>>,
}

struct Prepared<'c> {
    statement: CachedStatement<'c>,
    parameters: usize,
    columns: usize,
    reads: bool,
}

/// What a statement did.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// The rows of a `SELECT` or `RETURNING`.
    pub(super) rows: Vec<Row>,
    /// How many rows it answered, or else changed.
    pub(super) touched: u64,
}

impl<'c> Statements<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Statements {
            connection,
            known: HashMap::new(),
        }
    }

    pub(super) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// Runs a statement to its end.
    pub(super) fn run<'v>(
        &mut self,
        text: &'static str,
        values: impl IntoIterator<Item = Bound<'v>>,
    ) -> Result<Ran, Error> {
        self.prepared(text)?.run(values)
    }

    /// The same for a statement that must not change anything.
    pub(super) fn read<'v>(
        &mut self,
        text: &'static str,
        values: impl IntoIterator<Item = Bound<'v>>,
    ) -> Result<Ran, Error> {
        let prepared = self.prepared(text)?;
        if prepared.reads {
            prepared.run(values)
        } else {
            Err(Error::ExecuteReturnedResults)
        }
    }

    fn prepared(&mut self, text: &'static str) -> Result<&mut Prepared<'c>, Error> {
        use std::collections::hash_map::Entry;
        match self.known.entry((text.as_ptr().addr(), text.len())) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let statement = self.connection.prepare_cached(text)?;
                let (parameters, columns) = (statement.parameter_count(), statement.column_count());
                let reads = statement.readonly() && columns > 0;
                Ok(new.insert(Prepared {
                    statement,
                    parameters,
                    columns,
                    reads,
                }))
            }
        }
    }
}

impl Prepared<'_> {
    fn run<'v>(&mut self, values: impl IntoIterator<Item = Bound<'v>>) -> Result<Ran, Error> {
        let mut given: usize = 0;
        for value in values {
            given = given.saturating_add(1);
            if given <= self.parameters {
                self.statement.raw_bind_parameter(given, value)?;
            }
        }
        // A parameter left out would silently keep the value of the last run.
        if given != self.parameters {
            return Err(Error::InvalidParameterCount(given, self.parameters));
        }
        self.step()
    }

    fn step(&mut self) -> Result<Ran, Error> {
        if self.columns == 0 {
            let touched = self.statement.raw_execute()?;
            return Ok(Ran {
                rows: Vec::new(),
                touched: u64::try_from(touched).unwrap_or(u64::MAX),
            });
        }
        let (mut rows, mut cursor) = (Vec::new(), self.statement.raw_query());
        while let Some(row) = cursor.next()? {
            rows.push(bind::row(row, self.columns)?);
        }
        let touched = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        Ok(Ran { rows, touched })
    }
}
