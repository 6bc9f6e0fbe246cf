//! Values on the wire: parameters in PostgreSQL's binary form, and rows read back from it.

use std::error::Error;

use base::Uid;
use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::value::{Kind, Value};

/// A parameter: one value, or a column of values for a merged statement.
#[derive(Debug)]
pub(crate) enum Param {
    /// One value.
    One(Value),
    /// One column of many rows.
    Column(Kind, Vec<Value>),
}

impl Param {
    /// One parameter of many commits; nothing where no value tells its kind.
    pub(crate) fn column(values: Vec<Value>) -> Option<Self> {
        let kind = values.iter().find_map(Value::kind)?;
        Some(Param::Column(kind, values))
    }
}

impl Param {
    /// The type to announce where a statement has no name and so no memory of its types.
    pub(crate) fn kind(&self) -> Type {
        match self {
            Param::One(Value::Null) => Type::UNKNOWN,
            Param::One(Value::Int(_)) => Type::INT8,
            Param::One(Value::Text(_)) => Type::TEXT,
            Param::One(Value::Bytes(_)) => Type::BYTEA,
            Param::One(Value::Id(_)) => Type::UUID,
            Param::One(Value::Ints(_)) | Param::Column(Kind::Int, _) => Type::INT8_ARRAY,
            Param::One(Value::Ids(_)) | Param::Column(Kind::Id, _) => Type::UUID_ARRAY,
            Param::Column(Kind::Text, _) => Type::TEXT_ARRAY,
            Param::Column(Kind::Bytes, _) => Type::BYTEA_ARRAY,
        }
    }
}

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        Param::One(value)
    }
}

type Wired = Result<IsNull, Box<dyn Error + Sync + Send>>;

impl ToSql for Param {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Wired {
        match self {
            Param::One(value) => value.to_sql(kind, out),
            Param::Column(_, values) => values.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Wired {
        match self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(number) if *kind == Type::INT4 => out.put_i32(i32::try_from(*number)?),
            Value::Int(number) => out.put_i64(*number),
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Bytes(bytes) => out.put_slice(bytes),
            Value::Id(id) => out.put_slice(id.as_bytes()),
            Value::Ints(numbers) => return numbers.to_sql(kind, out),
            Value::Ids(ids) => {
                let ids: Vec<Value> = ids.iter().map(|id| Value::Id(*id)).collect();
                return ids.to_sql(kind, out);
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

struct Read(Value);

impl<'a> FromSql<'a> for Read {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Read(match *kind {
            Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(kind, raw)?)),
            Type::TEXT | Type::VARCHAR | Type::NAME => Value::Text(String::from_sql(kind, raw)?),
            Type::UUID => Value::Id(Uid::from_bytes(raw.try_into()?)),
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            _ => return Err(format!("a column of type {kind}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Read(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A row of the driver as a row of ours.
pub(crate) fn row(row: &tokio_postgres::Row) -> Outcome<Row> {
    let column = |at| row.try_get::<_, Read>(at).map(|read| read.0);
    let values: Result<Vec<Value>, _> = (0..row.len()).map(column).collect();
    values
        .map(Row)
        .map_err(|error| Failure::Broken(error.to_string()))
}
