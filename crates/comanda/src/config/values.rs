//! Values with units: how long, and how many bytes.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

const DURATIONS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

const SIZES: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// A length of time, written as `30s`, `250ms`, `5m`, `24h` or `90d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub(crate) Duration);

/// A number of bytes, written as `256KiB`, `2MB` or `512B`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let millis = with_unit(text, &DURATIONS)?;
        Some(Self(Duration::from_millis(millis)))
    }
}

impl Size {
    fn parse(text: &str) -> Option<Self> {
        with_unit(text, &SIZES).map(Self)
    }
}

/// Reads a whole number and its unit; there may be a space between.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    let (_, factor) = units.iter().find(|(known, _)| *known == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom("this is no length of time; write a number with ms, s, m, h or d")
        })
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom("this is no size; write a number with B, KiB, MiB, GiB, kB, MB or GB")
        })
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_nothing_else() {
        assert_eq!(Span::parse("250ms").unwrap().0.as_millis(), 250);
        assert_eq!(Span::parse("5 m").unwrap().0.as_secs(), 300);
        assert_eq!(Span::parse("90d").unwrap().0.as_secs(), 7_776_000);
        assert_eq!(Size::parse("256KiB").unwrap().0, 262_144);
        assert_eq!(Size::parse("2MB").unwrap().0, 2_000_000);
        for text in ["", "30", "s", "-1s", "1.5h", "1 week", "99999999999999999d"] {
            assert!(Span::parse(text).is_none(), "{text}");
            assert!(Size::parse(text).is_none(), "{text}");
        }
    }
}
