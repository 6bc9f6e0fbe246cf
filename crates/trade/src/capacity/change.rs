//! How a restaurant's rules of capacity change: said anew as a whole, by somebody who has seen them as they stand.

use base::{Error, Uid, codes};
use serde::{Deserialize, Serialize};

use super::rules::{RULES_MAX, Rules};
use domain::organisations::RestaurantId;

/// What tells the stream of a restaurant's capacity from the stream of the restaurant: laid over the random part of its
/// id.
const STREAM: [u8; 6] = *b"slots\0";

/// The rules of a restaurant as they stand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// How often they were said; 0 when nothing was said yet.
    pub version: i64,
    /// The rules.
    pub rules: Rules,
}

/// What the event `capacity.changed` tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Told {
    /// Of which restaurant.
    pub restaurant: RestaurantId,
    /// The rules from then on.
    pub rules: Rules,
}

/// Why something is not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Somebody else has changed it meanwhile.
    #[error("it was changed since it was read, and stands at version {now}")]
    Changed {
        /// The version that it stands at.
        now: i64,
    },
    /// There would be too many.
    #[error("there are at most {RULES_MAX} rules")]
    TooMany,
    /// A rule is on no day.
    #[error("a rule names the days on which it begins")]
    NoDay,
    /// A rule limits nothing.
    #[error("a rule limits orders, minutes or money")]
    NoLimit,
    /// A number or a time is not in its range.
    #[error("it is out of range")]
    OutOfRange,
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Changed { .. } => Error::conflict(codes::VERSION_CHANGED, refusal.to_string()),
            Refusal::TooMany | Refusal::NoDay | Refusal::NoLimit | Refusal::OutOfRange => {
                Error::invalid(codes::FIELD_INVALID, refusal.to_string())
            }
        }
    }
}

impl Kept {
    /// The same with other rules; nothing when these are the rules already.
    ///
    /// # Errors
    /// Whoever says so has not seen how they stand.
    pub fn change(&self, rules: Rules, seen: i64) -> Result<Option<Self>, Refusal> {
        if seen != self.version {
            return Err(Refusal::Changed { now: self.version });
        }
        if rules == self.rules {
            return Ok(None);
        }
        Ok(Some(Kept {
            version: self.version.saturating_add(1),
            rules,
        }))
    }
}

/// The stream of the events of a restaurant's capacity.
#[must_use]
pub fn stream(restaurant: RestaurantId) -> Uid {
    overlaid(restaurant.uid())
}

/// The restaurant of such a stream.
#[must_use]
pub fn restaurant(stream: Uid) -> RestaurantId {
    overlaid(stream).into()
}

fn overlaid(uid: Uid) -> Uid {
    let mut bytes = *uid.as_bytes();
    let random = bytes.iter_mut().skip(10);
    random.zip(STREAM).for_each(|(byte, over)| *byte ^= over);
    Uid::from_bytes(bytes)
}
