//! Ids of 128 bits: 48 of milliseconds since 1970, 32 of the organisation's number, 48 random.
//!
//! Any id says when it was made and which organisation owns it. Both are hints to route by, confirmed
//! by the row; an id is never a secret. In text an id is a type prefix, `_` and 26 base-32 digits; the
//! order of texts of one type, of bytes and of (milliseconds, organisation) is the same.

use std::fmt;

use crate::{Clock, Error, Organisation, Random, Time, codes, crockford};

const MICROS_PER_MILLI: i64 = 1_000;
/// The last millisecond that 48 bits can hold, in the year 10889.
const MILLIS_MAX: i64 = (1 << 48) - 1;
/// How much of a wrong prefix an error repeats, so that a hostile text cannot fill the logs.
const GOT_CHARS_MAX: usize = 16;
/// How many letters a prefix has at most.
const PREFIX_MAX: usize = 8;
const SPELT_MAX: usize = PREFIX_MAX + 1 + crockford::DIGITS;

/// An id without a type, as it stands in a database; code outside the store holds typed ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid([u8; 16]);

impl Uid {
    /// Makes a new id; a clock that shows a time outside 1970 to 10889 counts as the nearest end.
    pub fn make(clock: &Clock, random: &Random, organisation: Organisation) -> Self {
        let millis = clock.now().as_micros().div_euclid(MICROS_PER_MILLI);
        let millis = millis.clamp(0, MILLIS_MAX).unsigned_abs();
        let mut chance = [0; 8];
        random.fill(&mut chance[2..]);
        let value = u128::from(millis) << 80
            | u128::from(organisation.get()) << 48
            | u128::from(u64::from_be_bytes(chance));
        Self(value.to_be_bytes())
    }

    /// Takes the bytes as a database gives them back; every 16 bytes are an id.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Gives the bytes as a database stores them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Says which organisation the id claims to belong to.
    pub const fn organisation(&self) -> Organisation {
        Organisation::new(self.shifted(48) as u32)
    }

    /// Says when the id was made, to the millisecond.
    pub const fn time(&self) -> Time {
        Time::from_micros(self.shifted(80) as i64 * MICROS_PER_MILLI)
    }

    const fn shifted(&self, bits: u32) -> u128 {
        u128::from_be_bytes(self.0) >> bits
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = crockford::encode(u128::from_be_bytes(self.0));
        let digits = std::str::from_utf8(&digits).unwrap_or_default();
        write!(f, "Uid({digits})")
    }
}

/// Says exactly why a text is not an id of the wanted type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParseError {
    /// The text does not begin with the type's prefix and an underscore.
    Prefix {
        /// The prefix of the wanted type.
        expected: &'static str,
        /// What stands before the underscore, or the whole text without one, cut to 16 characters.
        got: String,
    },
    /// After the prefix there are not exactly 26 characters.
    Length {
        /// How many characters there are instead.
        got: usize,
    },
    /// A character is not a base-32 digit in lower case.
    Character {
        /// The character that stands there.
        got: char,
        /// Its place in the whole text, in characters, where the first one is 0.
        at: usize,
    },
    /// The first digit is above `7`, so that the number has more than 128 bits.
    TooLarge,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix { expected, got } => {
                write!(
                    f,
                    "the id must begin with \"{expected}_\", not with {got:?}"
                )
            }
            Self::Length { got } => {
                let wanted = crockford::DIGITS;
                write!(
                    f,
                    "the id must have {wanted} digits after its prefix, not {got}"
                )
            }
            Self::Character { got, at } => {
                write!(
                    f,
                    "the id has {got:?} at place {at}, which is no digit of an id"
                )
            }
            Self::TooLarge => write!(f, "the id must not begin with a digit above 7"),
        }
    }
}

impl std::error::Error for ParseError {}

impl From<ParseError> for Error {
    #[track_caller]
    fn from(error: ParseError) -> Self {
        Self::invalid(codes::ID_MALFORMED, error.to_string()).caused_by(error)
    }
}

/// An id as text, which takes no memory of its own.
#[derive(Clone, Copy)]
pub struct Spelt {
    bytes: [u8; SPELT_MAX],
    length: usize,
}

impl Spelt {
    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl std::ops::Deref for Spelt {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Spelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Spells an id of the type that this prefix names; for [`crate::typed_id!`].
#[doc(hidden)]
pub fn spell(prefix: &str, uid: Uid) -> Spelt {
    debug_assert!(is_prefix(prefix), "{prefix:?} is no prefix of ids");
    let digits = crockford::encode(u128::from_be_bytes(uid.0));
    let letters = prefix.len().min(PREFIX_MAX);
    let mut bytes = [b'_'; SPELT_MAX];
    bytes[..letters].copy_from_slice(&prefix.as_bytes()[..letters]);
    let length = letters + 1 + digits.len();
    bytes[letters + 1..length].copy_from_slice(&digits);
    Spelt { bytes, length }
}

/// Reads an id of the type that this prefix names; for [`crate::typed_id!`].
#[doc(hidden)]
pub fn read(expected: &'static str, text: &str) -> Result<Uid, ParseError> {
    let digits = text
        .strip_prefix(expected)
        .and_then(|rest| rest.strip_prefix('_'));
    let Some(digits) = digits else {
        let before = text.split_once('_').map_or(text, |(before, _)| before);
        let got = before.chars().take(GOT_CHARS_MAX).collect();
        return Err(ParseError::Prefix { expected, got });
    };
    if let Some(value) = crockford::decode(digits) {
        return Ok(Uid(value.to_be_bytes()));
    }
    // Something is wrong with it: what, is found out now.
    let length = digits.chars().count();
    if length != crockford::DIGITS {
        return Err(ParseError::Length { got: length });
    }
    let first_place = expected.len() + 1;
    let mut characters = digits.chars().zip(first_place..);
    let odd = characters.find(|(character, _)| !crockford::is_digit(*character));
    Err(match odd {
        Some((got, at)) => ParseError::Character { got, at },
        None => ParseError::TooLarge,
    })
}

/// Says whether a prefix is two to eight small letters; for [`crate::typed_id!`].
#[doc(hidden)]
pub const fn is_prefix(prefix: &str) -> bool {
    let bytes = prefix.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        if !bytes[place].is_ascii_lowercase() {
            return false;
        }
        place += 1;
    }
    2 <= place && place <= PREFIX_MAX
}

/// Makes types of ids, each with a prefix of its own, so that no id is taken for one of another type.
///
/// ```
/// base::typed_id!(
///     /// Names an order.
///     pub OrderId = "ord";
///     /// Names a courier.
///     pub CourierId = "cou";
/// );
///
/// let order: OrderId = "ord_01jd6yv2m00000000000000000".parse()?;
/// assert_eq!(order.to_string(), "ord_01jd6yv2m00000000000000000");
/// assert!(order.to_string().parse::<CourierId>().is_err());
/// # Ok::<(), base::uid::ParseError>(())
/// ```
#[macro_export]
macro_rules! typed_id {
    ($($(#[$meta:meta])* $visible:vis $name:ident = $prefix:literal);+ $(;)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visible struct $name($crate::Uid);

        const _: () = assert!(
            $crate::uid::is_prefix($prefix),
            "the prefix of an id is two to eight small letters"
        );

        #[allow(dead_code, reason = "not every id type needs every function")]
        impl $name {
            /// What stands before the underscore in the text of such an id.
            $visible const PREFIX: &'static str = $prefix;

            /// Makes a new id that belongs to this organisation.
            $visible fn make(
                clock: &$crate::Clock,
                random: &$crate::Random,
                organisation: $crate::Organisation,
            ) -> Self {
                Self($crate::Uid::make(clock, random, organisation))
            }

            /// Gives the id without its type, as a database stores it.
            $visible const fn uid(&self) -> $crate::Uid {
                self.0
            }

            /// Gives the text of the id, without taking memory for it.
            $visible fn spelt(&self) -> $crate::uid::Spelt {
                $crate::uid::spell($prefix, self.0)
            }

            /// Says which organisation the id claims to belong to.
            $visible const fn organisation(&self) -> $crate::Organisation {
                self.0.organisation()
            }

            /// Says when the id was made, to the millisecond.
            $visible const fn time(&self) -> $crate::Time {
                self.0.time()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.spelt().as_str())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.spelt().as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::uid::ParseError;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                $crate::uid::read($prefix, text).map(Self)
            }
        }

        impl ::std::convert::From<$name> for $crate::Uid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::std::convert::From<$crate::Uid> for $name {
            fn from(uid: $crate::Uid) -> Self {
                Self(uid)
            }
        }

        impl $crate::__serde::Serialize for $name {
            fn serialize<S: $crate::__serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.spelt().as_str())
            }
        }

        impl<'de> $crate::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::text::deserialize(deserializer)
            }
        }
    )+};
}
