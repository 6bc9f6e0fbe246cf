//! What work that was put aside looks like to an operator, and how it is named.

use std::fmt;
use std::str::FromStr;

use base::{Error, Time, codes, uid};
use engine::aside::{Aside, Name, Of};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// How the name of a job begins.
const JOB: &str = "job";
/// How the name of a timer begins.
const TIMER: &str = "tmr";
/// How the name of an event that was put aside begins.
const LETTER: &str = "letter";
/// What stands between the parts of such a name.
const BETWEEN: char = '~';
/// The longest name of a database or a consumer.
const PART_CHARS_MAX: usize = 60;

/// Names work that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WorkId(pub(super) Name);

impl fmt::Display for WorkId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Job(id) => out.write_str(&uid::spell(JOB, *id)),
            Name::Timer(id) => out.write_str(&uid::spell(TIMER, *id)),
            Name::Letter {
                database,
                consumer,
                position,
            } => write!(out, "{LETTER}~{database}~{consumer}~{position}"),
        }
    }
}

impl FromStr for WorkId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(named) = text.strip_prefix(LETTER).and_then(letter) {
            return Ok(WorkId(named));
        }
        if let Ok(id) = uid::read(TIMER, text) {
            return Ok(WorkId(Name::Timer(id)));
        }
        let id = uid::read(JOB, text).map_err(|_| {
            Error::invalid(codes::FIELD_INVALID, "that is no name of work put aside")
        })?;
        Ok(WorkId(Name::Job(id)))
    }
}

fn letter(rest: &str) -> Option<Name> {
    let mut parts = rest.strip_prefix(BETWEEN)?.split(BETWEEN);
    let (database, consumer, position) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = |part: &str| {
        let known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
        (1..=PART_CHARS_MAX).contains(&part.len()) && part.bytes().all(known)
    };
    let is_whole = parts.next().is_none() && is_plain(database) && is_plain(consumer);
    let is_number = position.len() <= 18 && position.bytes().all(|c| c.is_ascii_digit());
    (is_whole && is_number).then_some(())?;
    Some(Name::Letter {
        database: database.to_owned(),
        consumer: consumer.to_owned(),
        position: position.parse().ok()?,
    })
}

impl Serialize for WorkId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WorkId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Work that failed too often, and waits until somebody looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkView {
    /// Which.
    pub(super) id: String,
    /// What it is: a `job`, a `timer`, or a `letter`: an event that a consumer could not handle.
    #[schema(pattern = "^(job|timer|letter)$")]
    pub(super) what: String,
    /// The kind of the job, of the timer or of the event.
    #[schema(example = "payments.notice")]
    pub(super) kind: String,
    /// Who could not handle the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) consumer: Option<String>,
    /// The number of the organisation.
    #[schema(minimum = 0)]
    pub(super) organisation: i64,
    /// How it stands: `aside`, `again` when it was let go on just now, `handled` or `discarded`.
    #[schema(pattern = "^(aside|again|handled|discarded)$")]
    pub(super) state: String,
    /// What it is about, as JSON: ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory: Option<String>,
    /// How often it was tried.
    #[schema(minimum = 0)]
    pub(super) tries: i64,
    /// How the last try failed.
    pub(super) error: String,
    /// When a job or a timer was to begin, or an event was tried last.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Time,
}

impl WorkView {
    /// The same as it stands now.
    pub(super) fn standing(mut self, state: &str) -> Self {
        state.clone_into(&mut self.state);
        self
    }
}

impl From<&Aside> for WorkView {
    fn from(aside: &Aside) -> Self {
        let consumer = match &aside.name {
            Name::Letter { consumer, .. } => Some(consumer.clone()),
            Name::Job(_) | Name::Timer(_) => None,
        };
        WorkView {
            id: WorkId(aside.name.clone()).to_string(),
            what: match aside.name.of() {
                Of::Jobs => "job",
                Of::Timers => "timer",
                Of::Letters => "letter",
            }
            .to_owned(),
            kind: aside.kind.clone(),
            consumer,
            organisation: aside.organisation.get().into(),
            state: "aside".to_owned(),
            memory: (!aside.payload.is_empty()).then(|| aside.payload.clone()),
            tries: aside.tries,
            error: aside.error.clone(),
            at: aside.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use base::Uid;

    use super::*;

    #[test]
    fn a_name_reads_back_as_it_was_written_and_nothing_else_is_one() {
        let names = [
            Name::Job(Uid::from_bytes([7; 16])),
            Name::Timer(Uid::from_bytes([8; 16])),
            Name::Letter {
                database: "shard-1".to_owned(),
                consumer: "feeds.hooks".to_owned(),
                position: 42,
            },
        ];
        for name in names {
            let spelled = WorkId(name.clone()).to_string();
            assert_eq!(spelled.parse::<WorkId>().unwrap().0, name, "{spelled}");
        }
        for wrong in [
            "",
            "job_1",
            "letter~s1~feeds.hooks",
            "letter~s1~feeds.hooks~",
            "letter~s1~feeds.hooks~-1",
            "letter~s1~feeds.hooks~1~2",
            "letter~s 1~feeds.hooks~1",
            "letter~~feeds.hooks~1",
        ] {
            assert!(wrong.parse::<WorkId>().is_err(), "{wrong}");
        }
    }
}
