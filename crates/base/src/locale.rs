//! Languages, as browsers and phones name them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language as browsers name it: `de`, `pt-BR`, `zh-Hant-TW`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Locale(String);

/// A text that is no language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocaleError;

impl fmt::Display for LocaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a language is written like de, pt-BR or zh-Hant-TW")
    }
}

impl std::error::Error for LocaleError {}

impl Locale {
    /// Takes a language with its script and region, if there are such.
    ///
    /// # Errors
    /// It is not written that way.
    pub fn parse(text: &str) -> Result<Self, LocaleError> {
        let mut parts = text.split('-').peekable();
        let language = parts.next().unwrap_or_default();
        let lower = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
        let upper = |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_language = matches!(language.len(), 2 | 3) && lower(language);
        let is_script = |part: &str| {
            part.len() == 4
                && part.is_char_boundary(1)
                && upper(part.split_at(1).0)
                && lower(part.split_at(1).1)
        };
        let is_region = |part: &str| {
            (part.len() == 2 && upper(part))
                || (part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if parts.peek().is_some_and(|part| is_script(part)) {
            parts.next();
        }
        if parts.peek().is_some_and(|part| is_region(part)) {
            parts.next();
        }
        if is_language && parts.next().is_none() {
            Ok(Self(text.to_owned()))
        } else {
            Err(LocaleError)
        }
    }

    /// The language as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_written_in_one_way() {
        for good in ["de", "pt-BR", "zh-Hant-TW", "es-419", "gsw", "sr-Latn"] {
            assert_eq!(Locale::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "", "d", "DE", "de-de", "de_DE", "de-DE-x", "de-Ünon", "deutsch",
        ] {
            assert_eq!(Locale::parse(bad), Err(LocaleError), "{bad}");
        }
    }
}
