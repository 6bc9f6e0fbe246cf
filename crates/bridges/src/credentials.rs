//! What a provider knows us by: texts that are wiped when they go, and never shown.

use std::collections::BTreeMap;
use std::fmt;

use base::{Error, Result, codes};
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

/// How long a secret of a provider may be.
const CHARS_MAX: usize = 512;

/// A secret text. `Debug` shows nothing of it, and it is wiped when the value is dropped.
#[derive(Clone)]
pub struct Phrase(Zeroizing<String>);

impl Phrase {
    /// Takes the text as the provider gave it.
    ///
    /// # Errors
    /// Refuses nothing at all, more than 512 characters, and what cannot stand in a header.
    pub fn parse(text: &str) -> Result<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > CHARS_MAX || !is_plain {
            return Err(refused(
                "a secret of a payment provider has 1 to 512 visible characters",
            ));
        }
        Ok(Phrase(Zeroizing::new(text.to_owned())))
    }

    /// Lends the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Phrase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        // The error must not repeat the text.
        Phrase::parse(&text).map_err(|_| de::Error::custom("it cannot be used"))
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase")
    }
}

/// Reads a file of credentials: lines `name = value`, where empty lines and those that begin with `#` say nothing.
/// The names must be these, the first ones at least.
pub(crate) fn read<'a>(
    text: &'a str,
    needed: &[&str],
    allowed: &[&str],
) -> Result<BTreeMap<&'a str, &'a str>> {
    let mut found = BTreeMap::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts = line.split_once('=');
        // Nothing of the line is repeated: where the name is wrong, a secret may stand in its place.
        let (name, value) = parts.ok_or_else(|| refused("a line is not `name = value`"))?;
        let name = name.trim();
        if !needed.contains(&name) && !allowed.contains(&name) {
            return Err(refused("a line has a name that is not known"));
        }
        if found.insert(name, value.trim()).is_some() {
            return Err(refused(format!("`{name}` stands there twice")));
        }
    }
    match needed.iter().find(|name| !found.contains_key(**name)) {
        Some(missing) => Err(refused(format!("`{missing}` is missing"))),
        None => Ok(found),
    }
}

/// Takes a value out of what was read.
pub(crate) fn phrase(found: &BTreeMap<&str, &str>, name: &str) -> Result<Phrase> {
    Phrase::parse(found.get(name).copied().unwrap_or_default())
        .map_err(|error| error.context(format!("`{name}`")))
}

/// A refusal of credentials, without anything of them.
pub(crate) fn refused(said: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(codes::LINE_MALFORMED, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_known_names_once() {
        let names: (&[&str], &[&str]) = (&["a"], &["b"]);
        let read = |text| read(text, names.0, names.1);
        let found = read("# ours\n\na = x=y\n b=z \n").unwrap();
        assert_eq!((found["a"], found["b"]), ("x=y", "z"));
        for bad in ["", "b = 1", "a = 1\na = 2", "a = 1\nc = 2", "a = 1\nCANARY"] {
            let said = format!("{:?}", read(bad).unwrap_err());
            assert!(!said.contains("CANARY"), "{said}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Phrase::parse("CANARY").unwrap();
        assert_eq!(format!("{secret:?}"), "Phrase");
        for bad in ["", "a b", "a\n", "ä", &"x".repeat(513)] {
            assert!(Phrase::parse(bad).is_err(), "{bad:?}");
        }
    }
}
