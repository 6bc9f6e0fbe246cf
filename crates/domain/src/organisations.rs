//! Organisations (tenants), their brands and restaurants: what they are, and how that changes.
//!
//! Each is a stream of events and stands at the version of its last one. A change says which version it has seen;
//! whoever has not seen the last one is told so. Brands have two kinds of events, `created` and `renamed`.

mod devices;
mod hosts;
mod keys;
mod plans;
mod restaurants;
mod tenant;
mod zones;

use base::{Error, Time, codes};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

pub use devices::{CODE_CHARS, CodeError, DeviceKind, Pairing, PairingCode};
pub use hosts::{Host, HostError};
pub use keys::{Consent, Issue, KEY_RESTAURANTS_MAX, ScopeError, Scopes};
pub use plans::{Counted, Plan};
pub use restaurants::{Address, AddressError, Country, Details, PostalCode, Restaurant};
pub use tenant::{Because, Founding, Organisation, Planning, Reason, ReasonError};
pub use zones::{TimeZone, TimeZoneError};

base::typed_id!(
    /// Names an organisation.
    pub OrganisationId = "org";
    /// Names a brand.
    pub BrandId = "brd";
    /// Names a restaurant.
    pub RestaurantId = "rst";
);

/// The most characters of a name, as it is typed.
pub const NAME_CHARS_MAX: usize = 120;

/// A name that people read: one line, not empty, without spaces at its ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Takes a name as it was typed, without the spaces around it.
    ///
    /// # Errors
    /// It is empty, too long, or has characters that cannot be seen.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.chars().count() > NAME_CHARS_MAX {
            return Err(NameError::TooLong);
        }
        let name = text.trim();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.chars().any(base::text::is_unseen) {
            return Err(NameError::Unseen);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared: two names that differ in case or form alone are the same.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.nfkc().flat_map(char::to_lowercase).collect()
    }
}

/// Why a text is no name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// There is nothing in it.
    #[error("a name must not be empty")]
    Empty,
    /// It is longer than people can read.
    #[error("a name has at most {NAME_CHARS_MAX} characters")]
    TooLong,
    /// It has characters that nobody sees.
    #[error("a name has no control characters and no characters that cannot be seen")]
    Unseen,
}

/// Whether something is open for business.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is.
    Active,
    /// It is not, until it is resumed.
    Suspended,
}

impl State {
    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Suspended => "suspended",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [State::Active, State::Suspended]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Something with a name, such as a brand, as it stands after its last event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named<Id> {
    /// Which one it is; also the id of its stream.
    pub id: Id,
    /// What it is called.
    pub name: Name,
    /// How many events it has had.
    pub version: i64,
    /// When it was made.
    pub created_at: Time,
}

/// A brand of an organisation.
pub type Brand = Named<BrandId>;

/// What it is called from then on, when something is made or renamed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// What it is called from then on.
    pub name: Name,
}

/// Why a command was not followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Somebody else has changed it meanwhile.
    #[error("it was changed since it was read, and stands at version {now}")]
    Changed {
        /// The version that it stands at.
        now: i64,
    },
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        Error::conflict(codes::VERSION_CHANGED, refusal.to_string())
    }
}

impl<Id: Copy> Named<Id> {
    /// What the first event makes.
    #[must_use]
    pub fn created(id: Id, naming: &Naming, at: Time) -> Self {
        Named {
            id,
            name: naming.name.clone(),
            version: 1,
            created_at: at,
        }
    }

    /// Decides upon another name, by somebody who has seen this version. The same name again is no event.
    ///
    /// # Errors
    /// It stands at another version.
    pub fn rename(&self, name: Name, seen: i64) -> Result<Option<Naming>, Refusal> {
        if self.version != seen {
            return Err(Refusal::Changed { now: self.version });
        }
        Ok((self.name != name).then_some(Naming { name }))
    }

    /// How it stands after an event.
    #[must_use]
    pub fn renamed(&self, naming: &Naming) -> Self {
        Named {
            name: naming.name.clone(),
            version: self.version.saturating_add(1),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn brand() -> Named<u8> {
        let naming = Naming {
            name: name("Trattoria"),
        };
        Named::created(7, &naming, Time::EPOCH)
    }

    #[test]
    fn names_are_one_readable_line() {
        assert_eq!(name("  Pizza & Più ").as_str(), "Pizza & Più");
        assert_eq!(name("CAFÉ Ⅳ").folded(), name("Cafe\u{301} iv").folded());
        let long = "x".repeat(NAME_CHARS_MAX + 1);
        for (text, error) in [
            ("", NameError::Empty),
            (" \t ", NameError::Empty),
            (long.as_str(), NameError::TooLong),
            ("a\nb", NameError::Unseen),
            ("a\u{202e}b", NameError::Unseen),
            ("a\0b", NameError::Unseen),
        ] {
            assert_eq!(Name::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn who_has_not_seen_the_last_version_is_told() {
        let brand = brand();
        let renamed = brand.rename(name("Osteria"), 1).unwrap().unwrap();
        let brand = brand.renamed(&renamed);
        assert_eq!((brand.name.as_str(), brand.version), ("Osteria", 2));
        assert_eq!(
            brand.rename(name("Locanda"), 1),
            Err(Refusal::Changed { now: 2 })
        );
        assert_eq!(brand.rename(name("Osteria"), 2), Ok(None));
    }

    proptest! {
        #[test]
        fn a_name_read_again_is_the_same(text in ".{0,200}") {
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(Name::parse(name.as_str()), Ok(name));
            }
        }
    }
}
