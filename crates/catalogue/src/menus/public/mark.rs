//! Marks: what a caller has, as one short text. `7~de` is revision 7 of the restaurant's own menu in German, `b7.2~de`
//! that of its brand, as the restaurant sold it after the second time that it said what.

use std::fmt;
use std::str::FromStr;

use carte::{Language, RevisionNumber};

/// What is written in front of a revision of a brand's menu.
const OF_BRAND: char = 'b';

/// Which menu a caller has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    /// Whether it is the brand's. A bare number says nothing of it.
    pub(super) of_brand: Option<bool>,
    pub(super) revision: RevisionNumber,
    /// How often the restaurant had said what it sells of it; 0 where it sells it as it is.
    pub(super) location: i64,
    /// None where it was not said.
    pub(super) language: Option<Language>,
}

/// A text that is no mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MarkError;

impl Mark {
    /// Whether it may be of the same place, sold in the same way, in this language.
    pub(super) fn is_like(&self, other: &Mark) -> bool {
        let same_language = match (&self.language, &other.language) {
            (Some(own), Some(other)) => own == other,
            (None, _) | (_, None) => true,
        };
        let same_place = match (self.of_brand, other.of_brand) {
            (Some(own), Some(other)) => own == other,
            (None, _) | (_, None) => true,
        };
        same_language && same_place && self.location == other.location
    }
}

impl fmt::Display for MarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this names no menu that was read before")
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of_brand == Some(true) {
            write!(f, "{OF_BRAND}")?;
        }
        write!(f, "{}", self.revision)?;
        if self.location > 0 {
            write!(f, ".{}", self.location)?;
        }
        match &self.language {
            Some(language) => write!(f, "~{language}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Mark {
    type Err = MarkError;

    fn from_str(text: &str) -> Result<Self, MarkError> {
        let (numbers, language) = match text.split_once('~') {
            Some((numbers, language)) => (numbers, Some(language)),
            None => (text, None),
        };
        let language = language
            .map(str::parse)
            .transpose()
            .map_err(|_| MarkError)?;
        let (of_brand, numbers) = match numbers.strip_prefix(OF_BRAND) {
            Some(numbers) => (Some(true), numbers),
            // A bare number is what whoever published it was told; it may be the brand's.
            None => (language.is_some().then_some(false), numbers),
        };
        let (revision, location) = numbers.split_once('.').unwrap_or((numbers, "0"));
        Ok(Self {
            of_brand,
            revision: number(revision)?,
            location: number(location)?,
            language,
        })
    }
}

fn number(text: &str) -> Result<i64, MarkError> {
    let is_number =
        (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match is_number {
        true => text.parse().map_err(|_| MarkError),
        false => Err(MarkError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        for text in [
            "7~de",
            "b7~de-AT",
            "b7.2~zh-Hant-TW",
            "123456789012345678~en",
        ] {
            let mark: Mark = text.parse().unwrap();
            assert_eq!(mark.to_string(), text);
        }
        for text in [
            "",
            "b",
            "7.",
            "-7",
            "7~",
            "7~German",
            "x7",
            "1234567890123456789",
            "7 ",
        ] {
            assert_eq!(text.parse::<Mark>(), Err(MarkError), "{text}");
        }
    }

    #[test]
    fn a_mark_is_like_another_of_the_same_place_way_and_language() {
        let is_like = |one: &str, other: &str| {
            let read = |text: &str| text.parse::<Mark>().unwrap();
            read(one).is_like(&read(other))
        };
        assert!(is_like("6~de", "7~de") && is_like("6", "7~de") && is_like("6", "b7~de"));
        assert!(!is_like("6~de", "7~fr"), "another language");
        assert!(!is_like("6~de", "b7~de"), "another place");
        assert!(!is_like("b6.1~de", "b7.2~de"), "sold in another way");
        assert!(!is_like("6", "b7.2~de"), "sold in another way");
    }
}
