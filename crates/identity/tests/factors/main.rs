//! Second factors and sign-in with other providers, through the gate: on both engines, with a certified OpenID provider
//! and a real browser.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]

mod oidc;
mod passkeys;
mod provider;
mod totp;
mod world;

use base::Time;
use ring::hmac;

/// The code that an app shows at this moment for a secret in base 32: computed here a second time, with arithmetic of
/// its own, so that one mistake does not hide in both.
fn code(secret: &str, at: Time) -> String {
    code_of(secret, at.as_micros() / 30_000_000)
}

fn code_of(secret: &str, step: i64) -> String {
    let letters = secret.bytes().map(|letter| match letter {
        b'A'..=b'Z' => letter - b'A',
        _ => letter - b'2' + 26,
    });
    let bits: Vec<bool> = letters
        .flat_map(|value| (0..5).rev().map(move |bit| value >> bit & 1 == 1))
        .collect();
    let bytes: Vec<u8> = bits
        .chunks_exact(8)
        .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit)))
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let word = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Stamps tests on both engines: the name of the test function, with the engine behind it.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(testkit::trial::Engine::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(testkit::trial::Engine::Postgres).await;
            })+
        }
    };
}
use on_both;
