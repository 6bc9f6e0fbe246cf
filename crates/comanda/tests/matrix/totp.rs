//! A second factor: an app that shows codes, which are computed here once more.

use base::Time;
use http::Method;
use ring::hmac;
use serde_json::{Value, json};

use crate::ask::Shown;
use crate::world::Town;

const STEP_MICROS: i64 = 30_000_000;

impl Town {
    /// Gives somebody such a factor.
    pub(crate) async fn factor(&self, shown: &Shown) -> String {
        let path = "/api/me/factors/totp";
        let offered = self.done(shown, Method::POST, path, Value::Null).await;
        let code = json!({"code": code(&offered.field("secret"), self.clock.now())});
        let path = format!("{path}/confirm");
        self.done(shown, Method::POST, &path, code).await;
        offered.field("id")
    }
}

/// The code of this moment for a secret in base 32.
fn code(secret: &str, at: Time) -> String {
    let letters = secret.bytes().map(|letter| match letter {
        b'A'..=b'Z' => letter - b'A',
        _ => letter - b'2' + 26,
    });
    let (mut held, mut bits, mut bytes) = (0_u32, 0_u32, Vec::new());
    for letter in letters {
        (held, bits) = (held << 5 | u32::from(letter), bits + 5);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = hmac::sign(&key, &(at.as_micros() / STEP_MICROS).to_be_bytes());
    let tag = tag.as_ref();
    let place = usize::from(tag[19] & 15);
    let four: [u8; 4] = tag[place..place + 4].try_into().unwrap();
    format!(
        "{:06}",
        (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
    )
}
