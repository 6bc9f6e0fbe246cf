//! What venues look like from outside, and what is taken of them.

mod fees;
mod hours;
mod profile;
mod standing;
mod zones;

use base::{Currency, Money, Result};
use carte::{Service, Words};
use serde::{Deserialize, Deserializer};
use slice::{VERSION_MAX, wrong};

pub(super) use fees::{ChangedFees, FeesView};
pub(super) use hours::{ChangedExceptions, ChangedHours, ExceptionsView, HoursView};
pub(super) use profile::{ProfileEdit, ProfileView};
pub(super) use standing::{Opening, StandingView, Stop, Strain};
pub(super) use zones::{ChangedZones, ZonesView};

/// The highest amount that is taken, in minor units.
const AMOUNT_MINOR_MAX: i64 = 100_000_000_000;

/// The version of a part that somebody has seen: 0 when nobody has said anything of it yet.
pub(super) fn seen(version: i64) -> Result<i64> {
    match (0..=VERSION_MAX).contains(&version) {
        true => Ok(version),
        false => Err(wrong("version", "a version is a whole number from 0")),
    }
}

/// An amount as it is written.
fn amount(minor: i64, currency: Currency) -> String {
    Money::new(minor, currency).amount()
}

/// An amount as it was typed: not below zero.
fn minor(field: &'static str, typed: &str, currency: Currency) -> Result<i64> {
    let money = Money::parse(typed, currency);
    let money = money.map_err(|error| wrong(field, error.to_string()))?;
    match (0..=AMOUNT_MINOR_MAX).contains(&money.minor()) {
        true => Ok(money.minor()),
        false => Err(wrong(field, "it is too large, or below zero")),
    }
}

/// A field that was given, be it with nothing in it: a field that was left out stays as it is.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The service of this name.
fn service(field: &'static str, name: &str) -> Result<Service> {
    Service::find(name).ok_or_else(|| wrong(field, "it is delivery, pickup or dine_in"))
}

/// A text in the language of the restaurant's menu.
fn words(field: &'static str, typed: &profile::VenueWords) -> Result<Words> {
    typed.words().map_err(|said| wrong(field, said))
}
