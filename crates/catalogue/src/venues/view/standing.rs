//! What a restaurant says of itself for now.

use std::time::Duration;

use base::{Result, Time};
use carte::{Channel, Remark};
use domain::venues::{About, BUSY_MAX, Halt, Held, PAUSE_MAX, Reason};
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

use super::hours::ServiceNow;
use super::service;
use crate::venues::app::Scene;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StopReason {
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

/// A pause: no orders are taken until it is over, which it is by itself. It ends at a time or after some minutes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Stop {
    /// One service; all when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^(delivery|pickup|dine_in)$")]
    service: Option<String>,
    /// One sales channel; all when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$", max_length = 40)]
    channel: Option<String>,
    /// Why.
    reason: StopReason,
    /// More about why, for people.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    note: Option<String>,
    /// When it is over, at most 120 days from now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Or after how many minutes.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 172_800)]
    minutes: Option<u32>,
}

/// A busy time: orders are taken, and take longer. It ends at a time or after some minutes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Strain {
    /// One service; all when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^(delivery|pickup|dine_in)$")]
    service: Option<String>,
    /// One sales channel; all when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$", max_length = 40)]
    channel: Option<String>,
    /// How many minutes longer everything takes.
    #[schema(minimum = 1, maximum = 240)]
    longer_minutes: u16,
    /// Why.
    reason: StopReason,
    /// More about why, for people.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    note: Option<String>,
    /// When it is over, at most a day from now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Or after how many minutes.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1440)]
    minutes: Option<u32>,
}

/// What is open again: all pauses and busy times of a service or channel, or all of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Opening {
    /// One service; all when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^(delivery|pickup|dine_in)$")]
    service: Option<String>,
    /// One sales channel; all when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$", max_length = 40)]
    channel: Option<String>,
}

/// A pause or a busy time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeldView {
    /// Which it is.
    #[schema(pattern = "^(paused|busy)$")]
    state: String,
    /// One service, or all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// One sales channel, or all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// How many minutes longer everything takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longer_minutes: Option<u16>,
    /// Why.
    reason: StopReason,
    /// More about why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    until: Time,
}

/// What a restaurant says of itself for now, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StandingView {
    /// Pauses and busy times that hold.
    held: Vec<HeldView>,
    /// Of each service, whether it is open.
    now: Vec<ServiceNow>,
}

impl StopReason {
    const ALL: [(StopReason, Reason); 8] = [
        (StopReason::TooMuch, Reason::TooMuch),
        (StopReason::Staff, Reason::Staff),
        (StopReason::Supplies, Reason::Supplies),
        (StopReason::Equipment, Reason::Equipment),
        (StopReason::Weather, Reason::Weather),
        (StopReason::Event, Reason::Event),
        (StopReason::Holidays, Reason::Holidays),
        (StopReason::Other, Reason::Other),
    ];

    fn reason(self) -> Reason {
        let all = Self::ALL.into_iter();
        let mut same = all.filter(|(typed, _)| *typed == self);
        same.next().map_or(Reason::Other, |(_, reason)| reason)
    }

    fn of(reason: Reason) -> Self {
        let all = Self::ALL.into_iter();
        let mut same = all.filter(|(_, known)| *known == reason);
        same.next().map_or(StopReason::Other, |(typed, _)| typed)
    }
}

/// What both sorts say in the same words.
struct Typed<'a> {
    service: Option<&'a str>,
    channel: Option<&'a str>,
    reason: StopReason,
    note: Option<&'a str>,
    until: Option<Time>,
    minutes: Option<u32>,
}

impl Typed<'_> {
    fn held(&self, halt: Halt, (now, lasts_max): (Time, Duration)) -> Result<Held> {
        let until = match (self.until, self.minutes) {
            (Some(until), None) => Some(until),
            (None, Some(minutes)) => now.plus(Duration::from_secs(60 * u64::from(minutes))),
            (Some(_), Some(_)) | (None, None) => None,
        };
        let until =
            until.ok_or_else(|| wrong("until", "say until when, or for how many minutes"))?;
        if until <= now || until.since(now) > lasts_max {
            return Err(wrong("until", "it is over already, or too far away"));
        }
        let note = self.note.map(str::parse::<Remark>).transpose();
        Ok(Held {
            about: about(self.service, self.channel)?,
            halt,
            reason: self.reason.reason(),
            note: note.map_err(|error| wrong("note", error.to_string()))?,
            until,
        })
    }
}

fn about(named: Option<&str>, channel: Option<&str>) -> Result<About> {
    let channel = channel.map(str::parse::<Channel>).transpose();
    Ok(About {
        service: named.map(|name| service("service", name)).transpose()?,
        channel: channel.map_err(|error| wrong("channel", error.to_string()))?,
    })
}

impl Stop {
    /// What it means, said at this time.
    pub(crate) fn held(&self, now: Time) -> Result<Held> {
        let typed = Typed {
            service: self.service.as_deref(),
            channel: self.channel.as_deref(),
            reason: self.reason,
            note: self.note.as_deref(),
            until: self.until,
            minutes: self.minutes,
        };
        typed.held(Halt::Paused, (now, PAUSE_MAX))
    }
}

impl Strain {
    /// What it means, said at this time.
    pub(crate) fn held(&self, now: Time) -> Result<Held> {
        let typed = Typed {
            service: self.service.as_deref(),
            channel: self.channel.as_deref(),
            reason: self.reason,
            note: self.note.as_deref(),
            until: self.until,
            minutes: self.minutes,
        };
        typed.held(Halt::Busy(self.longer_minutes), (now, BUSY_MAX))
    }
}

impl Opening {
    /// What it means.
    pub(crate) fn about(&self) -> Result<About> {
        about(self.service.as_deref(), self.channel.as_deref())
    }
}

impl From<&Held> for HeldView {
    fn from(held: &Held) -> Self {
        let (state, longer_minutes) = match held.halt {
            Halt::Paused => ("paused", None),
            Halt::Busy(minutes) => ("busy", Some(minutes)),
        };
        HeldView {
            state: state.to_owned(),
            service: held.about.service.map(|service| service.name().to_owned()),
            channel: held.about.channel.as_ref().map(Channel::to_string),
            longer_minutes,
            reason: StopReason::of(held.reason),
            note: held.note.as_ref().map(Remark::to_string),
            until: held.until,
        }
    }
}

impl From<&Scene> for StandingView {
    fn from(scene: &Scene) -> Self {
        StandingView {
            held: scene.venue.standing.at(scene.now).map(Into::into).collect(),
            now: ServiceNow::all(scene),
        }
    }
}
