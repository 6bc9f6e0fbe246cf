//! The keys that sign heads: made from the secrets of the machine, introduced in the log itself.
//!
//! Each introduction is signed by the key that it introduces and names the introduction before it. So whoever knows the
//! current key can trust all that were before it, long after their secrets are gone.

use std::collections::BTreeMap;

use base::{Secret, Time};
use ring::digest::{Context, SHA256};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::chain::{Hash, Tail, finished};

const HEAD_FORM: &[u8] = b"comanda audit head 1";
const KEY_FORM: &[u8] = b"comanda audit key 1";
/// What the secret of the ring is used for here.
const PURPOSE: &str = "comanda audit ed25519 1";

/// A public key of Ed25519.
pub type Public = [u8; 32];

/// A secret that gives no key, which none does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the secret gives no signing key")]
pub struct KeyError;

/// Signs heads.
#[derive(Debug)]
pub struct Signer {
    number: u32,
    public: Public,
    pair: Ed25519KeyPair,
}

/// How far the chain had come at a moment, signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The last link, and its hash.
    pub tail: Tail,
    /// When it was signed.
    pub at: Time,
    /// The number of the key.
    pub key: u32,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A key as the log knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introduced {
    /// Its number in the ring of secrets.
    pub number: u32,
    /// The key.
    pub public: Public,
    /// When it was introduced.
    pub at: Time,
    /// The hash of the introduction before this one.
    pub before: Hash,
    /// The signature of the key itself.
    pub own: Vec<u8>,
    /// The signature of the key before it; empty for the first.
    pub endorsed: Vec<u8>,
}

/// An introduction that cannot be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("signing key {number} cannot be trusted: {why}")]
pub struct Untrusted {
    /// The number of the key.
    pub number: u32,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Signer {
    /// The signer of a secret.
    ///
    /// # Errors
    /// The secret gives no key.
    pub fn new(number: u32, secret: &Secret) -> Result<Self, KeyError> {
        let seed = secret.derive(PURPOSE);
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.bytes()).map_err(|_| KeyError)?;
        let public = pair.public_key().as_ref().try_into();
        Ok(Signer {
            number,
            public: public.map_err(|_| KeyError)?,
            pair,
        })
    }

    /// The number of its key.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// What its signatures are tested with.
    #[must_use]
    pub const fn public(&self) -> &Public {
        &self.public
    }

    /// Signs how far the chain of a region has come.
    #[must_use]
    pub fn sign(&self, region: &str, tail: Tail, at: Time) -> Head {
        let mut head = Head {
            tail,
            at,
            key: self.number,
            signature: Vec::new(),
        };
        head.signature = self.signature(&head.message(region));
        head
    }

    /// Introduces its key, after the introduction before it and with the word of the signer before it.
    #[must_use]
    pub fn introduce(
        &self,
        before: Option<&Introduced>,
        by: Option<&Signer>,
        at: Time,
    ) -> Introduced {
        let mut introduced = Introduced {
            number: self.number,
            public: self.public,
            at,
            before: before.map_or(Hash::ZERO, Introduced::hash),
            own: Vec::new(),
            endorsed: Vec::new(),
        };
        let message = introduced.message();
        introduced.own = self.signature(&message);
        introduced.endorsed = by.map_or_else(Vec::new, |by| by.signature(&message));
        introduced
    }

    fn signature(&self, message: &Hash) -> Vec<u8> {
        self.pair.sign(&message.0).as_ref().to_vec()
    }
}

impl Head {
    /// Whether this key has signed it for this region.
    #[must_use]
    pub fn is_signed(&self, region: &str, by: &Public) -> bool {
        is_signed(by, &self.message(region), &self.signature)
    }

    fn message(&self, region: &str) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(HEAD_FORM);
        context.update(&(region.len() as u64).to_be_bytes());
        context.update(region.as_bytes());
        context.update(&self.tail.seq.to_be_bytes());
        context.update(&self.tail.hash.0);
        context.update(&self.at.as_micros().to_be_bytes());
        context.update(&self.key.to_be_bytes());
        finished(context)
    }
}

impl Introduced {
    /// What is signed: everything but the signatures.
    fn message(&self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(KEY_FORM);
        context.update(&self.number.to_be_bytes());
        context.update(&self.public);
        context.update(&self.at.as_micros().to_be_bytes());
        context.update(&self.before.0);
        finished(context)
    }

    /// What the next introduction names.
    fn hash(&self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(&self.message().0);
        context.update(&self.own);
        context.update(&self.endorsed);
        finished(context)
    }
}

/// The keys that may be believed, given those that the secrets of this machine make: the newest introduction must be
/// of one of them, and vouches for all before it. `introduced` is in the order of the numbers.
///
/// # Errors
/// The first key, from the newest backwards, that nobody vouches for.
pub fn trusted(
    known: &[(u32, Public)],
    introduced: &[Introduced],
) -> Result<BTreeMap<u32, Public>, Untrusted> {
    let mut keys: BTreeMap<u32, Public> = known.iter().copied().collect();
    let mut expected: Option<Hash> = None;
    for (place, one) in introduced.iter().enumerate().rev() {
        let no = |why| Untrusted {
            number: one.number,
            why,
        };
        match expected {
            None if keys.get(&one.number) != Some(&one.public) => {
                return Err(no("it is not among the secrets of this machine"));
            }
            Some(expected) if one.hash() != expected => {
                return Err(no("the key after it names another introduction"));
            }
            _ => {}
        }
        let message = one.message();
        if !is_signed(&one.public, &message, &one.own) {
            return Err(no("it has not signed its own introduction"));
        }
        let before = place
            .checked_sub(1)
            .and_then(|before| introduced.get(before));
        let is_endorsed = |before: &Introduced| is_signed(&before.public, &message, &one.endorsed);
        if !one.endorsed.is_empty() && !before.is_some_and(is_endorsed) {
            return Err(no("the key before it has not signed its introduction"));
        }
        if before.is_none() && one.before != Hash::ZERO {
            return Err(no("the introduction before it is gone"));
        }
        expected = Some(one.before);
        keys.insert(one.number, one.public);
    }
    Ok(keys)
}

fn is_signed(by: &Public, message: &Hash, signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, by);
    key.verify(&message.0, signature).is_ok()
}
