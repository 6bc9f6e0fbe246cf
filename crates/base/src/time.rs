//! A moment, in microseconds since 1970 in UTC, as databases and events keep it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::civil::Date;
use crate::{Error, codes, text};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// A moment, to the microsecond; it knows no zone and no leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The first moment of 1970 in UTC.
    pub const EPOCH: Self = Self(0);

    /// Takes microseconds since 1970, which may be negative.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Gives microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Gives the moment so much later, or nothing when it is out of range.
    pub fn plus(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        self.0.checked_add(micros).map(Self)
    }

    /// Gives the moment so much earlier, or nothing when it is out of range.
    pub fn minus(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        self.0.checked_sub(micros).map(Self)
    }

    /// Gives the time that has passed since an earlier moment; zero when that moment is later.
    pub const fn since(self, earlier: Self) -> Duration {
        if self.0 <= earlier.0 {
            return Duration::ZERO;
        }
        Duration::from_micros(self.0.abs_diff(earlier.0))
    }
}

impl fmt::Display for Time {
    /// Writes RFC 3339 in UTC with six digits after the point, so that texts sort like moments.
    ///
    /// Years outside 0 to 9999 are outside of RFC 3339; they are written with a sign and six digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date { year, month, day } = Date::from_days(self.0.div_euclid(MICROS_PER_DAY));
        let micros_of_day = self.0.rem_euclid(MICROS_PER_DAY);
        let (seconds, micros) = (
            micros_of_day / MICROS_PER_SECOND,
            micros_of_day % MICROS_PER_SECOND,
        );
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        match year {
            0..=9_999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+07}")?,
        }
        write!(
            f,
            "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
        )
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a moment of the years 0 to 9999 in RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseError;

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time must look like 2026-03-01T18:30:00Z")
    }
}

impl std::error::Error for ParseError {}

impl From<ParseError> for Error {
    #[track_caller]
    fn from(error: ParseError) -> Self {
        Self::invalid(codes::TIME_MALFORMED, error.to_string()).caused_by(error)
    }
}

impl FromStr for Time {
    type Err = ParseError;

    /// Reads RFC 3339 with any offset and up to nine digits after the point; what is finer than a
    /// microsecond is dropped. A leap second is refused, as nothing here could tell it from the next.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        read(text).ok_or(ParseError)
    }
}

fn read(text: &str) -> Option<Time> {
    let (year, text) = number(text, 4)?;
    let (month, text) = number(text.strip_prefix('-')?, 2)?;
    let (day, text) = number(text.strip_prefix('-')?, 2)?;
    let (hour, text) = number(text.strip_prefix('T')?, 2)?;
    let (minute, text) = number(text.strip_prefix(':')?, 2)?;
    let (second, text) = number(text.strip_prefix(':')?, 2)?;
    let (micros, text) = match text.strip_prefix('.') {
        Some(text) => fraction(text)?,
        None => (0, text),
    };
    let offset = offset_seconds(text)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = Date { year, month, day }.to_days()?;
    let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second - offset;
    Some(Time(seconds * MICROS_PER_SECOND + micros))
}

/// Takes a number of exactly so many digits off the front.
fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let (front, rest) = text.split_at_checked(digits)?;
    let all_digits = front.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then_some(())?;
    Some((front.parse().ok()?, rest))
}

/// Takes one to nine digits after the point off the front, as microseconds.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let (value, rest) = number(text, digits)?;
    let nanos = (digits..9).fold(value, |value, _| value * 10);
    Some((nanos / 1_000, rest))
}

/// Reads `Z`, `+hh:mm` or `-hh:mm`, the whole rest of the text.
fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = number(text.get(1..)?, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(':')?, 2)?;
    let sound = hours <= 23 && minutes <= 59 && rest.is_empty();
    sound.then_some(sign * (hours * 3_600 + minutes * 60))
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}
