//! What second factors look like from outside, and what is sent about them.

use base::{Result, Time, Trail as _};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use slice::{TypedName, wrong};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::app::{Factor, FactorId};
use super::oidc::ReturnTo;
use super::second::Given;
use super::totp;
use crate::sessions::Started;

/// A second factor that is in force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FactorView {
    /// Which one.
    #[schema(value_type = String, pattern = "^fac_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: FactorId,
    /// `totp` or `passkey`.
    #[schema(pattern = "^(totp|passkey)$")]
    kind: &'static str,
    /// What its owner calls it.
    #[schema(max_length = 120)]
    name: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was proven last.
    #[schema(value_type = String, format = DateTime)]
    used_at: Time,
}

impl From<(Factor, String)> for FactorView {
    fn from((factor, name): (Factor, String)) -> Self {
        FactorView {
            id: factor.id,
            kind: factor.kind.name(),
            name,
            created_at: factor.created_at,
            used_at: factor.used_at,
        }
    }
}

/// All second factors of a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FactorsView {
    /// Those that are in force, at most ten.
    pub(super) factors: Vec<FactorView>,
    /// How many recovery codes have not been used.
    #[schema(minimum = 0, maximum = 10)]
    pub(super) recovery_codes_left: i64,
}

/// What an authenticator app is told, this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfferedTotp {
    /// The factor that comes into force with the first code.
    #[schema(value_type = String, pattern = "^fac_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) id: FactorId,
    /// The secret, to be typed into an app.
    #[schema(pattern = "^[A-Z2-7]{32}$")]
    pub(super) secret: String,
    /// The same as an address, to be shown as a QR code.
    #[schema(max_length = 1024)]
    pub(super) uri: String,
}

/// A code of an authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TypedCode {
    /// Six digits.
    #[schema(
        min_length = 6,
        max_length = 6,
        pattern = "^[0-9]{6}$",
        example = "287082"
    )]
    code: String,
}

impl TypedCode {
    pub(super) fn code(&self) -> Result<&str> {
        digits(&self.code)
    }
}

/// What proves the second factor: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(min_properties = 1, max_properties = 1)]
pub(super) struct SecondFactor {
    /// Six digits of an authenticator app.
    #[schema(
        min_length = 6,
        max_length = 6,
        pattern = "^[0-9]{6}$",
        nullable = false,
        example = "287082"
    )]
    code: Option<String>,
    /// A recovery code; it can be used once.
    #[schema(
        min_length = 16,
        max_length = 24,
        pattern = "^[0-9A-Za-z -]{16,24}$",
        nullable = false
    )]
    recovery_code: Option<String>,
}

impl SecondFactor {
    pub(super) fn given(&self) -> Result<Given<'_>> {
        match (&self.code, &self.recovery_code) {
            (Some(code), None) => Ok(Given::Code(digits(code)?)),
            (None, Some(code)) if is_like_recovery(code) => Ok(Given::Recovery(code)),
            (None, Some(_)) => Err(wrong(
                "recoveryCode",
                "a recovery code has 16 letters and digits",
            )),
            _ => Err(wrong("code", "either a code or a recovery code is needed")),
        }
    }
}

fn digits(code: &str) -> Result<&str> {
    let is_code = code.len() == totp::DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code
        .then_some(code)
        .ok_or_else(|| wrong("code", "a code has six digits"))
}

fn is_like_recovery(code: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b" -".contains(&byte);
    (16..=24).contains(&code.len()) && code.bytes().all(known)
}

/// Another name for a factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RenameFactor {
    /// What its owner calls it.
    pub(super) name: TypedName,
}

/// A session that now has two proofs. The cookie of the answer opens it; the one before is worth nothing any more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SteppedUp {
    /// When the session is over at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// Codes for who loses his factors. They are shown this once, and only with the first factor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    recovery_codes: Vec<String>,
}

impl SteppedUp {
    pub(super) fn new(started: &Started, recovery_codes: &[Zeroizing<String>]) -> Self {
        SteppedUp {
            expires_at: started.expires_at,
            recovery_codes: recovery_codes.iter().map(|code| code.to_string()).collect(),
        }
    }
}

/// New recovery codes, shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecoveryCodes {
    /// The codes. Those before are worth nothing any more.
    #[schema(min_items = 10, max_items = 10)]
    pub(super) recovery_codes: Vec<String>,
}

/// What a browser is asked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChallengeView {
    /// Comes back with the answer of the browser.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    pub(super) state: String,
    /// For `navigator.credentials`, with bytes as base 64: see `PublicKeyCredential.parseRequestOptionsFromJSON`.
    #[schema(value_type = Object)]
    pub(super) options: Json,
}

/// A passkey that a browser made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewPasskey {
    /// The state of the challenge.
    #[schema(min_length = 43, max_length = 43, pattern = "^[A-Za-z0-9_-]{43}$")]
    pub(super) state: String,
    /// What its owner calls it.
    pub(super) name: TypedName,
    /// What the browser answered, as `PublicKeyCredential.toJSON` writes it.
    #[schema(value_type = Object)]
    pub(super) credential: serde_json::Map<String, Json>,
}

/// What a passkey has signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SignedChallenge {
    /// The state of the challenge.
    #[schema(min_length = 43, max_length = 43, pattern = "^[A-Za-z0-9_-]{43}$")]
    pub(super) state: String,
    /// What the browser answered, as `PublicKeyCredential.toJSON` writes it.
    #[schema(value_type = Object)]
    pub(super) credential: serde_json::Map<String, Json>,
}

/// A provider at which people can sign in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderView {
    /// Its name in addresses.
    pub(super) name: String,
    /// What people read.
    pub(super) label: String,
    /// Where a browser begins.
    pub(super) address: String,
}

/// Which factor.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfFactor {
    /// The id of the factor.
    #[param(value_type = String, pattern = "^fac_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) factor: FactorId,
}

/// Which provider.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfProvider {
    /// The name of the provider, from the list.
    #[param(max_length = 64)]
    pub(super) provider: String,
}

/// Where a browser goes after it has signed in.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct Going {
    /// A path of our own; the front page when nothing is said.
    #[param(
        max_length = 512,
        pattern = "^/(?![aA][pP][iI]([/?#]|$))([A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*(/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)*/?)?([?#][A-Za-z0-9._~%!$&'()*+,;=:@/?#-]*)?$"
    )]
    return_to: Option<String>,
}

impl Going {
    pub(super) fn return_to(&self) -> Result<ReturnTo> {
        let Some(path) = &self.return_to else {
            return Ok(ReturnTo::home());
        };
        let path = ReturnTo::parse(path);
        path.ok_or_else(|| wrong("returnTo", "it is a path of our own, such as /orders"))
            .at()
    }
}

/// What a provider sends along. Only the first four mean something; the others are what some providers add. All together
/// fit into an address.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CallbackQuery {
    /// The state that the sign-in was begun with.
    #[param(value_type = String, max_length = 64, pattern = "^[ -~]*$")]
    pub(super) state: Added<64>,
    /// The code that stands for who has signed in.
    #[param(value_type = Option<String>, max_length = 2048, pattern = "^[ -~]*$")]
    pub(super) code: Option<Added<2048>>,
    /// Who answers (RFC 9207).
    #[param(value_type = Option<String>, max_length = 256, pattern = "^[ -~]*$")]
    pub(super) iss: Option<Added<256>>,
    /// Why nobody has signed in.
    #[param(value_type = Option<String>, max_length = 64, pattern = "^[ -~]*$")]
    pub(super) error: Option<Added<64>>,
    #[param(value_type = Option<String>, max_length = 512, pattern = "^[ -~]*$")]
    #[serde(rename = "error_description")]
    _error_description: Option<Added<512>>,
    #[param(value_type = Option<String>, max_length = 512, pattern = "^[ -~]*$")]
    #[serde(rename = "error_uri")]
    _error_uri: Option<Added<512>>,
    #[param(value_type = Option<String>, max_length = 512, pattern = "^[ -~]*$")]
    #[serde(rename = "scope")]
    _scope: Option<Added<512>>,
    #[param(value_type = Option<String>, max_length = 128, pattern = "^[ -~]*$")]
    #[serde(rename = "session_state")]
    _session_state: Option<Added<128>>,
    #[param(value_type = Option<String>, max_length = 16, pattern = "^[ -~]*$")]
    #[serde(rename = "authuser")]
    _authuser: Option<Added<16>>,
    #[param(value_type = Option<String>, max_length = 32, pattern = "^[ -~]*$")]
    #[serde(rename = "prompt")]
    _prompt: Option<Added<32>>,
    #[param(value_type = Option<String>, max_length = 64, pattern = "^[ -~]*$")]
    #[serde(rename = "hd")]
    _hd: Option<Added<64>>,
}

/// A text of an address that may be so long, in the signs that RFC 6749 lets in.
#[derive(Debug)]
pub(super) struct Added<const MAX: usize>(String);

impl<const MAX: usize> Added<MAX> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Added<MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_sign = |byte: u8| (b' '..=b'~').contains(&byte);
        match text.len() <= MAX && text.bytes().all(is_sign) {
            true => Ok(Added(text)),
            false => Err(serde::de::Error::custom(format_args!(
                "it is at most {MAX} signs of ASCII"
            ))),
        }
    }
}
