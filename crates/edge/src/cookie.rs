//! Cookies: read strictly, and written in the one form that a page of somebody else cannot set or see.
//!
//! Every cookie of ours begins with `__Host-`: browsers take it over TLS alone, for this host alone and for all of
//! it, and scripts do not see it.

use std::time::Duration;

use base::{Error, Result, codes};
use http::{HeaderMap, HeaderValue, header};

/// The cookie of a session.
pub const SESSION: &str = "__Host-comanda";

/// What the name of each cookie of ours begins with.
pub const PREFIX: &str = "__Host-";

/// More cookies of ours no browser has.
const OURS_MAX: usize = 8;

/// Browsers keep no larger cookie.
const BYTES_MAX: usize = 4096;

const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

/// Gives the value of a cookie. One that is there twice is not there: nobody knows which of them is meant. Names are
/// compared to the letter, and a value in quotes or with anything that no cookie may hold is none.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = None;
    for pair in pairs(headers) {
        let Some((given, value)) = pair.split_once('=') else {
            continue;
        };
        if given != name {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some(value);
    }
    found.filter(|value| !value.is_empty() && value.bytes().all(is_octet))
}

/// Says whether a cookie of ours is there twice, or more of them than we ever set: then nobody looks through them all.
pub(crate) fn is_double(headers: &HeaderMap) -> bool {
    let mut known = [""; OURS_MAX];
    let mut free = known.iter_mut();
    let mut seen = 0;
    let names = pairs(headers).map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    for name in names.filter(|name| name.starts_with(PREFIX)) {
        match free.next() {
            Some(place) => *place = name,
            None => return true,
        }
        seen += 1;
    }
    let known = &known[..seen];
    let again = |(place, name)| known[..place].contains(name);
    known.iter().enumerate().any(again)
}

/// All cookies of a request, each as it is written. A header that is no text has none.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::COOKIE).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(';'))
        .map(|pair| pair.trim_matches([' ', '\t']))
        .filter(|pair| !pair.is_empty())
}

/// What a value may hold, by RFC 6265: neither space nor quote, comma, semicolon or backslash.
fn is_octet(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'+' | b'-'..=b':' | b'<'..=b'[' | b']'..=b'~')
}

/// A cookie that an answer sets, or ends.
#[derive(Clone, PartialEq, Eq)]
pub struct Set(HeaderValue);

impl std::fmt::Debug for Set {
    /// The value is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Set(..)")
    }
}

impl Set {
    /// Sets a cookie for so long: `Secure`, `HttpOnly`, `SameSite=Lax`, for this host alone.
    ///
    /// # Errors
    ///
    /// When the name does not begin with `__Host-`, or name or value cannot stand in a cookie.
    pub fn new(name: &str, value: &str, keeps: Duration) -> Result<Self> {
        let rest = name.strip_prefix(PREFIX).unwrap_or_default();
        let sound = !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && value.bytes().all(is_octet);
        let text = format!("{name}={value}{ATTRIBUTES}; Max-Age={}", keeps.as_secs());
        let header = HeaderValue::try_from(text).ok();
        let header = header.filter(|header| sound && header.len() <= BYTES_MAX);
        let mut header = header.ok_or_else(|| {
            Error::internal(codes::INTERNAL, "a cookie cannot be written like this")
        })?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// Ends a cookie: the browser forgets it at once.
    ///
    /// # Errors
    ///
    /// When the name does not begin with `__Host-`.
    pub fn end(name: &str) -> Result<Self> {
        Self::new(name, "", Duration::ZERO)
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}
