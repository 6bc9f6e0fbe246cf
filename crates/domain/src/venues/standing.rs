//! What a restaurant says of itself for now: that it takes no orders, or that everything takes longer.
//!
//! Each says until when, and is over then, whether or not anybody is there to say so.

use std::time::Duration;

use base::Time;
use serde::{Deserialize, Serialize};

use super::Refusal;
use carte::{Channel, Remark, Service};

/// The most that may hold at a time.
pub const HALTS_MAX: usize = 32;
/// The most minutes that everything may take longer.
pub const LONGER_MINUTES_MAX: u16 = 240;

/// How long a pause may be said for: a season.
pub const PAUSE_MAX: Duration = Duration::from_secs(120 * 24 * 3_600);
/// How long a busy time may be said for: a day.
pub const BUSY_MAX: Duration = Duration::from_secs(24 * 3_600);

/// What a pause or a busy time is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct About {
    /// One service; all when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// One channel; all when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
}

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// More is ordered than can be cooked.
    TooMuch,
    /// There are too few people.
    Staff,
    /// Something is not there to cook with.
    Supplies,
    /// Something is broken.
    Equipment,
    /// The weather.
    Weather,
    /// A closed party, or another event.
    Event,
    /// Holidays.
    Holidays,
    /// Something else; the note says what.
    Other,
}

/// What holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum Halt {
    /// No orders are taken.
    Paused,
    /// Everything takes so many minutes longer.
    Busy(u16),
}

/// Something that holds for now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Held {
    /// What it is about.
    pub about: About,
    /// What holds.
    pub halt: Halt,
    /// Why.
    pub reason: Reason,
    /// More about why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Remark>,
    /// When it is over.
    pub until: Time,
}

/// All that holds for now. Nothing, for a restaurant that goes about its business.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Standing(Vec<Held>);

impl About {
    /// Whether this service over this channel is meant; over any channel when none is named.
    #[must_use]
    pub fn means(&self, service: Service, channel: Option<&Channel>) -> bool {
        let of_service = self.service.is_none_or(|meant| meant == service);
        let of_channel = match (&self.channel, channel) {
            (None, _) => true,
            (Some(meant), Some(channel)) => meant == channel,
            (Some(_), None) => false,
        };
        of_service && of_channel
    }

    /// Whether all that the other means is meant by this one too.
    #[must_use]
    pub fn covers(&self, other: &About) -> bool {
        (self.service.is_none() || self.service == other.service)
            && (self.channel.is_none() || self.channel == other.channel)
    }
}

impl Halt {
    fn is_like(self, other: Halt) -> bool {
        matches!(self, Halt::Paused) == matches!(other, Halt::Paused)
    }
}

impl Standing {
    /// All that was said and not taken back, also what is over by now.
    #[must_use]
    pub fn all(&self) -> &[Held] {
        &self.0
    }

    /// What holds at a moment.
    pub fn at(&self, at: Time) -> impl Iterator<Item = &Held> {
        self.0.iter().filter(move |held| at < held.until)
    }

    /// How it stands after something is said anew, in place of what was said of the same before. What is over goes.
    ///
    /// # Errors
    /// Too much would hold at a time, or it is over already, or takes too long.
    pub fn with(&self, held: Held, at: Time) -> Result<Self, Refusal> {
        let (is_sound, lasts_max) = match held.halt {
            Halt::Paused => (true, PAUSE_MAX),
            Halt::Busy(minutes) => ((1..=LONGER_MINUTES_MAX).contains(&minutes), BUSY_MAX),
        };
        if held.until <= at || held.until.since(at) > lasts_max || !is_sound {
            return Err(Refusal::OutOfRange);
        }
        let others = self
            .at(at)
            .filter(|other| other.about != held.about || !other.halt.is_like(held.halt));
        let mut all: Vec<Held> = others.cloned().collect();
        all.push(held);
        match all.len() > HALTS_MAX {
            true => Err(Refusal::TooMany("pauses and busy times", HALTS_MAX)),
            false => Ok(Standing(all)),
        }
    }

    /// How it stands after all is taken back that is about this, and what is over goes.
    #[must_use]
    pub fn without(&self, about: &About, at: Time) -> Self {
        let left = self.at(at).filter(|held| !about.covers(&held.about));
        Standing(left.cloned().collect())
    }

    /// How it stands after what is over has gone.
    #[must_use]
    pub fn after(&self, at: Time) -> Self {
        Standing(self.at(at).cloned().collect())
    }

    /// When the next is over that holds at this moment.
    #[must_use]
    pub fn ends_at(&self, at: Time) -> Option<Time> {
        self.at(at).map(|held| held.until).min()
    }
}
