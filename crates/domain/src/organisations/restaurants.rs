//! Restaurants: what is known of each, and whether it is open for business.
//!
//! A restaurant is a stream: `restaurant.created` and `restaurant.changed` carry everything that is known of it then,
//! `restaurant.suspended` and `restaurant.resumed` nothing. It stands at the version of its last event, and whoever
//! changes it says which version he has seen.

use base::{Currency, Time};
use serde::{Deserialize, Serialize};

use super::zones::TimeZone;
use super::{BrandId, Name, Refusal, RestaurantId, State};

/// The most characters of a postal code.
const POSTAL_CODE_CHARS_MAX: usize = 12;

/// Where a restaurant is. It is on its door and on every bill, so it is not personal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Address {
    /// Street and number.
    pub street: Name,
    /// The postal code, where the country has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<PostalCode>,
    /// The city.
    pub city: Name,
    /// The country.
    pub country: Country,
}

/// A postal code: capital letters and digits, with single-width blanks or hyphens between them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PostalCode(String);

/// A country by the two capital letters of ISO 3166.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Country(String);

/// Why a text is no part of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// It is no postal code.
    #[error(
        "a postal code has 1 to {POSTAL_CODE_CHARS_MAX} capital letters and digits, with blanks or hyphens between them"
    )]
    PostalCode,
    /// It is no country.
    #[error("a country is two capital letters")]
    Country,
}

impl PostalCode {
    /// Takes a postal code as it is written.
    ///
    /// # Errors
    /// It has other characters, or is empty or too long.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let is_solid = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let is_known = |byte: u8| is_solid(byte) || byte == b' ' || byte == b'-';
        let ends = [text.bytes().next(), text.bytes().next_back()];
        let is_code = text.len() <= POSTAL_CODE_CHARS_MAX
            && text.bytes().all(is_known)
            && ends.into_iter().all(|end| end.is_some_and(is_solid));
        match is_code {
            true => Ok(Self(text.to_owned())),
            false => Err(AddressError::PostalCode),
        }
    }

    /// The code as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Country {
    /// Takes two capital letters.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            true => Ok(Self(text.to_owned())),
            false => Err(AddressError::Country),
        }
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is known of a restaurant, besides whether it is open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Details {
    /// What it is called; others may be called the same.
    pub name: Name,
    /// The brand that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<BrandId>,
    /// What another system of the organisation calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Name>,
    /// The zone by which its hours are meant.
    pub time_zone: TimeZone,
    /// What its prices are in.
    pub currency: Currency,
    /// Where it is.
    pub address: Address,
}

/// A restaurant as it stands after its last event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restaurant {
    /// Which one it is; also the id of its stream.
    pub id: RestaurantId,
    /// What is known of it.
    pub details: Details,
    /// Whether it is open for business.
    pub state: State,
    /// How many events it has had.
    pub version: i64,
    /// When it was made.
    pub created_at: Time,
}

impl Restaurant {
    /// What the first event makes.
    #[must_use]
    pub fn created(id: RestaurantId, details: Details, at: Time) -> Self {
        Restaurant {
            id,
            details,
            state: State::Active,
            version: 1,
            created_at: at,
        }
    }

    /// Decides upon a change by somebody who has seen this version. The same again is no event.
    ///
    /// # Errors
    /// It stands at another version.
    pub fn change(&self, details: Details, seen: i64) -> Result<Option<Details>, Refusal> {
        self.is_seen(seen)?;
        Ok((self.details != details).then_some(details))
    }

    /// Decides upon closing or opening it, by somebody who has seen this version; `None` when it is so already.
    ///
    /// # Errors
    /// It stands at another version.
    pub fn turn(&self, state: State, seen: i64) -> Result<Option<State>, Refusal> {
        self.is_seen(seen)?;
        Ok((self.state != state).then_some(state))
    }

    /// How it stands after a change.
    #[must_use]
    pub fn changed(self, details: Details) -> Self {
        Restaurant {
            details,
            version: self.version.saturating_add(1),
            ..self
        }
    }

    /// How it stands after it was closed or opened.
    #[must_use]
    pub fn turned(self, state: State) -> Self {
        Restaurant {
            state,
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

    fn details(name: &str) -> Details {
        Details {
            name: Name::parse(name).unwrap(),
            brand: None,
            external_id: None,
            time_zone: "Europe/Rome".parse().unwrap(),
            currency: Currency::EUR,
            address: Address {
                street: Name::parse("Via Roma 1").unwrap(),
                postal_code: Some(PostalCode::parse("39100").unwrap()),
                city: Name::parse("Bolzano").unwrap(),
                country: Country::parse("IT").unwrap(),
            },
        }
    }

    #[test]
    fn whoever_has_not_seen_the_last_version_changes_nothing() {
        let id = RestaurantId::from(Uid::from_bytes([7; 16]));
        let one = Restaurant::created(id, details("Lucia"), Time::EPOCH);
        assert_eq!(one.change(details("Lucia"), 1), Ok(None));
        let changed = one.change(details("Lucia 2"), 1).unwrap().unwrap();
        let two = one.changed(changed);
        assert_eq!(two.version, 2);
        assert_eq!(
            two.change(details("x"), 1),
            Err(Refusal::Changed { now: 2 })
        );
        assert_eq!(two.turn(State::Active, 2), Ok(None));
        assert_eq!(two.turn(State::Suspended, 2), Ok(Some(State::Suspended)));
        assert_eq!(
            two.turn(State::Suspended, 1),
            Err(Refusal::Changed { now: 2 })
        );
        let three = two.turned(State::Suspended);
        assert_eq!((three.state, three.version), (State::Suspended, 3));
    }

    #[test]
    fn parts_of_addresses_are_read_strictly() {
        for good in ["39100", "SW1A 1AA", "1000-260", "7"] {
            assert!(PostalCode::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " 1", "1 ", "-1", "sw1a", "1234567890123", "1\n2", "٣"] {
            assert_eq!(
                PostalCode::parse(bad),
                Err(AddressError::PostalCode),
                "{bad:?}"
            );
        }
        for bad in ["", "I", "it", "ITA", "1T", "İT"] {
            assert_eq!(Country::parse(bad), Err(AddressError::Country), "{bad:?}");
        }
    }
}
