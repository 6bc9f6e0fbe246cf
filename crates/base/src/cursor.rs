//! Cursors: where the next page begins, signed, so that nobody can make one up.
//!
//! A cursor is bound to a scope (which list, of whom, with which filter) and is refused anywhere else.
//! It is signed and not sealed: a patient reader can see the payload, so no secret belongs in it.

use std::fmt;

use ring::hmac;

use crate::{Error, Result, base64, codes};

/// The most bytes that a payload may have.
pub const PAYLOAD_BYTES_MAX: usize = 512;

const TAG_BYTES: usize = 16;
const TEXT_BYTES_MAX: usize = (PAYLOAD_BYTES_MAX + TAG_BYTES).div_ceil(3) * 4;
/// Keeps tags of cursors apart from tags of anything else that might be made with the same secret.
const PURPOSE: &[u8] = b"comanda cursor 1";

/// The secret that signs cursors, and for a while after a change also the one before.
#[derive(Clone)]
pub struct CursorKey {
    current: hmac::Key,
    previous: Option<hmac::Key>,
}

impl CursorKey {
    /// Makes a key from a secret.
    pub fn new(secret: [u8; 32]) -> Self {
        Self {
            current: key(secret),
            previous: None,
        }
    }

    /// Makes a key that signs with one secret and still accepts what the one before has signed.
    pub fn rotated(secret: [u8; 32], previous: [u8; 32]) -> Self {
        Self {
            current: key(secret),
            previous: Some(key(previous)),
        }
    }

    /// Writes a payload as a cursor that opens in this scope only.
    ///
    /// A payload of more than [`PAYLOAD_BYTES_MAX`] bytes is a fault of the caller: its cursor does
    /// not open.
    pub fn seal(&self, scope: &str, payload: &[u8]) -> String {
        let mut bytes = payload.to_vec();
        bytes.extend_from_slice(&tag(&self.current, scope, payload));
        base64::encode(&bytes)
    }

    /// Reads the payload of a cursor of this scope.
    ///
    /// # Errors
    ///
    /// Refuses what is too long, malformed, signed by no key of ours or of another scope, always with
    /// the same answer.
    pub fn open(&self, scope: &str, cursor: &str) -> Result<Vec<u8>> {
        self.opened(scope, cursor).ok_or_else(|| {
            Error::invalid(
                codes::CURSOR_REFUSED,
                "the cursor does not belong to this list",
            )
        })
    }

    fn opened(&self, scope: &str, cursor: &str) -> Option<Vec<u8>> {
        if cursor.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut bytes = base64::decode(cursor)?;
        let given = bytes.split_off(bytes.len().checked_sub(TAG_BYTES)?);
        let known = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .any(|key| is_tag(key, scope, &bytes, &given));
        known.then_some(bytes)
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(secret)")
    }
}

fn key(secret: [u8; 32]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &secret)
}

fn tag(key: &hmac::Key, scope: &str, payload: &[u8]) -> [u8; TAG_BYTES] {
    let mut context = hmac::Context::with_key(key);
    context.update(PURPOSE);
    // With its length in front, no part of a scope can pass for a part of a payload.
    context.update(&(scope.len() as u64).to_be_bytes());
    context.update(scope.as_bytes());
    context.update(payload);
    let mut tag = [0; TAG_BYTES];
    for (byte, signed) in tag.iter_mut().zip(context.sign().as_ref()) {
        *byte = *signed;
    }
    tag
}

fn is_tag(key: &hmac::Key, scope: &str, payload: &[u8], given: &[u8]) -> bool {
    // Ring compares whole tags only, in constant time. Ours are cut, so it compares tags of them.
    let expected = tag(key, scope, payload);
    hmac::verify(key, &expected, hmac::sign(key, given).as_ref()).is_ok()
}
