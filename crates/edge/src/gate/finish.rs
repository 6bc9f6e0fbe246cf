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
use crate::{Context, Settings, Variants};

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// May be kept, and is asked for again each time: `If-None-Match` makes that cheap.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

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

const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(self), gyroscope=(), \
    microphone=(), midi=(), payment=(), usb=()";

/// The headers that every answer carries, made once.
#[derive(Debug)]
pub(crate) struct Always {
    headers: Vec<(HeaderName, HeaderValue)>,
    vary: HeaderValue,
    /// The `Vary` of answers that may be compressed.
    vary_compressed: HeaderValue,
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
            headers,
            vary: fixed(vary),
            vary_compressed: fixed(vary_compressed),
        }
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
    accepted: Accepted,
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
    mut response: Response,
) -> Response {
    if let Some(Carried(error)) = response.extensions_mut().remove::<Carried>() {
        write_problem(&mut response, &error, &context.correlation);
    }
    let form = match response.extensions_mut().remove::<Variants>() {
        Some(variants) => {
            choose(&mut response, &variants, asked.accepted);
            Form::Shrinks
        }
        None => encode(&mut response, asked).await,
    };
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
        leave_out(&mut response);
    }
    write_headers(always, response.headers_mut(), form);
    context.give_back(response.headers_mut());
    response
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

/// Takes the form of a file that the caller takes.
fn choose(response: &mut Response, variants: &Variants, accepted: Accepted) {
    let (body, encoding) = match accepted {
        Accepted { brotli: true, .. } => (&variants.brotli, Some(compress::BROTLI)),
        Accepted { gzip: true, .. } => (&variants.gzip, Some(compress::GZIP)),
        Accepted { .. } => (&variants.plain, None),
    };
    // The forms are different bytes, so each has a strong tag of its own.
    let suffix = match &encoding {
        Some(encoding) => encoding.to_str().unwrap_or_default(),
        None => "plain",
    };
    let tag = format!("\"{}-{suffix}\"", variants.tag.trim_matches('"'));
    *response.body_mut() = Body::from(body.clone());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, variants.media_type.clone());
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(NO_CACHE);
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, encoding);
    }
}

/// Tags and compresses an answer that is whole in memory; says whether it is of a kind that shrinks.
async fn encode(response: &mut Response, asked: &Asked) -> Form {
    let Some(media_type) = response.headers().get(header::CONTENT_TYPE) else {
        return Form::Fixed;
    };
    if !compress::shrinks(media_type) || response.headers().contains_key(header::CONTENT_ENCODING) {
        return Form::Fixed;
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
    let Ok(collected) = std::mem::take(response.body_mut()).collect().await else {
        return Form::Shrinks;
    };
    let body = collected.to_bytes();
    if needs_tag {
        let tag = HeaderValue::try_from(format!("W/{}", conditional::tag(&body)));
        response
            .headers_mut()
            .extend(tag.ok().map(|tag| (header::ETAG, tag)));
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

fn write_headers(always: &Always, headers: &mut HeaderMap, form: Form) {
    for (name, value) in &always.headers {
        headers.insert(name.clone(), value.clone());
    }
    let html = |value: &HeaderValue| value.as_bytes().starts_with(b"text/html");
    let page = headers.get(header::CONTENT_TYPE).is_some_and(html);
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        if page { CSP_PAGE } else { CSP_API },
    );
    let vary = match form {
        Form::Shrinks => &always.vary_compressed,
        Form::Fixed => &always.vary,
    };
    headers.insert(header::VARY, vary.clone());
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
}

/// Says of an answer for one caller alone that nobody may keep it, whatever the handler says.
pub(crate) fn keep_nowhere(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, NO_STORE);
}

/// Says how often the caller may still ask, and what the address answers to.
pub(crate) fn note(headers: &mut HeaderMap, taken: Option<&Taken>, allow: Option<HeaderValue>) {
    if let Some(taken) = taken {
        headers.insert(LIMIT, HeaderValue::from(taken.limit));
        headers.insert(REMAINING, HeaderValue::from(taken.remaining));
        headers.insert(RESET, HeaderValue::from(taken.reset_seconds));
    }
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, allow);
    }
}
