//! The number of an organisation (a tenant), which stands in every id and every row.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, codes};

/// The number of an organisation; rows of people, who belong to no organisation, carry 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Organisation(u32);

impl Organisation {
    /// The number that stands for people, who belong to their home region instead of a tenant.
    pub const PEOPLE: Self = Self(0);

    /// Names the organisation with this number; whether it exists only the directory knows.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Gives the bare number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<Organisation> for i64 {
    fn from(organisation: Organisation) -> Self {
        Self::from(organisation.0)
    }
}

impl TryFrom<i64> for Organisation {
    type Error = Error;

    /// Reads a number back from a database, where every number is 64 bits wide.
    fn try_from(number: i64) -> Result<Self, Error> {
        u32::try_from(number).map(Self).map_err(|_| malformed())
    }
}

impl fmt::Display for Organisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Organisation {
    type Err = Error;

    /// Accepts the one spelling that `Display` prints: no sign, no leading zero.
    fn from_str(text: &str) -> Result<Self, Error> {
        let number: u32 = text.parse().map_err(|_| malformed())?;
        if number.to_string() != text {
            return Err(malformed());
        }
        Ok(Self(number))
    }
}

#[track_caller]
fn malformed() -> Error {
    Error::invalid(
        codes::ORGANISATION_MALFORMED,
        "an organisation is a whole number from 0 to 4294967295",
    )
}
