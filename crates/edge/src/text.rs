//! Reads the parameters of path and query, which are texts, into the types that a handler names.

use std::borrow::Cow;
use std::fmt;

use base::{Error, codes};
use http::HeaderValue;
use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// Reads a struct from names and values.
pub(crate) fn read<'a, T: DeserializeOwned>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    part: &'static str,
) -> base::Result<T> {
    let pairs = pairs.map(|(name, value)| (name, Text { name, value }));
    T::deserialize(MapDeserializer::new(pairs)).map_err(|wrong| {
        let (field, code) = crate::json::place(wrong.name.as_deref().unwrap_or(""), &wrong.message);
        Error::invalid(
            code,
            format!("a parameter of the {part} is not as the operation takes it"),
        )
        .field(field, code, wrong.message.clone())
    })
}

/// Splits a query into names and values, each name once.
pub(crate) fn pairs(query: &str) -> base::Result<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let unreadable =
            || Error::invalid(codes::QUERY_MALFORMED, "the query cannot be read as text");
        let name = decode(name, Plus::Space).ok_or_else(unreadable)?;
        let value = decode(value, Plus::Space).ok_or_else(unreadable)?;
        if pairs.iter().any(|(before, _)| *before == name) {
            let message = format!("the query has {name:?} twice");
            return Err(Error::invalid(codes::QUERY_MALFORMED, message));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// What a plus sign stands for: a space in a query, itself in a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    Space,
    Itself,
}

/// Decodes `%41`; nothing when it is no such form or no UTF-8.
pub(crate) fn decode(text: &str, plus: Plus) -> Option<Cow<'_, str>> {
    let changed = |byte: u8| byte == b'%' || (byte == b'+' && plus == Plus::Space);
    if !text.bytes().any(changed) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus == Plus::Space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// A number as a header says it. No more memory is taken than its digits need.
pub fn header_of(mut number: u64) -> HeaderValue {
    /// The largest has twenty.
    const DIGITS_MAX: usize = 20;
    const ZERO: HeaderValue = HeaderValue::from_static("0");
    let mut digits = [b'0'; DIGITS_MAX];
    let mut from = DIGITS_MAX;
    while number > 0 || from == DIGITS_MAX {
        from -= 1;
        // A digit is always below ten.
        digits[from] += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    HeaderValue::from_bytes(&digits[from..]).unwrap_or(ZERO)
}

/// One value, which knows its name so that what is wrong with it can be said.
struct Text<'a> {
    name: &'a str,
    value: &'a str,
}

/// What is wrong, and with which parameter.
#[derive(Debug)]
pub(crate) struct Wrong {
    name: Option<String>,
    message: String,
}

impl serde::de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            name: None,
            message: message.to_string(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Wrong {}

impl<'a> Text<'a> {
    fn named(&self) -> impl FnOnce(Wrong) -> Wrong + use<> {
        let name = self.name.to_owned();
        move |mut wrong| {
            wrong.name.get_or_insert(name);
            wrong
        }
    }

    fn parse<N: std::str::FromStr>(&self, expected: &str) -> Result<N, Wrong> {
        // `parse` takes "+5" as well, which after decoding is easily an accident.
        let parsed = match self.value.starts_with('+') {
            true => None,
            false => self.value.parse().ok(),
        };
        parsed.ok_or_else(|| Wrong {
            name: Some(self.name.to_owned()),
            message: format!("expected {expected}"),
        })
    }
}

macro_rules! parsed {
    ($($method:ident, $visit:ident, $expected:literal;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let number = self.parse($expected)?;
            visitor.$visit(number).map_err(self.named())
        }
    )+};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_borrowed_str(self.value).map_err(self.named())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let named = self.named();
        visitor.visit_enum(Chosen(self.value)).map_err(named)
    }

    parsed! {
        deserialize_bool, visit_bool, "true or false";
        deserialize_i8, visit_i8, "a whole number";
        deserialize_i16, visit_i16, "a whole number";
        deserialize_i32, visit_i32, "a whole number";
        deserialize_i64, visit_i64, "a whole number";
        deserialize_u8, visit_u8, "a whole number";
        deserialize_u16, visit_u16, "a whole number";
        deserialize_u32, visit_u32, "a whole number";
        deserialize_u64, visit_u64, "a whole number";
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// The value as the name of a variant without content.
struct Chosen<'a>(&'a str);

impl<'a> EnumAccess<'a> for Chosen<'a> {
    type Error = Wrong;
    type Variant = <StrDeserializer<'a, Wrong> as EnumAccess<'a>>::Variant;

    fn variant_seed<S: DeserializeSeed<'a>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), Wrong> {
        let name: StrDeserializer<'a, Wrong> = self.0.into_deserializer();
        name.variant_seed(seed)
    }
}

impl<'a> IntoDeserializer<'a, Wrong> for Text<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_general_way_writes_them() {
        for wanted in [
            0,
            1,
            9,
            10,
            60,
            99,
            100,
            600,
            1_000_000,
            4_294_967_295,
            u64::MAX,
        ] {
            assert_eq!(header_of(wanted), wanted.to_string());
        }
    }
}
