//! What a restaurant says of itself: cuisines, a few words, a picture, where it is, how to call it.

use std::fmt;
use std::str::FromStr;

use base::text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Position, Refusal};
use carte::{Key, PictureId, Words};

/// The most cuisines of a restaurant.
pub const CUISINES_MAX: usize = 5;
/// The digits of a telephone number, at least and at most.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// What a restaurant says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Profile {
    /// What is cooked: `italian`, `sushi`; the first one first.
    #[serde(default)]
    pub cuisines: Vec<Key>,
    /// A few words about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Words>,
    /// What it looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureId>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// How to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}

impl Profile {
    /// The same, if it has not too many cuisines, and none twice.
    ///
    /// # Errors
    /// It has.
    pub fn checked(self) -> Result<Self, Refusal> {
        if self.cuisines.len() > CUISINES_MAX {
            return Err(Refusal::TooMany("cuisines", CUISINES_MAX));
        }
        let mut before = self.cuisines.iter().zip(1..);
        match before.any(|(cuisine, rest)| self.cuisines.iter().skip(rest).any(|c| c == cuisine)) {
            true => Err(Refusal::Twice),
            false => Ok(self),
        }
    }
}

/// The telephone number of a restaurant, which is on its door and not personal: `+` and digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Phone(String);

/// A text that is no telephone number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a telephone number is + and 7 to 15 digits, of which the first is not 0")]
pub struct PhoneError;

impl Phone {
    /// The number as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let digits = text.strip_prefix('+').ok_or(PhoneError)?;
        let is_number = PHONE_DIGITS.contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        is_number.then(|| Phone(text.to_owned())).ok_or(PhoneError)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}
