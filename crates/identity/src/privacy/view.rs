//! What an export looks like, and what is sent to be forgotten or shut out.

use base::{Result, Time};
use domain::people::PersonId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use slice::wrong;
use utoipa::ToSchema;

const REASON_MIN: usize = 3;
const REASON_MAX: usize = 200;
/// The word that nobody sends by mistake.
const CONFIRMED: &str = "erase";

/// Everything that is kept of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Time,
    /// Who.
    #[schema(value_type = String, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: PersonId,
    /// Name and whatever else the person has said of itself, with contacts and addresses.
    #[schema(value_type = Object)]
    pub profile: Json,
    /// All sessions that are kept, those that have ended too.
    #[schema(value_type = Vec<Object>)]
    pub sessions: Json,
    /// Second factors without their secrets, and accounts at other providers.
    #[schema(value_type = Object)]
    pub factors: Json,
    /// What the rest of the platform keeps, by its name: memberships with their roles, entries of the audit log.
    #[schema(value_type = Object)]
    pub kept: Map<String, Json>,
}

/// What somebody sends who wants to be forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EraseMe {
    /// The word `erase`, for nothing brings it back.
    #[schema(pattern = "^erase$")]
    confirm: String,
}

/// Why an operator does something about somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct BecauseOf {
    /// Why, such as the number of the letter or of the case. It is kept, so it names nobody.
    #[schema(
        min_length = 3,
        max_length = 200,
        pattern = "^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$"
    )]
    reason: String,
}

impl EraseMe {
    pub(super) fn is_confirmed(&self) -> Result<()> {
        match self.confirm == CONFIRMED {
            true => Ok(()),
            false => Err(wrong("confirm", "it is not the word `erase`")),
        }
    }
}

impl BecauseOf {
    /// The reason, in the letters that every log can hold.
    pub(super) fn reason(&self) -> Result<&str> {
        let reason = self.reason.as_str();
        let printed = reason.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let is_right = printed && reason.trim() == reason;
        match is_right && (REASON_MIN..=REASON_MAX).contains(&reason.len()) {
            true => Ok(reason),
            false => Err(wrong(
                "reason",
                "a reason has 3 to 200 printed letters of ASCII, and no space at its ends",
            )),
        }
    }
}
