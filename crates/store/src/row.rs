//! A row that a statement answered, and how its columns become the types of the caller.

use base::{Organisation, Time, Uid};

use crate::failure::{Failure, Outcome};
use crate::value::Value;

/// One row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    /// Column `at`, from 0, as the type that the caller names.
    ///
    /// # Errors
    /// The column is absent, or holds something else.
    pub fn get<T: FromValue>(&self, at: usize) -> Outcome<T> {
        let value = self.0.get(at).ok_or_else(|| wrong(at, "absent"))?;
        T::from_value(value).ok_or_else(|| wrong(at, "of another type"))
    }

    /// All its values.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.0
    }
}

fn wrong(at: usize, how: &str) -> Failure {
    Failure::Broken(format!("column {at} of the answer is {how}"))
}

/// What a column can become.
pub trait FromValue: Sized {
    /// The value as this type, if it is one.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(number) = value {
            Some(*number)
        } else {
            None
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value {
            Some(text.clone())
        } else {
            None
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value {
            Some(bytes.clone())
        } else {
            None
        }
    }
}

impl FromValue for Uid {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Id(id) => Some(*id),
            // SQLite keeps ids as blobs and cannot tell them from other bytes.
            Value::Bytes(bytes) => bytes.as_slice().try_into().ok().map(Uid::from_bytes),
            _ => None,
        }
    }
}

impl FromValue for Time {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Time::from_micros)
    }
}

impl FromValue for Organisation {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)
            .and_then(|number| u32::try_from(number).ok())
            .map(Organisation::new)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null {
            Some(None)
        } else {
            T::from_value(value).map(Some)
        }
    }
}
