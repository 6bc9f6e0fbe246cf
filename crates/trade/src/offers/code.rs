//! The code of a coupon, as a diner types it.

use std::fmt;
use std::str::FromStr;

use base::text;
use serde::{Deserialize, Deserializer, Serialize};

/// The fewest characters of a code.
pub const CODE_CHARS_MIN: usize = 3;
/// The most characters of a code.
pub const CODE_CHARS_MAX: usize = 32;

/// A code: letters from A to Z, digits and hyphens. Small letters are taken for large ones.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Code(String);

/// Why a text is no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a code has {CODE_CHARS_MIN} to {CODE_CHARS_MAX} letters from A to Z, digits and hyphens")]
pub struct CodeError;

impl Code {
    /// The code of a text.
    ///
    /// # Errors
    /// It is too short, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if !(CODE_CHARS_MIN..=CODE_CHARS_MAX).contains(&text.len()) {
            return Err(CodeError);
        }
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        match text.bytes().all(is_good) {
            true => Ok(Code(text.to_ascii_uppercase())),
            false => Err(CodeError),
        }
    }

    /// How it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Code::parse(text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}
