//! Fields as they were typed: what the document says of them, and the one door to what they mean.
//!
//! The patterns say exactly what the parsers of `domain` take, so that whoever follows the document is never refused.

use base::{Error, Result, codes};
use domain::organisations::{Name, Reason};
use domain::people::Email;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The largest number that every reader of JSON tells from its neighbours; versions stay below it.
pub const VERSION_MAX: i64 = (1 << 53) - 1;

/// A name as it was typed: one line of at most 120 characters, with something to see in it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    min_length = 1,
    max_length = 120,
    pattern = "^[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]*[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s][^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]*$",
    example = "Trattoria Lucia"
)]
pub struct TypedName(String);

/// An e-mail address as it was typed.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    max_length = 254,
    pattern = "^[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s@<>()\\[\\],;:\\\\\"]{1,64}@[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s@<>()\\[\\],;:\\\\\".-]([^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s@<>()\\[\\],;:\\\\\".]*[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s@<>()\\[\\],;:\\\\\".-])?(\\.[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s@<>()\\[\\],;:\\\\\".-]([^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s@<>()\\[\\],;:\\\\\".]*[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s@<>()\\[\\],;:\\\\\".-])?)+$",
    example = "lucia@example.com"
)]
pub struct TypedEmail(String);

/// Why an operator does something to what is of an organisation, which can read this.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Why {
    /// The reason, in one line.
    #[schema(
        min_length = 3,
        max_length = 200,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s][^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]*[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s]$",
        example = "The provider is up again"
    )]
    reason: String,
}

impl TypedName {
    /// What it means.
    ///
    /// # Errors
    /// It is none, and the error names the field.
    pub fn name(&self) -> Result<Name> {
        Name::parse(&self.0).map_err(|error| wrong("name", error.to_string()))
    }
}

impl TypedEmail {
    /// What it means.
    ///
    /// # Errors
    /// It is none, and the error names the field.
    pub fn email(&self) -> Result<Email> {
        Email::parse(&self.0).map_err(|error| wrong("email", error.to_string()))
    }
}

impl Why {
    /// What it means.
    ///
    /// # Errors
    /// It is none, and the error names the field.
    pub fn reason(&self) -> Result<Reason> {
        Reason::parse(&self.reason).map_err(|error| wrong("reason", error.to_string()))
    }
}

/// A field that says what it must not.
#[track_caller]
pub fn wrong(field: &'static str, said: impl Into<String>) -> Error {
    Error::invalid(
        codes::FIELD_INVALID,
        "a field has a value that it must not have",
    )
    .field(field, codes::FIELD_INVALID, said.into())
}
