//! Values on their way into and out of SQLite: borrowed going in, owned coming out.

use std::rc::Rc;

use base::Uid;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Error, ToSql};

use crate::commit::{Answers, Cell};
use crate::failure::Outcome;
use crate::row::Row;
use crate::value::Value;

/// A parameter that is not copied before SQLite copies it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound<'a> {
    Value(&'a Value),
    Int(i64),
    Text(&'a str),
    Id(&'a Uid),
    Null,
}

impl<'a> Bound<'a> {
    /// A cell of a row, now that the guards have answered.
    pub(super) fn cell(cell: &'a Cell, answers: &Answers) -> Outcome<Self> {
        match cell {
            Cell::Value(value) => Ok(Bound::Value(value)),
            Cell::Taken(taken) => taken.resolve(answers).map(Bound::Int),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Bound::Null | Bound::Value(Value::Null))
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match *self {
            Bound::Int(number) => ValueRef::Integer(number),
            Bound::Text(text) => ValueRef::Text(text.as_bytes()),
            Bound::Id(id) => ValueRef::Blob(id.as_bytes()),
            Bound::Null => ValueRef::Null,
            Bound::Value(value) => return of_value(value),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

fn of_value(value: &Value) -> rusqlite::Result<ToSqlOutput<'_>> {
    let value = match value {
        Value::Null => ValueRef::Null,
        Value::Int(number) => ValueRef::Integer(*number),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
        Value::Bytes(bytes) => ValueRef::Blob(bytes),
        Value::Id(id) => ValueRef::Blob(id.as_bytes()),
        Value::Ints(numbers) => return list(numbers.iter().map(|number| Stored::Integer(*number))),
        Value::Ids(ids) => return list(ids.iter().map(|id| Stored::Blob(id.as_bytes().to_vec()))),
    };
    Ok(ToSqlOutput::Borrowed(value))
}

/// A list for `rarray(?n)`, which is what `= ANY($n)` is here.
fn list<'a>(values: impl Iterator<Item = Stored>) -> rusqlite::Result<ToSqlOutput<'a>> {
    Ok(ToSqlOutput::from_rc(
        Rc::new(values.collect::<Vec<_>>()),
        c"rarray",
    ))
}

/// Takes a row out of SQLite. Ids come back as bytes, because SQLite cannot tell them apart.
pub(super) fn row(from: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<Row> {
    let mut values = Vec::with_capacity(columns);
    for at in 0..columns {
        values.push(match from.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(error) => return Err(Error::Utf8Error(at, error)),
            },
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            real @ ValueRef::Real(_) => {
                let name = "a number with a fraction".to_owned();
                return Err(Error::InvalidColumnType(at, name, real.data_type()));
            }
        });
    }
    Ok(Row(values))
}
