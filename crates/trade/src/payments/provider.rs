//! What a provider of payments is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most characters of a provider's own name for something.
pub const REFERENCE_CHARS_MAX: usize = 120;
/// What the provider is called that we are ourselves.
const CREDIT: &str = "credit";
/// The most characters of a provider's name.
const NAME_CHARS_MAX: usize = 20;

/// The name of a provider: small letters, digits and `-`, the first a letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProviderName(String);

/// A text that names no provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the name of a provider has 1 to {NAME_CHARS_MAX} small letters, digits and -, and begins with a letter"
)]
pub struct ProviderNameError;

impl ProviderName {
    /// Ourselves, where somebody pays with credit that he has: what is asked of it is done, and nobody outside is asked.
    #[must_use]
    pub fn credit() -> Self {
        Self(CREDIT.to_owned())
    }

    /// Whether it is ourselves.
    #[must_use]
    pub fn is_credit(&self) -> bool {
        self.0 == CREDIT
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderName {
    type Err = ProviderNameError;

    fn from_str(text: &str) -> Result<Self, ProviderNameError> {
        let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_begun = text.starts_with(|c: char| c.is_ascii_lowercase());
        match is_begun && text.len() <= NAME_CHARS_MAX && text.chars().all(is_known) {
            true => Ok(Self(text.to_owned())),
            false => Err(ProviderNameError),
        }
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for ProviderName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProviderName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
