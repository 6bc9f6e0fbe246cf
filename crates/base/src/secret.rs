//! Secrets: 32 random bytes that are wiped when they go, and never shown.
//!
//! A secret is kept in a file as a [`KeyRing`]: the key in use and, while a rotation is under way, the one before
//! it. Both are accepted then; only the current one makes anything new.

use std::fmt;

use ring::hmac;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::{Error, Random, Result, base64, codes};

/// How many bytes a secret has.
pub const BYTES: usize = 32;

/// The first line of a file with a ring; another format will begin otherwise.
const HEAD: &str = "comanda key ring 1";

/// A secret of so few different bytes was typed or copied from an example, not drawn.
const DIFFERENT_BYTES_MIN: usize = 12;

/// Secret bytes. `Debug` shows nothing of them, and they are wiped when the value is dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Secret([u8; BYTES]);

impl Secret {
    /// Draws a secret. The source must be the real one outside of tests.
    pub fn draw(random: &Random) -> Self {
        let mut secret = Self([0; BYTES]);
        random.fill(&mut secret.0);
        secret
    }

    /// Takes bytes that came from elsewhere.
    ///
    /// # Errors
    ///
    /// Refuses bytes that nobody can have drawn: all alike, counting up, or of few different values.
    pub fn from_bytes(bytes: [u8; BYTES]) -> Result<Self> {
        let secret = Self(bytes);
        match secret.is_weak() {
            true => Err(refused("a secret is weak: it was not drawn at random")),
            false => Ok(secret),
        }
    }

    /// Reads a secret from its text, 43 letters of base 64.
    ///
    /// # Errors
    ///
    /// Refuses other texts, and weak secrets as [`Secret::from_bytes`] does.
    pub fn from_text(text: &str) -> Result<Self> {
        let decoded = base64::decode(text).map(Zeroizing::new);
        let bytes = decoded
            .and_then(|bytes| <[u8; BYTES]>::try_from(bytes.as_slice()).ok())
            .ok_or_else(|| refused("a secret is not 32 bytes in base 64"))?;
        Self::from_bytes(bytes)
    }

    /// Writes the secret as text, for its file and nothing else.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(base64::encode(&self.0))
    }

    /// Lends the bytes.
    pub fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// Makes 32 bytes that only the owner of the secret can make. The purpose keeps apart what one secret is used
    /// for, so it is a fixed text of the caller.
    pub fn tag(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        let signed = self.sign(purpose, message);
        let mut tag = [0; 32];
        for (byte, signed) in tag.iter_mut().zip(signed.as_ref()) {
            *byte = *signed;
        }
        tag
    }

    /// Says, in constant time, whether the tag is the one that [`Secret::tag`] makes.
    pub fn is_tag(&self, purpose: &str, message: &[u8], given: &[u8]) -> bool {
        // Ring verifies what it has signed itself: both sides are signed once more with the same key.
        let expected = self.sign(purpose, message);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        hmac::verify(&key, expected.as_ref(), hmac::sign(&key, given).as_ref()).is_ok()
    }

    /// Makes another secret of this one, for one purpose.
    pub fn derive(&self, purpose: &str) -> Self {
        Self(self.tag(purpose, b"derived"))
    }

    fn sign(&self, purpose: &str, message: &[u8]) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        // With its length in front, no part of a purpose can pass for a part of a message.
        context.update(&(purpose.len() as u64).to_be_bytes());
        context.update(purpose.as_bytes());
        context.update(message);
        context.sign()
    }

    fn is_weak(&self) -> bool {
        let mut seen = [false; 256];
        for byte in self.0 {
            seen[usize::from(byte)] = true;
        }
        let different = seen.iter().filter(|seen| **seen).count();
        let steps = self.0.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        let mut steps_sorted: Vec<u8> = steps.collect();
        steps_sorted.sort_unstable();
        steps_sorted.dedup();
        let is_even_walk = steps_sorted.len() < 4;
        steps_sorted.zeroize();
        different < DIFFERENT_BYTES_MIN || is_even_walk
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A key in use with its number, and while it is rotated also the one before it.
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// The key that makes everything new.
    pub current: (u32, Secret),
    /// The key before it, which is still accepted.
    pub previous: Option<(u32, Secret)>,
}

impl KeyRing {
    /// Draws the first key of a ring.
    pub fn draw(random: &Random) -> Self {
        Self {
            current: (1, Secret::draw(random)),
            previous: None,
        }
    }

    /// Draws the next key and keeps the current one as the previous.
    ///
    /// # Errors
    ///
    /// Refuses while an older key is still kept, for it would be lost with all that it protects.
    pub fn rotated(&self, random: &Random) -> Result<Self> {
        if let Some((number, _)) = self.previous {
            let message = format!("key {number} is still kept; retire it before the next rotation");
            return Err(Error::conflict(codes::CONFLICT, message));
        }
        Ok(Self {
            current: (self.current.0.saturating_add(1), Secret::draw(random)),
            previous: Some(self.current.clone()),
        })
    }

    /// The same ring without the previous key.
    #[must_use]
    pub fn retired(&self) -> Self {
        Self {
            current: self.current.clone(),
            previous: None,
        }
    }

    /// Finds the key of a number, if it is still kept.
    pub fn find(&self, number: u32) -> Option<&Secret> {
        self.all()
            .find(|(known, _)| *known == number)
            .map(|(_, secret)| secret)
    }

    /// All keys that are accepted, the current one first.
    pub fn all(&self) -> impl Iterator<Item = (u32, &Secret)> {
        let keys = [Some(&self.current), self.previous.as_ref()];
        keys.into_iter()
            .flatten()
            .map(|(number, secret)| (*number, secret))
    }

    /// Reads a ring from the text of its file.
    ///
    /// # Errors
    ///
    /// Refuses what [`KeyRing::to_text`] did not write, weak secrets, and two keys of one number.
    pub fn from_text(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(refused("this is no key ring"));
        }
        let current = lines.next().and_then(|line| line.strip_prefix("current "));
        let current = key(current.ok_or_else(|| refused("the ring has no current key"))?)?;
        let previous = match lines.next() {
            Some(line) => {
                let line = line.strip_prefix("previous ");
                let line = line.ok_or_else(|| refused("the ring has an unknown line"))?;
                Some(key(line)?)
            }
            None => None,
        };
        if lines.next().is_some() || previous.as_ref().is_some_and(|(n, _)| *n == current.0) {
            return Err(refused("the ring has a line too many, or one number twice"));
        }
        Ok(Self { current, previous })
    }

    /// Writes the ring as the text of its file.
    pub fn to_text(&self) -> Zeroizing<String> {
        let line = |word: &str, key: &(u32, Secret)| {
            Zeroizing::new(format!("{word} {} {}\n", key.0, *key.1.to_text()))
        };
        // One allocation of the right size: a growing text would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(256));
        text.push_str(HEAD);
        text.push('\n');
        text.push_str(&line("current", &self.current));
        if let Some(previous) = &self.previous {
            text.push_str(&line("previous", previous));
        }
        text
    }
}

fn key(line: &str) -> Result<(u32, Secret)> {
    let (number, secret) = line
        .split_once(' ')
        .ok_or_else(|| refused("a key of the ring has no number"))?;
    let number = number.parse().ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| refused("the number of a key is none"))?;
    Ok((number, Secret::from_text(secret)?))
}

#[track_caller]
fn refused(message: &'static str) -> Error {
    Error::invalid(codes::LINE_MALFORMED, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let ring = KeyRing::draw(&Random::seeded(1));
        let ring = ring.rotated(&Random::seeded(2)).unwrap();
        assert_eq!(
            format!("{ring:?}"),
            "KeyRing { current: (2, Secret), previous: Some((1, Secret)) }"
        );
    }

    #[test]
    fn a_ring_reads_back_as_it_was_written() {
        let one = KeyRing::draw(&Random::seeded(1));
        let two = one.rotated(&Random::seeded(2)).unwrap();
        for ring in [&one, &two, &two.retired()] {
            let read = KeyRing::from_text(&ring.to_text()).unwrap();
            assert_eq!(*read.to_text(), *ring.to_text());
        }
        assert_eq!(two.find(1).unwrap().bytes(), one.current.1.bytes());
        assert!(two.retired().find(1).is_none());
        assert!(two.rotated(&Random::seeded(3)).is_err());
    }

    #[test]
    fn weak_secrets_are_refused() {
        let counting = std::array::from_fn(|place| place as u8);
        let few = std::array::from_fn(|place| (place % 5) as u8 * 40);
        let text = *b"change-me-change-me-change-me-ch";
        for weak in [[0; BYTES], [0xff; BYTES], counting, few, text] {
            assert!(Secret::from_bytes(weak).is_err(), "{weak:?}");
        }
        for seed in 0..1_000 {
            assert!(!Secret::draw(&Random::seeded(seed)).is_weak(), "{seed}");
        }
    }

    #[test]
    fn spoiled_rings_are_refused() {
        let good = KeyRing::draw(&Random::seeded(1));
        let good = good.rotated(&Random::seeded(2)).unwrap().to_text();
        let spoiled = [
            good.replace("ring 1", "ring 2"),
            good.replace("current", "currant"),
            good.replace("previous 1", "previous 2"),
            good.replace("previous 1", "previous 0"),
            good.replace("current 2 ", "current 2 A"),
            format!("{}previous 3 x\n", *good),
            String::new(),
        ];
        for text in spoiled {
            assert!(KeyRing::from_text(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_tag_belongs_to_its_purpose_and_message() {
        let secret = Secret::draw(&Random::seeded(1));
        let tag = secret.tag("set-up", b"link");
        assert!(secret.is_tag("set-up", b"link", &tag));
        assert!(!secret.is_tag("set-up", b"lin", &tag));
        assert!(!secret.is_tag("set-u", b"plink", &tag));
        assert!(!Secret::draw(&Random::seeded(2)).is_tag("set-up", b"link", &tag));
        assert!(!secret.is_tag("set-up", b"link", &tag[..31]));
    }
}
