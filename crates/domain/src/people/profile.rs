//! What people say of themselves: names, a picture, a language, a city.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::organisations::Name;
use base::Locale;
use base::text::is_unseen;

/// The most characters of a line.
pub const LINE_CHARS_MAX: usize = 200;
/// The most characters of the address of a picture.
const PICTURE_CHARS_MAX: usize = 500;

/// One line of text that people read, not empty, without spaces at its ends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(String);

/// A text that is no line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a line has 1 to {LINE_CHARS_MAX} characters, all of which can be seen")]
pub struct LineError;

impl Line {
    /// Takes a line as it was typed, without the spaces around it.
    ///
    /// # Errors
    /// It is empty, too long, or has characters that cannot be seen.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let line = text.trim();
        let fits = !line.is_empty() && text.chars().count() <= LINE_CHARS_MAX;
        if !fits || line.chars().any(is_unseen) {
            return Err(LineError);
        }
        Ok(Self(line.to_owned()))
    }

    /// The line as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A line says something of a person: it is never printed by accident.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

/// The address of a picture: `https` and visible characters only, so that showing it does nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Picture(String);

/// A text that is no address of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a picture has an address that begins with https:// and has at most {PICTURE_CHARS_MAX} plain characters"
)]
pub struct PictureError;

impl Picture {
    /// Takes an address as it was sent.
    ///
    /// # Errors
    /// It does not begin with `https://` and a host, is too long, or has characters that would need quoting.
    pub fn parse(text: &str) -> Result<Self, PictureError> {
        let rest = text.strip_prefix("https://").ok_or(PictureError)?;
        let begins = rest
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric());
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&()*+,;=%".contains(c);
        if begins && rest.chars().all(plain) && text.len() <= PICTURE_CHARS_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(PictureError)
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture")
    }
}

/// What a person says of itself. Nothing of it has been proven.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name or names that come first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_name: Option<Name>,
    /// The name or names that come last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_name: Option<Name>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub picture: Option<Picture>,
    /// The language that letters and pages are to be in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub locale: Option<Locale>,
    /// The city where the person mostly orders.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub city: Option<Line>,
}

impl Profile {
    /// The profile of somebody of whom a name is known and nothing else. What stands behind its first space counts
    /// as the last name; together both give the name back.
    #[must_use]
    pub fn named(name: &Name) -> Self {
        let mut parts = name.as_str().splitn(2, ' ');
        let mut part = || parts.next().and_then(|part| Name::parse(part).ok());
        Profile {
            first_name: part(),
            last_name: part(),
            ..Profile::default()
        }
    }

    /// The whole name, or nothing.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let names = [&self.first_name, &self.last_name];
        let names: Vec<&str> = names.into_iter().flatten().map(Name::as_str).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

/// A profile is personal: it is never printed by accident.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_went_in() {
        for whole in ["Ada", "Ada Lovelace", "Ana María de la Cruz"] {
            let profile = Profile::named(&Name::parse(whole).unwrap());
            assert_eq!(profile.name().as_deref(), Some(whole));
        }
        assert_eq!(Profile::default().name(), None);
    }

    #[test]
    fn pictures_are_plain_addresses() {
        assert!(Picture::parse("https://example.com/a/b.png?size=2&x=%20").is_ok());
        let long = format!("https://example.com/{}", "x".repeat(PICTURE_CHARS_MAX));
        for bad in [
            "",
            "http://example.com/a.png",
            "https://",
            "https:///a",
            "javascript:alert(1)",
            "https://example.com/\"><script>",
            "https://example.com/a b",
            &long,
        ] {
            assert_eq!(Picture::parse(bad), Err(PictureError), "{bad}");
        }
    }

    #[test]
    fn lines_have_something_to_see() {
        assert_eq!(Line::parse(" Ring twice ").unwrap().as_str(), "Ring twice");
        let long = "x".repeat(LINE_CHARS_MAX + 1);
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &long] {
            assert_eq!(Line::parse(bad), Err(LineError), "{bad:?}");
        }
    }
}
