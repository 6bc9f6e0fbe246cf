//! A backup of the secrets: one file, sealed by a passphrase.
//!
//! The key is stretched from the passphrase by PBKDF2 with HMAC-SHA-256, the content sealed by AES-256-GCM. The head
//! with salt, rounds and nonce is bound to the content, so nothing of the file can be changed unseen.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use base::{Error, Random, Result, codes};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::pbkdf2;
use zeroize::Zeroizing;

const MAGIC: &[u8; 18] = b"comanda-secrets-1\n";
const SALT: usize = 16;
const NONCE: usize = 12;
const HEAD: usize = MAGIC.len() + 4 + SALT + NONCE;

/// What OWASP asks for with this function.
const ROUNDS: u32 = 600_000;
/// A file that asks for more would only keep the machine busy.
const ROUNDS_MAX: u32 = 10_000_000;

/// Names of files and what is in them.
pub(crate) type Files = BTreeMap<String, String>;

/// Seals files.
pub(crate) fn seal(files: &Files, passphrase: &str, random: &Random) -> Result<Vec<u8>> {
    let mut head = [0; HEAD];
    head[..MAGIC.len()].copy_from_slice(MAGIC);
    head[MAGIC.len()..][..4].copy_from_slice(&ROUNDS.to_be_bytes());
    random.fill(&mut head[MAGIC.len() + 4..]);
    let (key, nonce) = key(&head, passphrase)?;
    let mut content = serde_json::to_vec(files).map_err(|_| broken("cannot be written"))?;
    key.seal_in_place_append_tag(nonce, Aad::from(&head), &mut content)
        .map_err(|_| broken("cannot be sealed"))?;
    Ok([head.as_slice(), &content].concat())
}

/// Opens what [`seal`] made.
///
/// # Errors
/// The passphrase is another one, or the file was changed; which of both cannot be told.
pub(crate) fn open(sealed: &[u8], passphrase: &str) -> Result<Files> {
    let (head, content) = sealed
        .split_first_chunk::<HEAD>()
        .filter(|(head, _)| head.starts_with(MAGIC))
        .ok_or_else(|| broken("is none"))?;
    let (key, nonce) = key(head, passphrase)?;
    let mut content = Zeroizing::new(content.to_vec());
    let opened = key
        .open_in_place(nonce, Aad::from(head), &mut content)
        .map_err(|_| {
            broken("does not open: the passphrase is another one, or the file is damaged")
        })?;
    serde_json::from_slice(opened).map_err(|_| broken("holds something else"))
}

fn key(head: &[u8; HEAD], passphrase: &str) -> Result<(LessSafeKey, Nonce)> {
    let (rounds, rest) = head[MAGIC.len()..].split_at(4);
    let (salt, nonce) = rest.split_at(SALT);
    let rounds = rounds
        .try_into()
        .map(u32::from_be_bytes)
        .unwrap_or_default();
    let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= ROUNDS_MAX);
    let rounds = rounds.ok_or_else(|| broken("is none"))?;
    let mut bytes = Zeroizing::new([0; 32]);
    let how = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(how, rounds, salt, passphrase.as_bytes(), &mut *bytes);
    let key = UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| broken("has no key"))?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken("has no nonce"))?;
    Ok((LessSafeKey::new(key), nonce))
}

#[track_caller]
fn broken(what: &str) -> Error {
    let text = format!("the backup of secrets {what}");
    Error::invalid(codes::BACKUP_REFUSED, text)
}
