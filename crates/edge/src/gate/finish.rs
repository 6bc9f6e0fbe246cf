//! The last step: the body of a problem, validators, compression, and the headers that every answer carries.

use axum::body::Body;
use axum::response::Response;
use base::{Error, Kind};
use bytes::Bytes;
use fabric::Taken;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt;

use super::compress::{self, Accepted};
use super::conditional;
use crate::problem::{self, Carried};
use crate::{Context, Encoding, Settings, text};

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const IDENTITY: &str = Encoding::Identity.name();
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Nothing in an answer of the API is ever run or shown in a frame.
const CSP_API: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// A page takes everything from its own server, and nothing that stands in the page itself is run.
const CSP_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);
/// A picture is looked at: opened by itself it can do nothing, whatever a browser takes it for.
const CSP_PICTURE: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// For how many headers an answer needs room, as a rule: its own, those that every answer carries, its ids and its limits.
pub(crate) const HEADERS: usize = 24;

const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(self), gyroscope=(), \
    microphone=(), midi=(), payment=(), usb=()";

/// The headers that every answer carries, made once.
#[derive(Debug)]
pub(crate) struct Always {
    all: Vec<(HeaderName, HeaderValue)>,
    /// On what every answer depends, where there may be packed forms of it, and where there are none.
    shrinks: HeaderValue,
    fixed: HeaderValue,
}

impl Always {
    pub(crate) fn new(settings: &Settings) -> Self {
        let fixed = |value| HeaderValue::from_static(value);
        let mut headers = vec![
            (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
            (header::X_FRAME_OPTIONS, fixed("DENY")),
            (header::REFERRER_POLICY, fixed("no-referrer")),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                fixed("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                fixed("same-origin"),
            ),
            (
                HeaderName::from_static("permissions-policy"),
                fixed(PERMISSIONS),
            ),
        ];
        if settings.tls {
            let two_years = fixed("max-age=63072000; includeSubDomains");
            headers.push((header::STRICT_TRANSPORT_SECURITY, two_years));
        }
        let (vary, vary_compressed) = match settings.origins.is_empty() {
            true => (
                "authorization, cookie",
                "accept-encoding, authorization, cookie",
            ),
            false => (
                "authorization, cookie, origin",
                "accept-encoding, authorization, cookie, origin",
            ),
        };
        Self {
            all: headers,
            shrinks: fixed(vary_compressed),
            fixed: fixed(vary),
        }
    }
}

/// What a browser may do with an answer that has these headers of its own.
fn security_policy(own: &HeaderMap) -> HeaderValue {
    let media_type = own.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    match media_type.unwrap_or_default() {
        [b't', b'e', b'x', b't', b'/', b'h', b't', b'm', b'l', ..] => CSP_PAGE,
        [b'i', b'm', b'a', b'g', b'e', b'/', ..] => CSP_PICTURE,
        _ => CSP_API,
    }
}

/// Whether the bytes of an answer may depend on what encodings the caller takes.
#[derive(Clone, Copy)]
enum Form {
    Shrinks,
    Fixed,
}

/// What the answer depends on, taken from the request before the handler gets it.
pub(crate) struct Asked {
    method: Method,
    pub(super) accepted: Accepted,
    known: Option<HeaderValue>,
    pub(crate) origin: Option<HeaderValue>,
}

impl Asked {
    pub(crate) fn of(head: &Head, origin: Option<&HeaderValue>) -> Self {
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        let known = head.headers.get(header::IF_NONE_MATCH).filter(|_| reads);
        Self {
            method: head.method.clone(),
            accepted: Accepted::of(&head.headers),
            known: known.cloned(),
            origin: origin.cloned(),
        }
    }

    fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// Completes an answer.
pub(crate) async fn finish(
    always: &Always,
    asked: &Asked,
    context: &Context,
    response: &mut Response,
) {
    if let Some(Carried(error)) = response.extensions_mut().remove::<Carried>() {
        write_problem(response, &error, &context.correlation);
    }
    let form = encode(response, asked).await;
    // By its media type, which an answer that only says "as before" leaves out; browsers take the policy of that one, too.
    let policy = security_policy(response.headers());
    let tag = response.headers().get(header::ETAG);
    let known = asked
        .known
        .as_ref()
        .zip(tag)
        .is_some_and(|(known, tag)| conditional::is_known(known, tag));
    if known && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            header::CONTENT_ENCODING,
        ] {
            response.headers_mut().remove(name);
        }
    }
    if asked.method == Method::HEAD {
        leave_out(response);
    }
    write_headers(always, response.headers_mut(), (form, policy));
    context.give_back(response.headers_mut());
}

fn write_problem(response: &mut Response, error: &Error, correlation: &str) {
    *response.body_mut() = Body::from(problem::body(error, correlation));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, PROBLEM);
    if let Some(seconds) = problem::retry_seconds(error) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.kind() == Kind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, BEARER);
    }
}

/// Tags and compresses an answer that is whole in memory; says whether it is of a kind that shrinks.
async fn encode(response: &mut Response, asked: &Asked) -> Form {
    let Some(media_type) = response.headers().get(header::CONTENT_TYPE) else {
        return Form::Fixed;
    };
    let form = match compress::shrinks(media_type) {
        true => Form::Shrinks,
        false => Form::Fixed,
    };
    if let Some(chosen) = response.headers().get(header::CONTENT_ENCODING) {
        // Packed before, tag and all. The name of the plain form is a word between handler and gate.
        if chosen == IDENTITY {
            response.headers_mut().remove(header::CONTENT_ENCODING);
        }
        return form;
    }
    if matches!(form, Form::Fixed) {
        return form;
    }
    let large = u64::try_from(compress::BYTES_MAX).unwrap_or(u64::MAX);
    let Some(length) = response
        .body()
        .size_hint()
        .exact()
        .filter(|length| *length <= large)
    else {
        return Form::Shrinks;
    };
    let tagged = asked.reads() && response.status() == StatusCode::OK;
    let needs_tag = tagged && !response.headers().contains_key(header::ETAG);
    let small = length < compress::BYTES_MIN as u64;
    if !needs_tag && (small || asked.accepted == Accepted::default()) {
        return Form::Shrinks;
    }
    // The body is one piece in memory, so this neither waits nor fails.
    let body = Box::pin(std::mem::take(response.body_mut()).collect());
    let Ok(collected) = body.await else {
        return Form::Shrinks;
    };
    let body = collected.to_bytes();
    if needs_tag {
        let tag = conditional::Tag::of(&body).weak_value();
        response
            .headers_mut()
            .extend(tag.map(|tag| (header::ETAG, tag)));
    }
    let body = compressed(response.headers_mut(), body, asked.accepted);
    *response.body_mut() = Body::from(body);
    Form::Shrinks
}

fn compressed(headers: &mut HeaderMap, body: Bytes, accepted: Accepted) -> Bytes {
    let Some((smaller, encoding)) = compress::answer(&body, accepted) else {
        return body;
    };
    headers.insert(header::CONTENT_ENCODING, encoding);
    headers.remove(header::CONTENT_LENGTH);
    if let Some(tag) = headers.get(header::ETAG) {
        let weak = conditional::weak(tag);
        headers.insert(header::ETAG, weak);
    }
    smaller
}

/// Leaves out the body for `HEAD`, and says how long it would have been.
fn leave_out(response: &mut Response) {
    let without = matches!(
        response.status(),
        StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT
    );
    let length = response.body().size_hint().exact();
    if let Some(length) = length.filter(|_| !without) {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    *response.body_mut() = Body::empty();
}

/// Puts what every answer carries beside what this one brings, which cannot replace any of it.
fn write_headers(always: &Always, headers: &mut HeaderMap, (form, policy): (Form, HeaderValue)) {
    headers.reserve(HEADERS.saturating_sub(headers.keys_len()));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in &always.all {
        headers.insert(name, value.clone());
    }
    // What an answer itself depends on stands beside what all depend on.
    let vary = match form {
        Form::Shrinks => &always.shrinks,
        Form::Fixed => &always.fixed,
    };
    headers.append(header::VARY, vary.clone());
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
}

/// Says of an answer for one caller alone that nobody may keep it, whatever the handler says.
pub(crate) fn keep_nowhere(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, NO_STORE);
}

/// Says how often the caller may still ask, and what the address answers to.
pub(crate) fn note(headers: &mut HeaderMap, taken: Option<&Taken>, allow: Option<HeaderValue>) {
    if let Some(taken) = taken {
        headers.insert(LIMIT, text::header_of(u64::from(taken.limit)));
        headers.insert(REMAINING, text::header_of(u64::from(taken.remaining)));
        headers.insert(RESET, text::header_of(taken.reset_seconds));
    }
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, allow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_replaces_nothing_that_all_carry_and_loses_nothing_of_its_own() {
        let always = Always::new(&Settings::default());
        let mut headers = HeaderMap::new();
        let own = [
            ("content-type", "text/html; charset=utf-8"),
            ("x-frame-options", "SAMEORIGIN"),
            ("x-frame-options", "ALLOWALL"),
            ("content-security-policy", "default-src *"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("vary", "accept-language"),
            ("cache-control", "no-cache"),
        ];
        for (name, value) in own {
            headers.append(name, HeaderValue::from_static(value));
        }
        let policy = security_policy(&headers);
        write_headers(&always, &mut headers, (Form::Shrinks, policy));
        let all = |name: &str| -> Vec<&str> {
            let values = headers.get_all(name).iter();
            values.map(|value| value.to_str().unwrap()).collect()
        };
        assert_eq!(all("x-frame-options"), ["DENY"]);
        assert_eq!(all("content-security-policy"), [CSP_PAGE.to_str().unwrap()]);
        assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
        assert_eq!(all("cache-control"), ["no-cache"]);
        let vary = ["accept-language", "accept-encoding, authorization, cookie"];
        assert_eq!(all("vary"), vary);
        let mut bare = HeaderMap::new();
        write_headers(&always, &mut bare, (Form::Fixed, CSP_API));
        assert_eq!(bare[header::CACHE_CONTROL], NO_STORE);
        assert_eq!(bare[header::VARY], "authorization, cookie");
        assert_eq!(bare.len(), always.all.len() + 3);
    }
}
