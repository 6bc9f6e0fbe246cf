//! What is known of a session while it lasts, and whether it still does. Nothing here waits or reads.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::{Result, Time, Uid};
use domain::people::{PersonId, SessionId};
use edge::{Caller, Means, Role, Strength, Who};
use store::Row;

/// The keyed hash of what opens a session.
pub(crate) type Digest = [u8; 32];

/// At least this long passes between two notes that a session was used.
const NOTE_EVERY: Duration = Duration::from_secs(60);

/// Notes come at least so often within the idle time, so that a short one is kept well.
const NOTES_WITHIN_IDLE: u32 = 10;

/// A session as its row tells it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) person: PersonId,
    pub(crate) id: SessionId,
    pub(crate) digest: Digest,
    pub(crate) strength: Strength,
    pub(crate) guest: bool,
    pub(crate) seen_at: Time,
    pub(crate) ends_at: Time,
    pub(crate) idle: Duration,
    pub(crate) ended: bool,
}

/// How a session stands at some moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It is good.
    Live,
    /// It was not used for too long, as far as is known here.
    Idle,
    /// It was ended, or has lasted as long as it may.
    Over,
}

impl Stored {
    /// Reads a row of `READ_ONE` or `FIND`.
    pub(crate) fn of(row: &Row) -> Result<Self> {
        let strength: i64 = row.get(3)?;
        let kind: String = row.get(4)?;
        let idle: i64 = row.get(8)?;
        Ok(Stored {
            person: row.get::<Uid>(0)?.into(),
            id: row.get::<Uid>(1)?.into(),
            digest: digest(row.get(2)?),
            strength: strength_of(strength),
            guest: kind == super::edit::Kind::Guest.name(),
            seen_at: row.get(6)?,
            ends_at: row.get(7)?,
            idle: Duration::from_micros(u64::try_from(idle).unwrap_or_default()),
            ended: row.get::<Time>(9)? != Time::EPOCH,
        })
    }

    /// How it stands now.
    pub(crate) fn standing(&self, now: Time) -> Standing {
        if self.ended {
            return Standing::Over;
        }
        standing(now, self.ends_at, self.seen_at, self.idle)
    }
}

fn standing(now: Time, ends_at: Time, seen_at: Time, idle: Duration) -> Standing {
    if now >= ends_at {
        Standing::Over
    } else if now.since(seen_at) >= idle {
        Standing::Idle
    } else {
        Standing::Live
    }
}

/// Bytes of a column as a digest. Others than 32 are the digest of nothing.
pub(crate) fn digest(bytes: Vec<u8>) -> Digest {
    bytes.try_into().unwrap_or_default()
}

/// The number that a strength is stored as.
pub(crate) const fn number(strength: Strength) -> i64 {
    match strength {
        Strength::One => 1,
        Strength::Two => 2,
    }
}

/// The strength that a number stands for. What is not known proves as little as possible.
pub(crate) const fn strength_of(number: i64) -> Strength {
    match number {
        2 => Strength::Two,
        _ => Strength::One,
    }
}

/// A session as this node remembers it.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) stored: Stored,
    by_cookie: Caller,
    by_bearer: Caller,
    /// Microseconds of the last use that was noted here.
    noted: AtomicI64,
}

impl Live {
    /// A session and what its person is to the platform.
    pub(crate) fn new(stored: Stored, role: Role) -> Self {
        let caller = |means| {
            Caller::of(Who {
                actor: stored.person.to_string(),
                role,
                organisation: None,
                person: Some(stored.person.uid()),
                session: Some(stored.id.uid()),
                strength: stored.strength,
                means,
            })
        };
        Live {
            by_cookie: caller(Means::Cookie),
            by_bearer: caller(Means::Bearer),
            noted: AtomicI64::new(stored.seen_at.as_micros()),
            stored,
        }
    }

    /// Who asks, when he asks by these means.
    pub(crate) fn caller(&self, means: Means) -> Caller {
        match means {
            Means::Cookie => self.by_cookie.clone(),
            Means::Bearer => self.by_bearer.clone(),
        }
    }

    /// How it stands now, by the clock and what this node noted.
    pub(crate) fn standing(&self, now: Time) -> Standing {
        let noted = Time::from_micros(self.noted.load(Ordering::Relaxed));
        standing(now, self.stored.ends_at, noted, self.stored.idle)
    }

    /// Whether the use at this moment is to be noted; true for one of many who ask at once, and once a minute.
    pub(crate) fn is_due(&self, now: Time) -> bool {
        let noted = self.noted.load(Ordering::Relaxed);
        let every = NOTE_EVERY.min(
            self.stored
                .idle
                .checked_div(NOTES_WITHIN_IDLE)
                .unwrap_or(NOTE_EVERY),
        );
        if now.since(Time::from_micros(noted)) < every {
            return false;
        }
        let (order, now) = (Ordering::Relaxed, now.as_micros());
        self.noted
            .compare_exchange(noted, now, order, order)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Stored {
        let uid = Uid::from_bytes([7; 16]);
        Stored {
            person: uid.into(),
            id: uid.into(),
            digest: [0; 32],
            strength: Strength::One,
            guest: false,
            seen_at: Time::from_micros(1_000_000),
            ends_at: Time::from_micros(100_000_000_000),
            idle: Duration::from_secs(1_800),
            ended: false,
        }
    }

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_session_ends_by_the_clock() {
        let live = Live::new(stored(), Role::Person);
        for (seconds, standing) in [
            (1, Standing::Live),
            (1_800, Standing::Live),
            (1_801, Standing::Idle),
            (99_999, Standing::Idle),
            (100_000, Standing::Over),
        ] {
            assert_eq!(live.standing(at(seconds)), standing, "{seconds}");
            assert_eq!(live.stored.standing(at(seconds)), standing, "{seconds}");
        }
        let ended = Stored {
            ended: true,
            ..stored()
        };
        assert_eq!(ended.standing(at(1)), Standing::Over);
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let live = Live::new(stored(), Role::Person);
        let due = [1, 60, 61, 61, 62, 120, 121, 1_900].map(|second| live.is_due(at(second)));
        assert_eq!(due, [false, false, true, false, false, false, true, true]);
        assert_eq!(live.standing(at(3_699)), Standing::Live);
        assert_eq!(live.standing(at(3_700)), Standing::Idle);
    }

    #[test]
    fn a_caller_is_who_the_session_is_of() {
        let live = Live::new(stored(), Role::Person);
        for means in [Means::Cookie, Means::Bearer] {
            let caller = live.caller(means);
            assert_eq!(caller.means(), means);
            assert_eq!(caller.person(), Some(stored().person.uid()));
            assert_eq!(caller.actor(), stored().person.to_string());
        }
    }
}
