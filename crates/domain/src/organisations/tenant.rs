//! The organisation itself: its name, its plan, and whether it may act.
//!
//! Its stream: `organisation.created`, `organisation.renamed`, `organisation.plan_changed`, `organisation.suspended`,
//! `organisation.resumed`. Plans and suspensions are decided by those who run the platform, and they say why.

use base::Time;
use serde::{Deserialize, Serialize};

use super::plans::Plan;
use super::{Name, Naming, OrganisationId, Refusal, State};
use base::text::is_unseen;

/// The fewest characters of a reason.
const REASON_CHARS_MIN: usize = 3;
/// The most characters of a reason.
const REASON_CHARS_MAX: usize = 200;

/// What the first event says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// What it is called.
    pub name: Name,
    /// What it pays for. The first organisations were made before there were plans.
    #[serde(default)]
    pub plan: Plan,
}

/// Another plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planning {
    /// What it pays for from then on.
    pub plan: Plan,
}

/// Why it was suspended or resumed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// The reason, in the words of whoever decided it.
    pub reason: Reason,
}

/// A reason that people read: one line that begins and ends with something to see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(String);

/// A text that is no reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a reason is one line of {REASON_CHARS_MIN} to {REASON_CHARS_MAX} characters, the first and the last no blank"
)]
pub struct ReasonError;

impl Reason {
    /// Takes a reason as it was typed.
    ///
    /// # Errors
    /// It is too short or too long, has characters that cannot be seen, or blanks at its ends.
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let is_length = (REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&text.chars().count());
        match is_length && text.trim() == text && !text.chars().any(is_unseen) {
            true => Ok(Self(text.to_owned())),
            false => Err(ReasonError),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An organisation as it stands after its last event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organisation {
    /// Which one it is; also the id of its stream.
    pub id: OrganisationId,
    /// What it is called.
    pub name: Name,
    /// What it pays for.
    pub plan: Plan,
    /// Whether its people may change anything.
    pub state: State,
    /// How many events it has had.
    pub version: i64,
    /// When it was made.
    pub created_at: Time,
}

impl Organisation {
    /// What the first event makes.
    #[must_use]
    pub fn created(id: OrganisationId, founding: &Founding, at: Time) -> Self {
        Organisation {
            id,
            name: founding.name.clone(),
            plan: founding.plan,
            state: State::Active,
            version: 1,
            created_at: at,
        }
    }

    /// Decides upon another name, by somebody who has seen this version. The same name again is no event.
    ///
    /// # Errors
    /// It stands at another version.
    pub fn rename(&self, name: Name, seen: i64) -> Result<Option<Naming>, Refusal> {
        self.is_seen(seen)?;
        Ok((self.name != name).then_some(Naming { name }))
    }

    /// Decides upon another plan, by somebody who has seen this version. The same plan again is no event.
    ///
    /// # Errors
    /// It stands at another version.
    pub fn change_plan(&self, plan: Plan, seen: i64) -> Result<Option<Planning>, Refusal> {
        self.is_seen(seen)?;
        Ok((self.plan != plan).then_some(Planning { plan }))
    }

    /// Whether it is not in this state already. Suspending wins over any change meanwhile, so no version is asked.
    #[must_use]
    pub fn turns(&self, state: State) -> bool {
        self.state != state
    }

    /// How it stands after it was renamed.
    #[must_use]
    pub fn renamed(self, naming: Naming) -> Self {
        Organisation {
            name: naming.name,
            ..self.next()
        }
    }

    /// How it stands after its plan was changed.
    #[must_use]
    pub fn planned(self, planning: &Planning) -> Self {
        Organisation {
            plan: planning.plan,
            ..self.next()
        }
    }

    /// How it stands after it was suspended or resumed.
    #[must_use]
    pub fn turned(self, state: State) -> Self {
        Organisation {
            state,
            ..self.next()
        }
    }

    fn next(self) -> Self {
        Organisation {
            version: self.version.saturating_add(1),
            ..self
        }
    }

    fn is_seen(&self, seen: i64) -> Result<(), Refusal> {
        match self.version == seen {
            true => Ok(()),
            false => Err(Refusal::Changed { now: self.version }),
        }
    }
}

#[cfg(test)]
mod tests {
    use base::Uid;

    use super::*;

    #[test]
    fn an_organisation_follows_its_events() {
        let id = OrganisationId::from(Uid::from_bytes([7; 16]));
        let name = |text| Name::parse(text).unwrap();
        let founding: Founding = Founding {
            name: name("Lucia"),
            plan: Plan::Starter,
        };
        let one = Organisation::created(id, &founding, Time::EPOCH);
        assert_eq!(one.change_plan(Plan::Starter, 1), Ok(None));
        let planning = one.change_plan(Plan::Growth, 1).unwrap().unwrap();
        let two = one.planned(&planning);
        assert_eq!((two.plan, two.version), (Plan::Growth, 2));
        assert_eq!(two.rename(name("x"), 1), Err(Refusal::Changed { now: 2 }));
        assert!(two.turns(State::Suspended) && !two.turns(State::Active));
        let three = two.turned(State::Suspended);
        assert_eq!((three.state, three.version), (State::Suspended, 3));
    }

    #[test]
    fn reasons_are_one_line() {
        for good in ["abc", "unpaid since March", "è così"] {
            assert!(Reason::parse(good).is_ok(), "{good}");
        }
        let long = "x".repeat(REASON_CHARS_MAX + 1);
        for bad in ["", "ab", " abc", "abc ", "a\nbc", "a\u{200b}bc", &long] {
            assert_eq!(Reason::parse(bad), Err(ReasonError), "{bad:?}");
        }
    }
}
