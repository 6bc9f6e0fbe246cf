//! Access tokens: signed claims of who asks, in the compact form of RFC 7515, signed with Ed25519.
//!
//! We alone make them, so we know every letter of their heads. A head is not read but compared with the few that our
//! own keys write; what another head could ask for (another way to sign, a key from elsewhere) is never looked at.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::{Error, KeyRing, Random, Result, Secret, Time, base64, codes};
use domain::people::{PersonId, SessionId};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::settings::{ACCESS_MAX, Settings};

/// The longest token that is looked at.
pub(super) const BYTES_MAX: usize = 1_024;
/// Another node's clock may be so far ahead.
const SKEW: Duration = Duration::from_secs(60);
const MICROS: i64 = 1_000_000;

/// What a token says. A claim that is not here, or is there twice, makes it none of ours.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    sub: PersonId,
    sid: SessionId,
    iat: i64,
    exp: i64,
    jti: String,
}

/// A token that was found to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) person: PersonId,
    pub(super) session: SessionId,
    /// The session's id as text, by which it is looked up.
    pub(super) key: String,
    pub(super) expires_at: Time,
    number: u32,
}

/// A public key as apps and libraries read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Public {
    pub(super) number: u32,
    pub(super) key: [u8; 32],
}

/// Signs and verifies access tokens with the keys of a ring, and follows its rotation.
pub(super) struct Signer {
    issuer: String,
    audience: String,
    good_for: Duration,
    ring: watch::Receiver<KeyRing>,
    made: RwLock<Option<Arc<Made>>>,
}

/// What was made of the keys of a ring, for as long as these are its keys.
struct Made {
    numbers: (u32, Option<u32>),
    pair: Ed25519KeyPair,
    /// Each accepted key with the head that it signs under, the current one first.
    heads: Vec<(String, Public)>,
}

impl Signer {
    pub(super) fn new(settings: &Settings, ring: &watch::Receiver<KeyRing>) -> Self {
        Signer {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            good_for: settings.access(),
            ring: ring.clone(),
            made: RwLock::new(None),
        }
    }

    /// A new token of a session, and how long it is good.
    pub(super) fn sign(
        &self,
        (person, session): (PersonId, SessionId),
        (now, until): (Time, Time),
        random: &Random,
    ) -> Result<(String, Duration)> {
        let made = self.made()?;
        let iat = now.as_micros().div_euclid(MICROS);
        // It is never good for longer than the session behind it.
        let good_for = self.good_for.min(until.since(now)).as_secs();
        let mut chance = [0; 12];
        random.fill(&mut chance);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: person,
            sid: session,
            iat,
            exp: iat.saturating_add(i64::try_from(good_for).unwrap_or_default()),
            jti: base64::encode(&chance),
        };
        let claims = serde_json::to_vec(&claims).map_err(|error| unusable().caused_by(error))?;
        let (head, _) = made.heads.first().ok_or_else(unusable)?;
        let signed = format!("{head}.{}", base64::encode(&claims));
        let signature = made.pair.sign(signed.as_bytes());
        let token = format!("{signed}.{}", base64::encode(signature.as_ref()));
        match token.len() <= BYTES_MAX {
            true => Ok((token, Duration::from_secs(good_for))),
            false => Err(unusable()),
        }
    }

    /// Who a token says asks, if it is one of ours and good at this moment.
    pub(super) fn verify(&self, token: &str, now: Time) -> Option<Verified> {
        if token.len() > BYTES_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (head, body) = signed.split_once('.')?;
        let made = self.made().ok()?;
        let (_, public) = made.heads.iter().find(|(known, _)| known == head)?;
        let signature = base64::decode(signature)?;
        let key = UnparsedPublicKey::new(&ED25519, &public.key);
        key.verify(signed.as_bytes(), &signature).ok()?;
        let claims: Claims = serde_json::from_slice(&base64::decode(body)?).ok()?;
        self.judge(&claims, now)?;
        Some(Verified {
            person: claims.sub,
            session: claims.sid,
            key: claims.sid.to_string(),
            expires_at: seconds(claims.exp)?,
            number: public.number,
        })
    }

    /// Whether a token that was good is so still: its time has not passed and its key is accepted.
    pub(super) fn holds(&self, verified: &Verified, now: Time) -> bool {
        now < verified.expires_at && self.ring.borrow().find(verified.number).is_some()
    }

    /// The public keys that tokens may be signed with, the current one first.
    pub(super) fn public(&self) -> Result<Vec<Public>> {
        Ok(self
            .made()?
            .heads
            .iter()
            .map(|(_, public)| public.clone())
            .collect())
    }

    fn judge(&self, claims: &Claims, now: Time) -> Option<()> {
        let (iat, exp) = (seconds(claims.iat)?, seconds(claims.exp)?);
        let is_ours = claims.iss == self.issuer && claims.aud == self.audience;
        let is_time = now < exp && iat <= now.plus(SKEW)? && exp.since(iat) <= ACCESS_MAX;
        (is_ours && is_time).then_some(())
    }

    /// What the keys of the ring in force make; made anew when they are others.
    fn made(&self) -> Result<Arc<Made>> {
        let ring = self.ring.borrow();
        let numbers = (
            ring.current.0,
            ring.previous.as_ref().map(|(number, _)| *number),
        );
        let known = self
            .made
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(made) = known.filter(|made| made.numbers == numbers) {
            return Ok(made);
        }
        let heads = ring.all().map(|(number, secret)| {
            let key = public(&pair(secret)?)?;
            Ok((head(number), Public { number, key }))
        });
        let made = Arc::new(Made {
            numbers,
            pair: pair(&ring.current.1)?,
            heads: heads.collect::<Result<_>>()?,
        });
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// The one head that tokens under the key of this number have.
fn head(number: u32) -> String {
    base64::encode(format!(r#"{{"alg":"EdDSA","kid":"{number}","typ":"at+jwt"}}"#).as_bytes())
}

fn pair(secret: &Secret) -> Result<Ed25519KeyPair> {
    let seed = secret.derive("access tokens");
    Ed25519KeyPair::from_seed_unchecked(seed.bytes()).map_err(|_| unusable())
}

fn public(pair: &Ed25519KeyPair) -> Result<[u8; 32]> {
    pair.public_key()
        .as_ref()
        .try_into()
        .map_err(|_| unusable())
}

fn seconds(seconds: i64) -> Option<Time> {
    seconds.checked_mul(MICROS).map(Time::from_micros)
}

#[track_caller]
fn unusable() -> Error {
    Error::internal(
        codes::INTERNAL,
        "access tokens cannot be made with this key or these settings",
    )
}
