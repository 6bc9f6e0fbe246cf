//! Texts of menus: what people read in several languages, and the short keys that things are called by.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{LANGUAGES_MAX, TEXT_CHARS_MAX};
use base::Locale;
use base::text::is_unseen;

/// The most characters of a key.
pub const KEY_CHARS_MAX: usize = 40;
/// The most characters of an external id.
pub const EXTERNAL_ID_CHARS_MAX: usize = 80;
/// The most characters of a remark.
pub const REMARK_CHARS_MAX: usize = 120;
/// The most pairs of metadata.
pub const METADATA_PAIRS_MAX: usize = 16;
/// The most characters of a value of metadata.
pub const METADATA_CHARS_MAX: usize = 200;

/// A text that is not what it should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TextError {
    /// No key.
    #[error("a key has 1 to {KEY_CHARS_MAX} small letters, digits and hyphens, no hyphen first")]
    Key,
    /// No external id.
    #[error("an external id has 1 to {EXTERNAL_ID_CHARS_MAX} characters in one line")]
    ExternalId,
    /// No remark.
    #[error("a remark has 1 to {REMARK_CHARS_MAX} characters in one line")]
    Remark,
}

/// Makes types of checked texts that read and write as plain strings.
macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident, $error:expr, $is:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                match $is(text) {
                    true => Ok(Self(text.to_owned())),
                    false => Err($error),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                base::text::deserialize(deserializer)
            }
        }
    )+};
}

texts! {
    /// What a part of the day or a tax class is called by: `^[a-z0-9][a-z0-9-]{0,39}$`.
    Key, TextError::Key, is_key;
    /// A sales channel, written as a [`Key`]; `direct` is the platform's own.
    Channel, TextError::Key, is_key;
    /// What another system calls something: one line, without spaces at its ends.
    ExternalId, TextError::ExternalId, |text| is_line(text, EXTERNAL_ID_CHARS_MAX);
    /// Why something is off, in one line.
    Remark, TextError::Remark, |text| is_line(text, REMARK_CHARS_MAX);
}

/// The platform's own channel.
const DIRECT: &str = "direct";

impl Default for Channel {
    fn default() -> Self {
        Self(DIRECT.to_owned())
    }
}

fn is_key(text: &str) -> bool {
    let solid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= KEY_CHARS_MAX
        && text.bytes().next().is_some_and(solid)
        && text.bytes().all(|byte| solid(byte) || byte == b'-')
}

fn is_line(text: &str, chars_max: usize) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= chars_max
        && !text.chars().any(is_unseen)
}

/// A language as browsers name it, with what to show where a text lacks it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Language(String);

/// A text that is no language.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a language is written like de, pt-BR or zh-Hant-TW")]
pub struct LanguageError;

impl Language {
    /// The language as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language and what is wider than it, nearest first: `zh-Hant-TW`, `zh-Hant`, `zh`.
    pub fn chain(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.0.as_str()), |text| {
            text.rsplit_once('-').map(|(wider, _)| wider)
        })
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        Locale::parse(text).map_err(|_| LanguageError)?;
        Ok(Self(text.to_owned()))
    }
}

impl std::borrow::Borrow<str> for Language {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base::text::deserialize(deserializer)
    }
}

/// A text that people read: in the language of the menu, and perhaps in others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Words {
    main: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    other: BTreeMap<Language, String>,
}

/// Words as they are written, before anybody has looked at them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    main: String,
    #[serde(default)]
    other: BTreeMap<Language, String>,
}

/// Why a text is none to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WordsError {
    /// There is nothing in it.
    #[error("a text must not be empty or have blanks at its ends")]
    Empty,
    /// It is longer than people read.
    #[error("a text has at most {TEXT_CHARS_MAX} characters")]
    TooLong,
    /// It has characters that nobody sees.
    #[error("a text has no control characters but line breaks, and none that cannot be seen")]
    Unseen,
    /// It is in more languages than there may be.
    #[error("a text is in at most {LANGUAGES_MAX} languages besides the main one")]
    Languages,
}

impl Words {
    /// Takes a text in the language of the menu.
    ///
    /// # Errors
    /// It is empty, has blanks at its ends, is too long, or has characters that cannot be seen.
    pub fn parse(main: &str) -> Result<Self, WordsError> {
        Self::of(main.to_owned(), BTreeMap::new())
    }

    /// Takes a text in the language of the menu and in others.
    ///
    /// # Errors
    /// One of the texts is none, or there are too many.
    pub fn of(main: String, other: BTreeMap<Language, String>) -> Result<Self, WordsError> {
        if other.len() > LANGUAGES_MAX {
            return Err(WordsError::Languages);
        }
        std::iter::once(&main)
            .chain(other.values())
            .try_for_each(|text| is_text(text))?;
        Ok(Self { main, other })
    }

    /// Adds the text in another language, or replaces it.
    ///
    /// # Errors
    /// It is no text, or there are too many languages.
    pub fn with(self, language: Language, text: &str) -> Result<Self, WordsError> {
        let mut other = self.other;
        other.insert(language, text.to_owned());
        Self::of(self.main, other)
    }

    /// The text in the language of the menu.
    #[must_use]
    pub fn main(&self) -> &str {
        &self.main
    }

    /// The text in the other languages.
    #[must_use]
    pub const fn other(&self) -> &BTreeMap<Language, String> {
        &self.other
    }

    /// The text in a language, or in the nearest one that it is in: de-AT, then de, then the main one.
    #[must_use]
    pub fn in_language(&self, wanted: Option<&Language>) -> &str {
        let chain = wanted.into_iter().flat_map(Language::chain);
        let mut found = chain.filter_map(|language| self.other.get(language));
        found.next().map_or(self.main.as_str(), String::as_str)
    }

    /// All texts: the main one first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.main.as_str()).chain(self.other.values().map(String::as_str))
    }
}

impl TryFrom<Raw> for Words {
    type Error = WordsError;

    fn try_from(raw: Raw) -> Result<Self, WordsError> {
        Self::of(raw.main, raw.other)
    }
}

fn is_text(text: &str) -> Result<(), WordsError> {
    if text.is_empty() || text.trim() != text {
        return Err(WordsError::Empty);
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(WordsError::TooLong);
    }
    match text.chars().any(|c| is_unseen(c) && c != '\n') {
        true => Err(WordsError::Unseen),
        false => Ok(()),
    }
}

/// A few small pairs that the owner's programs keep with a part; they mean nothing here and are never shown.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Metadata(BTreeMap<String, String>);

/// Pairs that are too many, too long or not readable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "metadata are at most {METADATA_PAIRS_MAX} pairs of a name of 1 to {KEY_CHARS_MAX} visible characters \
     and a text of at most {METADATA_CHARS_MAX}"
)]
pub struct MetadataError;

impl Metadata {
    /// Takes pairs.
    ///
    /// # Errors
    /// They are too many, too long or not readable.
    pub fn of(pairs: BTreeMap<String, String>) -> Result<Self, MetadataError> {
        let fits = |(name, value): (&String, &String)| {
            is_line(name, KEY_CHARS_MAX) && (value.is_empty() || is_line(value, METADATA_CHARS_MAX))
        };
        match pairs.len() <= METADATA_PAIRS_MAX && pairs.iter().all(fits) {
            true => Ok(Self(pairs)),
            false => Err(MetadataError),
        }
    }

    /// The pairs.
    #[must_use]
    pub const fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Metadata {
    type Error = MetadataError;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self, MetadataError> {
        Self::of(pairs)
    }
}
