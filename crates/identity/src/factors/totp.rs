//! Codes that an app computes from a secret and the time (RFC 6238: HMAC-SHA-1, 30 seconds, six digits).
//!
//! SHA-1 is what all apps understand; the attacks on it do not reach HMAC.

use base::{Random, Time};
use ring::hmac;
use zeroize::Zeroizing;

/// How many bytes a secret has: as many as the hash, as RFC 4226 wants it.
pub(crate) const SECRET_BYTES: usize = 20;
/// How long a code lasts.
pub(crate) const STEP_SECONDS: i64 = 30;
/// How many digits it has.
pub(crate) const DIGITS: usize = 6;
/// How many steps the clock of a telephone may be ahead or behind.
const STEPS_OFF: i64 = 1;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step of time that a moment belongs to.
pub(crate) fn step_at(at: Time) -> i64 {
    at.as_micros().div_euclid(STEP_SECONDS * 1_000_000)
}

/// Draws a secret.
pub(crate) fn draw(random: &Random) -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(vec![0; SECRET_BYTES]);
    random.fill(&mut secret);
    secret
}

/// The code of a step.
pub(crate) fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let signed = hmac::sign(&key, &step.to_be_bytes());
    let bytes = signed.as_ref();
    let place = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
    let four = bytes.iter().skip(place).take(4);
    let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The step for which this code is right, if it is one of the present, the one before and the one after, and later than
/// the last that was used. All are looked at, whichever is right, so that the time it takes tells nothing.
pub(crate) fn matching_step(secret: &[u8], given: &str, now: Time, last_step: i64) -> Option<i64> {
    let present = step_at(now);
    let steps = present.saturating_sub(STEPS_OFF)..=present.saturating_add(STEPS_OFF);
    steps.fold(None, |found, step| {
        let right = super::is_same(code(secret, step).as_bytes(), given.as_bytes());
        if right && step > last_step {
            Some(step)
        } else {
            found
        }
    })
}

/// Writes bytes in base 32 (RFC 4648) without padding, as the apps take it.
pub(crate) fn to_base32(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(5) * 8));
    for chunk in bytes.chunks(5) {
        let bits = (0..5).fold(0_u64, |bits, at| {
            bits << 8 | u64::from(chunk.get(at).copied().unwrap_or_default())
        });
        let letters = (chunk.len() * 8).div_ceil(5);
        for place in 0..letters {
            let index = (bits >> (35 - 5 * place)) & 31;
            text.push(
                ALPHABET
                    .get(index as usize)
                    .copied()
                    .map_or('A', char::from),
            );
        }
    }
    text
}

/// Reads what [`to_base32`] wrote.
pub(crate) fn from_base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut bits, mut count) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// The address that an app takes as a picture: who gives the code out, for whom, and the secret.
pub(crate) fn address(issuer: &str, account: &str, secret: &[u8]) -> Zeroizing<String> {
    let (issuer, account) = (percent(issuer), percent(account));
    Zeroizing::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        *to_base32(secret)
    ))
}

/// Writes everything but letters, digits and the four marks that mean nothing as `%` and two digits.
pub(crate) fn percent(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                written.push(char::from(byte));
            }
            other => written.push_str(&format!("%{other:02X}")),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 6238 for SHA-1; its eight digits end in our six.
    const VECTORS: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, long) in VECTORS {
            assert_eq!(code(SECRET, step_at(at(seconds))), long[2..], "{seconds}");
        }
    }

    #[test]
    fn a_step_before_and_one_after_are_right_and_no_other() {
        let now = at(1_111_111_109);
        let present = step_at(now);
        for off in -3..=3 {
            let found = matching_step(SECRET, &code(SECRET, present + off), now, 0);
            assert_eq!(found, (off.abs() <= 1).then_some(present + off), "{off}");
        }
        assert_eq!(matching_step(SECRET, "12345", now, 0), None);
        assert_eq!(matching_step(SECRET, "", now, 0), None);
    }

    #[test]
    fn a_used_step_and_those_before_it_are_not_right_any_more() {
        let now = at(1_111_111_109);
        let present = step_at(now);
        let given = code(SECRET, present);
        assert_eq!(
            matching_step(SECRET, &given, now, present - 1),
            Some(present)
        );
        assert_eq!(matching_step(SECRET, &given, now, present), None);
        assert_eq!(matching_step(SECRET, &given, now, present + 1), None);
    }

    /// The examples of RFC 4648, section 10, without their padding.
    #[test]
    fn base_32_is_that_of_the_standard() {
        let vectors = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ];
        for (plain, written) in vectors {
            assert_eq!(*to_base32(plain.as_bytes()), written);
            assert_eq!(*from_base32(written).unwrap(), plain.as_bytes());
        }
        assert!(from_base32("MZXW6===").is_none() && from_base32("mzxq").is_none());
    }

    #[test]
    fn the_address_says_whose_code_it_is() {
        let address = address("Comanda", "lucia@example.com", SECRET);
        assert_eq!(
            *address,
            "otpauth://totp/Comanda:lucia%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Comanda&algorithm=SHA1&digits=6&period=30"
        );
    }
}
