//! The few kinds of value that both engines store alike: 64-bit numbers, text, bytes and 128-bit ids.
//!
//! Booleans are 0 and 1, times are microseconds, JSON is text written and read whole. There are no floats.

use base::{Organisation, Time, Uid};
use serde::{Deserialize, Serialize};

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit number: `BIGINT`.
    Int,
    /// Text: `TEXT`.
    Text,
    /// Bytes: `BYTEA` or `BLOB`.
    Bytes,
    /// A 128-bit id: `UUID` or `BLOB`.
    Id,
}

/// One value on its way into or out of a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// No value.
    Null,
    /// A 64-bit number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A 128-bit id.
    #[serde(with = "id_as_bytes")]
    Id(Uid),
    /// A list of numbers, for `= ANY($n)`; never stored.
    Ints(Vec<i64>),
    /// A list of ids, for `= ANY($n)`; never stored.
    #[serde(with = "ids_as_bytes")]
    Ids(Vec<Uid>),
}

impl Value {
    /// The kind of a column that it fits; nothing for no value and for lists.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self {
            Value::Null | Value::Ints(_) | Value::Ids(_) => None,
            Value::Int(_) => Some(Kind::Int),
            Value::Text(_) => Some(Kind::Text),
            Value::Bytes(_) => Some(Kind::Bytes),
            Value::Id(_) => Some(Kind::Id),
        }
    }

    /// Whether a column of this kind can hold the value.
    #[must_use]
    pub fn fits(&self, kind: Kind) -> bool {
        match self {
            Value::Null => true,
            Value::Int(_) => kind == Kind::Int,
            Value::Text(text) => kind == Kind::Text && is_storable(text),
            Value::Bytes(_) => kind == Kind::Bytes,
            Value::Id(_) => kind == Kind::Id,
            Value::Ints(_) | Value::Ids(_) => false,
        }
    }
}

/// PostgreSQL has no place for a zero in a text, so SQLite gets none either.
pub(crate) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}

impl From<Uid> for Value {
    fn from(value: Uid) -> Self {
        Value::Id(value)
    }
}

impl From<Time> for Value {
    fn from(value: Time) -> Self {
        Value::Int(value.as_micros())
    }
}

impl From<Organisation> for Value {
    fn from(value: Organisation) -> Self {
        Value::Int(i64::from(value))
    }
}

impl From<Vec<i64>> for Value {
    fn from(value: Vec<i64>) -> Self {
        Value::Ints(value)
    }
}

impl From<Vec<Uid>> for Value {
    fn from(value: Vec<Uid>) -> Self {
        Value::Ids(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

mod id_as_bytes {
    use base::Uid;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(id: &Uid, out: S) -> Result<S::Ok, S::Error> {
        id.as_bytes().serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Uid, D::Error> {
        <[u8; 16]>::deserialize(input).map(Uid::from_bytes)
    }
}

mod ids_as_bytes {
    use base::Uid;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(ids: &[Uid], out: S) -> Result<S::Ok, S::Error> {
        ids.iter()
            .map(|id| *id.as_bytes())
            .collect::<Vec<[u8; 16]>>()
            .serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Uid>, D::Error> {
        let all = Vec::<[u8; 16]>::deserialize(input)?;
        Ok(all.into_iter().map(Uid::from_bytes).collect())
    }
}
