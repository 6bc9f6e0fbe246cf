//! Venues: how a restaurant serves, when, where to, and what it says of itself for now.
//!
//! A venue is a stream of events beside that of its restaurant. It has parts (profile, hours, exceptions, zones, fees),
//! each of which says at which version of the venue it was changed last: who changes a part must have seen that, and a
//! pause in the kitchen does not stop the owner from changing the hours. Whether it serves follows from time alone.

mod change;
mod date;
mod exceptions;
mod fees;
mod ground;
mod hours;
mod opening;
mod profile;
mod standing;
#[cfg(test)]
mod tests;

use base::{Error, Time, Uid, codes};

use crate::organisations::{RestaurantId, TimeZone};

pub use change::{Ended, PartName, PartSaid, Said, Told, Venue, Versions};
pub use date::{Date, DateError, Local, local};
pub use exceptions::{
    EXCEPTIONS_MAX, Exception, Exceptional, Exceptions, ExceptionsEdit, SPANS_MAX,
};
pub use fees::{Fees, Rounding, SERVICE_MILLIONTHS_MAX, ServiceFees};
pub use ground::{
    ALL_CORNERS_MAX, CORNERS_MAX, MINUTES_MAX, Position, RADIUS_METRES_MAX, Shape, ZONES_MAX, Zone,
    Zones,
};
pub use hours::{Hours, Span, WEEK_SPANS_MAX, Week, Weekly};
pub use opening::{
    AHEAD_DAYS, Openness, Why, business_day, menu_clock, next_business_day, open_at, open_on,
};
pub use profile::{CUISINES_MAX, Phone, PhoneError, Profile};
pub use standing::{
    About, BUSY_MAX, HALTS_MAX, Halt, Held, LONGER_MINUTES_MAX, PAUSE_MAX, Reason, Standing,
};

/// What tells the stream of a venue from the stream of its restaurant: laid over the random part of its id.
const STREAM: [u8; 6] = *b"venue\0";

/// The stream of the events of a restaurant's venue.
#[must_use]
pub fn stream(restaurant: RestaurantId) -> Uid {
    overlaid(restaurant.uid())
}

/// The restaurant of a venue's stream.
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

/// The first zone that a place is in at a time; nothing when the restaurant does not deliver there then.
#[must_use]
pub fn zone_at(venue: &Venue, place: Position, (zone, at): (TimeZone, Time)) -> Option<&Zone> {
    let position = venue.profile.position;
    venue.zones.at(position, place, local(zone, at))
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
    #[error("there are at most {1} {0}")]
    TooMany(&'static str, usize),
    /// A span of a week is on no day.
    #[error("a span names the days on which it begins")]
    NoDay,
    /// A position is not on the globe.
    #[error("a position is -90 to 90 degrees north and -180 to 180 degrees east")]
    NoPosition,
    /// A zone is no area that anybody could deliver to.
    #[error("a zone is a radius, or at least three corners within 300 km of the first")]
    NoArea,
    /// A number or a time is not in its range.
    #[error("it is out of range")]
    OutOfRange,
    /// The same is named twice.
    #[error("the same is named twice")]
    Twice,
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Changed { .. } => Error::conflict(codes::VERSION_CHANGED, refusal.to_string()),
            Refusal::TooMany(..)
            | Refusal::NoDay
            | Refusal::NoPosition
            | Refusal::NoArea
            | Refusal::OutOfRange
            | Refusal::Twice => Error::invalid(codes::FIELD_INVALID, refusal.to_string()),
        }
    }
}
