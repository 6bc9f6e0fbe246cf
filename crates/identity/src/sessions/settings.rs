//! How long a session lasts, and what tokens say of where they come from.

use std::time::Duration;

use edge::Strength;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// No access token is good for longer, whatever is set.
pub(crate) const ACCESS_MAX: Duration = Duration::from_secs(5 * 60);

/// How long a session lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// From its beginning, however much it is used.
    pub absolute: Duration,
    /// From its last use.
    pub idle: Duration,
}

/// What can be set about sessions and tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Sessions that one thing proved: those of diners.
    pub one: Limits,
    /// Sessions that two things proved: those of staff and operators.
    pub two: Limits,
    /// How long an access token is good; more than five minutes counts as five.
    pub access: Duration,
    /// Who gives out tokens: the address of this installation.
    pub issuer: String,
    /// Whom tokens are for: the API of this installation.
    pub audience: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            one: Limits {
                absolute: HOUR.saturating_mul(24),
                idle: MINUTE.saturating_mul(120),
            },
            two: Limits {
                absolute: HOUR.saturating_mul(12),
                idle: MINUTE.saturating_mul(30),
            },
            access: ACCESS_MAX,
            issuer: "comanda".to_owned(),
            audience: "comanda".to_owned(),
        }
    }
}

impl Settings {
    /// The limits of a session that was proven so well.
    #[must_use]
    pub fn limits(&self, strength: Strength) -> Limits {
        match strength {
            Strength::One => self.one,
            Strength::Two => self.two,
        }
    }

    pub(crate) fn access(&self) -> Duration {
        self.access.min(ACCESS_MAX)
    }
}
