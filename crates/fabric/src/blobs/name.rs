//! The names of blobs: they are made, never taken as they come, so none can lead out of its place.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use thiserror::Error;

/// The most letters of a space.
const SPACE_CHARS_MAX: usize = 63;

/// The part of all blobs that belongs to somebody: small letters, digits and hyphens.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Space(Box<str>);

/// Why a text names no space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "a space has 1 to 63 small letters, digits and hyphens, and begins with none of the latter"
)]
pub struct SpaceError;

impl Space {
    /// The space of this name.
    ///
    /// # Errors
    /// It has other characters, none or too many.
    pub fn parse(text: &str) -> Result<Self, SpaceError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = text.len() <= SPACE_CHARS_MAX
            && text.bytes().next().is_some_and(plain)
            && text.bytes().all(|byte| plain(byte) || byte == b'-');
        match fits {
            true => Ok(Space(text.into())),
            false => Err(SpaceError),
        }
    }

    /// How it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a blob: the SHA-256 of what it holds, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; SHA256_OUTPUT_LEN]);

/// Why a text names no blob.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the name of a blob has 64 hexadecimal digits")]
pub struct BlobIdError;

impl BlobId {
    /// The name of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut id = [0; SHA256_OUTPUT_LEN];
        id.copy_from_slice(digest(&SHA256, bytes).as_ref());
        BlobId(id)
    }

    /// The name from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SHA256_OUTPUT_LEN]) -> Self {
        BlobId(bytes)
    }

    /// The bytes of the name.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SHA256_OUTPUT_LEN] {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobId {
    type Err = BlobIdError;

    fn from_str(text: &str) -> Result<Self, BlobIdError> {
        let mut id = [0; SHA256_OUTPUT_LEN];
        let digits = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        if text.len() != 2 * SHA256_OUTPUT_LEN || !text.as_bytes().iter().all(digits) {
            return Err(BlobIdError);
        }
        for (byte, at) in id.iter_mut().zip((0..).step_by(2)) {
            let pair = text.get(at..at + 2).ok_or(BlobIdError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| BlobIdError)?;
        }
        Ok(BlobId(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_leads_nowhere() {
        for good in ["a", "pictures-42", "0", &"x".repeat(63)] {
            assert_eq!(Space::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(64);
        for bad in [
            "", "-a", ".", "..", "a/b", "/a", "a\\b", "A", "a.b", "a b", "a\0", "ä", "%2e", "~",
            &long,
        ] {
            assert_eq!(Space::parse(bad), Err(SpaceError), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_the_hash_of_what_it_names() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(BlobId::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(BlobId::of(b"")));
        for bad in [
            "",
            "e3",
            &empty.to_uppercase(),
            &empty.replace('e', "é"),
            &format!("{empty}0"),
        ] {
            assert_eq!(bad.parse::<BlobId>(), Err(BlobIdError), "{bad:?}");
        }
    }
}
