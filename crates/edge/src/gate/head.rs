//! What is looked at before anything is done: the address, headers that must be there once, and their forms.

use std::time::Duration;

use base::{Error, Result, codes};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};

use crate::registry::Served;
use crate::route::{Shape, Takes};
use crate::rules::Limits;
use crate::{cookie, text};

pub(crate) const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const DEADLINE: HeaderName = HeaderName::from_static("x-deadline-ms");
pub(crate) const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) const REASON: HeaderName = HeaderName::from_static("x-acting-reason");

/// No link of ours is longer; a long value of a query is longer still when each of its characters is encoded.
const ADDRESS_BYTES_MAX: usize = 8 * 1024;

const KEY_CHARS_MAX: usize = 255;

/// How long the reason may be with which an operator acts.
const REASON_CHARS: std::ops::RangeInclusive<usize> = 3..=200;

/// Two of these would leave open which one counts.
const ONCE: [HeaderName; 11] = [
    header::CONTENT_LENGTH,
    header::HOST,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::ORIGIN,
    header::IF_MATCH,
    IDEMPOTENCY_KEY,
    CORRELATION,
    DEADLINE,
    FETCH_SITE,
    REASON,
];

/// Looks at what every request has, known address or not.
pub(crate) fn check(head: &Parts) -> Result<()> {
    once(&head.headers)?;
    if cookie::is_double(&head.headers) {
        return Err(malformed("a cookie of ours is there twice"));
    }
    host(head)?;
    if head.headers.contains_key(header::TRANSFER_ENCODING)
        && head.headers.contains_key(header::CONTENT_LENGTH)
    {
        return Err(malformed("the length of the body is said in two ways"));
    }
    let address = head
        .uri
        .path_and_query()
        .map_or("", |address| address.as_str());
    match address.len() > ADDRESS_BYTES_MAX {
        true => {
            let message = format!("the address is longer than {ADDRESS_BYTES_MAX} bytes");
            Err(Error::invalid(codes::ADDRESS_TOO_LONG, message))
        }
        false => Ok(()),
    }
}

pub(crate) fn unknown_path() -> Error {
    Error::missing(codes::PATH_UNKNOWN, "there is nothing at this address")
}

pub(crate) fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(codes::HEADER_MALFORMED, message)
}

fn once(headers: &HeaderMap) -> Result<()> {
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    let twice = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
    match ONCE.iter().find(twice) {
        Some(name) => Err(malformed(format!("the header {name} is there twice"))),
        None => Ok(()),
    }
}

/// The address of the request and `Host` must name one server, and HTTP/1.1 must name one at all.
fn host(head: &Parts) -> Result<()> {
    let named = head.headers.get(header::HOST);
    let Some(named) = named else {
        return match (head.version, head.uri.authority()) {
            (Version::HTTP_11, None) => Err(malformed("the header host is missing")),
            _ => Ok(()),
        };
    };
    if head.uri.authority().is_none() && is_plain(named.as_bytes()) {
        return Ok(());
    }
    let readable = named
        .to_str()
        .ok()
        .and_then(|text| text.parse::<Authority>().ok());
    let Some(named) = readable else {
        return Err(malformed("the header host cannot be read"));
    };
    let bad_port = named.as_str().len() > named.host().len() && named.port_u16().is_none();
    if bad_port || named.as_str().contains('@') {
        return Err(malformed("the header host cannot be read"));
    }
    match head.uri.authority() {
        Some(own) if *own != named => Err(malformed(
            "the header host names another server than the address",
        )),
        _ => Ok(()),
    }
}

/// Whether it is a name or an IPv4 address, perhaps with a port, as nearly all are: then it needs no closer look.
fn is_plain(host: &[u8]) -> bool {
    let colon = host.iter().position(|byte| *byte == b':');
    let (name, port) = host.split_at(colon.unwrap_or(host.len()));
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let digits = |port: &[u8]| {
        let digits = (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(port).unwrap_or_default();
        digits && text.parse::<u16>().is_ok()
    };
    let is_port = port.is_empty() || port.strip_prefix(b":").is_some_and(digits);
    !name.is_empty() && name.iter().all(plain) && is_port
}

/// Finds what in the query the route does not know, and values out of their limits.
pub(crate) fn query(limits: &Limits, uri: &Uri) -> Result<()> {
    let Some(query) = uri.query().filter(|query| !query.is_empty()) else {
        return Ok(());
    };
    let mut refused = None;
    let pairs = text::pairs(query)?;
    for (name, _) in &pairs {
        if !limits.knows(name) {
            let error = refused.take().unwrap_or_else(|| {
                Error::invalid(
                    codes::FIELD_UNKNOWN,
                    "the query has a name that the operation does not know",
                )
            });
            refused = Some(error.field(
                name.to_string(),
                codes::FIELD_UNKNOWN,
                "the operation does not know it",
            ));
        }
    }
    match refused {
        Some(error) => Err(error),
        None => limits.check(pairs.iter().map(|(name, value)| (&**name, &**value))),
    }
}

/// Puts before what the path names what the query says that the request is about, where the route looks there.
pub(crate) fn about(
    served: &Served,
    uri: &Uri,
    mut params: Vec<(&'static str, String)>,
) -> Result<Vec<(&'static str, String)>> {
    let Some(wanted) = served.shape.about_in_query else {
        return Ok(params);
    };
    query(&served.query_limits, uri)?;
    let pairs = text::pairs(uri.query().unwrap_or_default())?;
    let found = pairs.into_iter().find(|(name, _)| name == wanted);
    let (_, value) = found.ok_or_else(|| {
        let message = "the query does not say what it is about";
        Error::invalid(codes::FIELD_MISSING, message).field(
            wanted,
            codes::FIELD_MISSING,
            "it must be there",
        )
    })?;
    params.insert(0, (wanted, value.into_owned()));
    Ok(params)
}

/// Reads the key of a request that may be sent several times.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<Box<str>>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let visible = |bytes: &[u8]| bytes.iter().all(|byte| (b'!'..=b'~').contains(byte));
    match value.to_str() {
        Ok(text) if (1..=KEY_CHARS_MAX).contains(&text.len()) && visible(text.as_bytes()) => {
            Ok(Some(text.into()))
        }
        _ => Err(malformed(
            "the header idempotency-key is not 1 to 255 visible characters",
        )),
    }
}

/// Reads why an operator acts for an organisation, in UTF-8. People read it in the audit log, so it holds nothing that
/// is not seen and nothing that shows other text in another order.
pub(crate) fn reason(headers: &HeaderMap) -> Result<Option<Box<str>>> {
    let Some(value) = headers.get(REASON) else {
        return Ok(None);
    };
    let unseen = |character: char| {
        let marks = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
        let more = matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}');
        character.is_control() || marks || more
    };
    let text = std::str::from_utf8(value.as_bytes()).ok();
    let sound = text.filter(|text| {
        REASON_CHARS.contains(&text.chars().count())
            && text.trim() == *text
            && !text.contains(unseen)
    });
    match sound {
        Some(text) => Ok(Some(text.into())),
        None => Err(malformed(
            "the header x-acting-reason is not 3 to 200 visible characters",
        )),
    }
}

/// Reads the version that a change is based on; `*` is any.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    // An empty list of tags asks for nothing.
    if value == "*" || value.is_empty() {
        return Ok(None);
    }
    let inside = |text: &str| {
        // A tag that was weakened because the answer was compressed still names the version.
        let text = text.strip_prefix("W/").unwrap_or(text);
        let digits = text.strip_prefix('"')?.strip_suffix('"')?;
        let all_digits =
            (1..=18).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then(|| digits.parse().ok())?
    };
    match value.to_str().ok().and_then(inside) {
        Some(version) => Ok(Some(version)),
        None => Err(malformed(
            "the header if-match is not the etag of one version, such as \"7\"",
        )),
    }
}

/// Gives how long the work may take: what the route says, or less when the caller waits less long.
pub(crate) fn deadline(shape: &Shape, headers: &HeaderMap) -> Result<Duration> {
    let own = shape.deadline.unwrap_or_default();
    let Some(value) = headers.get(DEADLINE) else {
        return Ok(own);
    };
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let read = value
        .to_str()
        .ok()
        .filter(digits)
        .and_then(|text| text.parse().ok());
    match read {
        Some(millis @ 1..) => Ok(own.min(Duration::from_millis(millis))),
        _ => Err(malformed(
            "the header x-deadline-ms is not a whole number above zero",
        )),
    }
}

/// Checks that the body is of the form that the route takes.
pub(crate) fn media_type(shape: &Shape, headers: &HeaderMap) -> Result<()> {
    let expected = match shape.takes {
        Some(Takes::Json(_)) => "application/json",
        Some(Takes::Stream { media_type, .. }) => media_type,
        Some(Takes::Nothing) | None => return Ok(()),
    };
    let given = headers.get(header::CONTENT_TYPE);
    // What programs send by far most often is compared without being read.
    if given.is_some_and(|value| value == expected)
        || given.is_some_and(|value| is(value, expected))
    {
        return Ok(());
    }
    let message = format!("the operation reads {expected} alone, in UTF-8");
    Err(Error::invalid(codes::MEDIA_TYPE_UNKNOWN, message))
}

fn is(value: &HeaderValue, expected: &str) -> bool {
    let Ok(text) = value.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let named = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(expected));
    let utf8 = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        name.eq_ignore_ascii_case("charset")
            && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    named && parts.all(utf8)
}

/// Says whether a method is meant to change something.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}
