//! One statement with its parameters, and the scope it runs in: what both engines are asked to do.

use std::time::Duration;

use base::{Clock, Organisation, Uid};

use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::sql::Sql;
use crate::table::Class;
use crate::value::{Value, is_storable};

/// Whose rows a statement may see and touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Rows of one organisation.
    Organisation(Organisation),
    /// Rows of one person, in the people database.
    Person(Uid),
    /// Rows that bear this digest of a secret, whoever they are about: whoever can name it holds the secret.
    Holder([u8; 32]),
    /// Published and control tables only.
    Nobody,
}

/// A statement and its parameters, without the scope that the store fills in itself.
#[derive(Clone, Debug)]
pub struct Call {
    /// The statement.
    pub sql: &'static Sql,
    /// `$2` and following in a statement over rows of a tenant or person; all of them otherwise.
    pub params: Vec<Value>,
}

impl Call {
    /// A statement with its parameters.
    #[must_use]
    pub fn new(sql: &'static Sql, params: impl Into<Vec<Value>>) -> Self {
        Call {
            sql,
            params: params.into(),
        }
    }
}

/// Finds what one engine would refuse and the other not, before anything is sent.
pub(crate) fn check(calls: &[Call]) -> Outcome<()> {
    let storable = |value: &Value| match value {
        Value::Text(text) => is_storable(text),
        _ => true,
    };
    match calls.iter().find(|call| !call.params.iter().all(storable)) {
        Some(call) => Err(Failure::Malformed(format!("a text for {}", call.sql.name))),
        None => Ok(()),
    }
}

impl Scope {
    /// `$1` of a statement, if its table has an owner column.
    pub(crate) fn value(self, sql: &'static Sql) -> Outcome<Option<Value>> {
        match (sql.table.class, self) {
            (Class::Organisation, Scope::Organisation(number)) => Ok(Some(number.into())),
            (Class::Person, Scope::Person(id)) => Ok(Some(id.into())),
            (Class::Held, Scope::Person(id)) if !sql.by_digest() => Ok(Some(id.into())),
            (Class::Held, Scope::Holder(digest)) if sql.by_digest() => {
                Ok(Some(digest.to_vec().into()))
            }
            (Class::Organisation | Class::Person | Class::Held, _) => Err(Failure::Malformed(
                format!("{} runs outside of its scope", sql.name),
            )),
            (Class::Queue | Class::Appended | Class::Published | Class::Control, _) => Ok(None),
        }
    }
}

/// What a statement answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The rows of a `SELECT` or `RETURNING`.
    pub rows: Vec<Row>,
    /// How many rows it inserted, changed or deleted; for a `SELECT`, how many it answered.
    pub touched: u64,
}

/// When the caller stops waiting, on the clock of the database.
#[derive(Clone, Debug)]
pub struct Deadline {
    clock: Clock,
    at: Duration,
}

impl Deadline {
    /// A deadline so far from now.
    #[must_use]
    pub fn within(clock: &Clock, time: Duration) -> Self {
        Deadline {
            clock: clock.clone(),
            at: clock.elapsed().saturating_add(time),
        }
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.at.saturating_sub(self.clock.elapsed())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.left().is_zero()
    }
}
