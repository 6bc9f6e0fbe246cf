//! One ciphertext: AES-256-GCM under a random nonce, bound to what it is about.
//!
//! Its bytes are a version, the nonce, and the sealed text with its tag.

use base::{Random, Secret, Uid};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};

/// The first byte; another way to seal will have another.
const VERSION: u8 = 1;
/// What stands before the sealed text.
const HEADER: usize = 1 + NONCE_LEN;
const TAG: usize = 16;

/// What a ciphertext is bound to: the kind of thing, whose it is, and which of his things.
pub(super) fn bound_to(kind: &str, person: Uid, what: &[u8]) -> Vec<u8> {
    [kind.as_bytes(), person.as_bytes(), what].concat()
}

/// Seals bytes, bound to something.
pub(super) fn lock(
    key: &Secret,
    bound_to: &[u8],
    plain: &[u8],
    random: &Random,
) -> Outcome<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce);
    let mut bytes = Vec::with_capacity(HEADER.saturating_add(plain.len()).saturating_add(TAG));
    bytes.push(VERSION);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let (_, text) = bytes.split_at_mut(HEADER);
    let tag = cipher(key)?
        .seal_in_place_separate_tag(nonce, Aad::from(bound_to), text)
        .map_err(|_| Failure::Malformed("a text too long to be sealed".to_owned()))?;
    bytes.extend_from_slice(tag.as_ref());
    Ok(bytes)
}

/// Whether bytes can be a ciphertext of ours at all.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    bytes.first() == Some(&VERSION) && bytes.len() >= HEADER + TAG
}

/// Opens what was sealed; nothing where a bit differs, of it, of the key or of what it is bound to.
pub(super) fn unlock(key: &Secret, bound_to: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !is_whole(bytes) {
        return None;
    }
    let (header, text) = bytes.split_at_checked(HEADER)?;
    let nonce = Nonce::try_assume_unique_for_key(header.get(1..)?).ok()?;
    let mut text = Zeroizing::new(text.to_vec());
    let opened = cipher(key)
        .ok()?
        .open_in_place(nonce, Aad::from(bound_to), &mut text)
        .ok()?
        .len();
    text.truncate(opened);
    Some(text)
}

fn cipher(key: &Secret) -> Outcome<LessSafeKey> {
    // Ring refuses other lengths only.
    UnboundKey::new(&AES_256_GCM, key.bytes())
        .map(LessSafeKey::new)
        .map_err(|_| Failure::Broken("a key of another length".to_owned()))
}
