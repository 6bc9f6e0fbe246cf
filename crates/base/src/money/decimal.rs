//! Amounts as text: `25.49` for EUR, `2549` for JPY, `25.490` for KWD.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Error, Money};
use crate::Currency;

impl Money {
    /// Reads a decimal number with at most the digits that the currency has after the point.
    ///
    /// # Errors
    ///
    /// Refuses signs but one minus, leading zeros, a bare point, exponents, separators, too many
    /// digits after the point, and amounts that do not fit.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, Error> {
        let (is_negative, digits) = match amount.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, amount),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(Error::Malformed),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let has_idle_zero = whole.len() > 1 && whole.starts_with('0');
        let mut all = whole.bytes().chain(fraction.bytes());
        if whole.is_empty() || has_idle_zero || !all.all(|byte| byte.is_ascii_digit()) {
            return Err(Error::Malformed);
        }
        let missing = usize::from(currency.exponent()).checked_sub(fraction.len());
        let missing = missing.ok_or(Error::TooFine { currency })?;
        let padding = std::iter::repeat_n(b'0', missing);
        let minor = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(padding)
            .try_fold(0, |minor, digit| append(minor, digit, is_negative));
        Self::zero(currency).with(minor)
    }

    /// Writes the amount with all the digits of its currency, and without the currency.
    pub fn amount(self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = self.minor.unsigned_abs().to_string();
        let exponent = usize::from(self.currency.exponent());
        let width = exponent.saturating_add(1);
        let padded = format!("{digits:0>width$}");
        match padded.split_at_checked(padded.len().saturating_sub(exponent)) {
            Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            _ => format!("{sign}{padded}"),
        }
    }
}

/// Counts away from zero on the right side at once: the lowest number has no counterpart above zero.
fn append(minor: i64, digit: u8, is_negative: bool) -> Option<i64> {
    let digit = i64::from(digit.checked_sub(b'0')?);
    let shifted = minor.checked_mul(10)?;
    if is_negative {
        shifted.checked_sub(digit)
    } else {
        shifted.checked_add(digit)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

/// How money stands in JSON: `{"amount":"25.49","currency":"EUR"}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Json {
            amount: self.amount(),
            currency: self.currency,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Json { amount, currency } = Json::deserialize(deserializer)?;
        Self::parse(&amount, currency).map_err(de::Error::custom)
    }
}
