//! The signature of a call: a time, and for each secret in force the HMAC-SHA-256 of time, a dot and the body.

use std::fmt::Write as _;

use base::{Random, Time, secret::Secret};
use ring::hmac;

/// The header that carries it.
pub(super) const HEADER: &str = "comanda-signature";
const MICROS_PER_SECOND: i64 = 1_000_000;

/// Draws a secret, as its text.
pub(super) fn draw(random: &Random) -> String {
    format!("whs_{}", &*Secret::draw(random).to_text())
}

/// What the header says. While secrets rotate there are two, and whoever knows either can check.
pub(super) fn sign(secrets: &[String], at: Time, body: &[u8]) -> String {
    let seconds = at.as_micros().div_euclid(MICROS_PER_SECOND);
    let mut said = format!("t={seconds}");
    for secret in secrets {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{seconds}.").as_bytes());
        context.update(body);
        said.push_str(",v1=");
        for byte in context.sign().as_ref() {
            // Writing to a text cannot fail.
            let _written = write!(said, "{byte:02x}");
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_text_has_a_known_signature() {
        let said = sign(
            &["key".to_owned()],
            Time::from_micros(1_700_000_000_123_456),
            b"{}",
        );
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            said,
            "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
        );
        let two = sign(&["key".to_owned(), "old".to_owned()], Time::EPOCH, b"");
        assert_eq!(two.matches(",v1=").count(), 2);
    }
}
