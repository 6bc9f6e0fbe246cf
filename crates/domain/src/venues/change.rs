//! How a venue changes: who says what of which part, what follows from it, and how it stands then.

use base::Time;
use serde::{Deserialize, Serialize};

use super::{
    About, Exceptions, ExceptionsEdit, Fees, Halt, Held, Hours, Profile, Refusal, Standing, Zones,
};
use crate::organisations::RestaurantId;

/// A part of a venue that has a version of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PartName {
    /// What it says of itself.
    Profile,
    /// When it serves every week.
    Hours,
    /// On which days it is otherwise.
    Exceptions,
    /// Where it delivers to.
    Zones,
    /// What it takes besides.
    Fees,
}

/// At which version of the venue each part was changed last; 0 when it never was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Versions {
    /// Of what it says of itself.
    pub profile: i64,
    /// Of its hours.
    pub hours: i64,
    /// Of its exceptions.
    pub exceptions: i64,
    /// Of its zones.
    pub zones: i64,
    /// Of its fees.
    pub fees: i64,
}

/// How a restaurant serves, as it stands after the last event. By default it serves nobody: no hours are closed hours.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Venue {
    /// What it says of itself.
    pub profile: Profile,
    /// When it serves every week.
    pub hours: Hours,
    /// On which days it is otherwise.
    pub exceptions: Exceptions,
    /// Where it delivers to.
    pub zones: Zones,
    /// What it takes besides.
    pub fees: Fees,
    /// What holds for now.
    pub standing: Standing,
    /// At which version its parts were changed last.
    pub versions: Versions,
    /// How many events it has had.
    pub version: i64,
}

/// What a part is from now on; exceptions are patched one by one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PartSaid {
    /// What it says of itself.
    Profile(Profile),
    /// When it serves every week.
    Hours(Hours),
    /// What becomes of its exceptions.
    Exceptions(ExceptionsEdit),
    /// Where it delivers to.
    Zones(Zones),
    /// What it takes besides.
    Fees(Fees),
}

/// What has ended, by whoever opened the restaurant again or by time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Ended {
    /// What was taken back; all of it that is over, when time has ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// When.
    pub at: Time,
}

/// An event of a venue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// `venue.changed`.
    Changed(PartSaid),
    /// `venue.paused`, `venue.busy`: this holds, since then.
    Held(Held, Time),
    /// `venue.opened`.
    Opened(Ended),
}

/// What the payload of any event of a venue is: the restaurant, and what was said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Told {
    /// Whose venue it is.
    pub restaurant: RestaurantId,
    /// Of `venue.changed`: what a part is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartSaid>,
    /// Of `venue.paused` and `venue.busy`: what holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Since when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Of `venue.opened`: what has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

impl PartSaid {
    /// Which part it is about.
    #[must_use]
    pub const fn name(&self) -> PartName {
        match self {
            PartSaid::Profile(_) => PartName::Profile,
            PartSaid::Hours(_) => PartName::Hours,
            PartSaid::Exceptions(_) => PartName::Exceptions,
            PartSaid::Zones(_) => PartName::Zones,
            PartSaid::Fees(_) => PartName::Fees,
        }
    }
}

impl Versions {
    /// That of one part.
    #[must_use]
    pub const fn of(&self, part: PartName) -> i64 {
        match part {
            PartName::Profile => self.profile,
            PartName::Hours => self.hours,
            PartName::Exceptions => self.exceptions,
            PartName::Zones => self.zones,
            PartName::Fees => self.fees,
        }
    }

    fn of_mut(&mut self, part: PartName) -> &mut i64 {
        match part {
            PartName::Profile => &mut self.profile,
            PartName::Hours => &mut self.hours,
            PartName::Exceptions => &mut self.exceptions,
            PartName::Zones => &mut self.zones,
            PartName::Fees => &mut self.fees,
        }
    }
}

impl Said {
    /// The kind of the event.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Said::Changed(_) => "venue.changed",
            Said::Held(held, _) => match held.halt {
                Halt::Paused => "venue.paused",
                Halt::Busy(_) => "venue.busy",
            },
            Said::Opened(_) => "venue.opened",
        }
    }

    /// The payload of the event.
    #[must_use]
    pub fn told(&self, restaurant: RestaurantId) -> Told {
        let mut told = Told {
            restaurant,
            part: None,
            held: None,
            since: None,
            ended: None,
        };
        match self.clone() {
            Said::Changed(part) => told.part = Some(part),
            Said::Held(held, since) => (told.held, told.since) = (Some(held), Some(since)),
            Said::Opened(ended) => told.ended = Some(ended),
        }
        told
    }
}

impl Told {
    /// What the event said; nothing for a payload that says nothing.
    #[must_use]
    pub fn said(self) -> Option<Said> {
        match (self.part, self.held, self.since, self.ended) {
            (Some(part), None, None, None) => Some(Said::Changed(part)),
            (None, Some(held), Some(since), None) => Some(Said::Held(held, since)),
            (None, None, None, Some(ended)) => Some(Said::Opened(ended)),
            _ => None,
        }
    }
}

impl Venue {
    /// Decides upon a change of a part by somebody who has seen the part at this version. The same again is no event.
    ///
    /// # Errors
    /// The part stands at another version, or cannot be so.
    pub fn change(&self, part: PartSaid, seen: i64) -> Result<Option<Said>, Refusal> {
        let now = self.versions.of(part.name());
        if now != seen {
            return Err(Refusal::Changed { now });
        }
        let is_same = match &part {
            PartSaid::Profile(profile) => profile.clone().checked()? == self.profile,
            PartSaid::Hours(hours) => hours.clone().checked()? == self.hours,
            PartSaid::Exceptions(edit) => self.exceptions.edited(edit)? == self.exceptions,
            PartSaid::Zones(zones) => *zones == self.zones,
            PartSaid::Fees(fees) => fees.clone().checked()? == self.fees,
        };
        Ok((!is_same).then_some(Said::Changed(part)))
    }

    /// Decides upon a pause or a busy time. The same again is no event.
    ///
    /// # Errors
    /// It is over already, takes too long, or too much holds already.
    pub fn hold(&self, held: Held, at: Time) -> Result<Option<Said>, Refusal> {
        let is_same = self.standing.at(at).any(|other| *other == held);
        self.standing.with(held.clone(), at)?;
        Ok((!is_same).then_some(Said::Held(held, at)))
    }

    /// Decides upon taking back all that is about this. Nothing to take back is no event.
    #[must_use]
    pub fn open(&self, about: About, at: Time) -> Option<Said> {
        let left = self.standing.without(&about, at);
        (left.all().len() < self.standing.at(at).count()).then_some(Said::Opened(Ended {
            about: Some(about),
            at,
        }))
    }

    /// Decides upon what time has ended. Nothing that ended is no event.
    #[must_use]
    pub fn end(&self, at: Time) -> Option<Said> {
        let left = self.standing.at(at).count();
        (left < self.standing.all().len()).then_some(Said::Opened(Ended { about: None, at }))
    }

    /// How it stands after an event.
    ///
    /// # Errors
    /// The event could not have happened.
    pub fn after(&self, said: &Said) -> Result<Self, Refusal> {
        let mut next = self.clone();
        next.version = self.version.saturating_add(1);
        match said {
            Said::Changed(part) => {
                *next.versions.of_mut(part.name()) = next.version;
                match part {
                    PartSaid::Profile(profile) => next.profile = profile.clone(),
                    PartSaid::Hours(hours) => next.hours = hours.clone(),
                    PartSaid::Exceptions(edit) => next.exceptions = self.exceptions.edited(edit)?,
                    PartSaid::Zones(zones) => next.zones = zones.clone(),
                    PartSaid::Fees(fees) => next.fees = fees.clone(),
                }
            }
            Said::Held(held, since) => next.standing = self.standing.with(held.clone(), *since)?,
            Said::Opened(Ended { about, at }) => {
                next.standing = match about {
                    Some(about) => self.standing.without(about, *at),
                    None => self.standing.after(*at),
                };
            }
        }
        Ok(next)
    }
}
