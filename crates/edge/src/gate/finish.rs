//! The last step: the body of a problem, validators, compression, and the headers that every answer carries.

use axum::body::Body;
use axum::response::Response;
use base::{Error, Kind};
use bytes::Bytes;
use fabric::Taken;
use http::header::Entry;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt;

use super::compress::{self, Accepted};
use super::conditional;
use crate::problem::{self, Carried};
use crate::{Context, Encoding, Settings};

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

/// How many headers an answer brings besides, as a rule.
const OWN_HEADERS: usize = 12;

const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(self), gyroscope=(), \
    microphone=(), midi=(), payment=(), usb=()";

/// The headers that every answer carries, made once for each kind of answer; an answer begins with a copy of them.
#[derive(Debug)]
pub(crate) struct Always {
    api: Forms,
    page: Forms,
    picture: Forms,
}

/// The same for answers of which there may be packed forms, and for others.
#[derive(Debug)]
struct Forms {
    shrinks: HeaderMap,
    fixed: HeaderMap,
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
        let whole = |csp, vary| {
            let mut whole: HeaderMap = headers.iter().cloned().collect();
            whole.insert(header::CONTENT_SECURITY_POLICY, csp);
            whole.insert(header::VARY, fixed(vary));
            // Room for what the answer itself brings, so that the copy need not be laid out anew.
            whole.reserve(OWN_HEADERS);
            whole
        };
        let forms = |csp: HeaderValue| Forms {
            shrinks: whole(csp.clone(), vary_compressed),
            fixed: whole(csp, vary),
        };
        Self {
            api: forms(CSP_API),
            page: forms(CSP_PAGE),
            picture: forms(CSP_PICTURE),
        }
    }

    /// The headers for an answer with these of its own.
    fn of(&self, own: &HeaderMap, form: Form) -> &HeaderMap {
        let media_type = own.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let forms = match media_type.unwrap_or_default() {
            [b't', b'e', b'x', b't', b'/', b'h', b't', b'm', b'l', ..] => &self.page,
            [b'i', b'm', b'a', b'g', b'e', b'/', ..] => &self.picture,
            _ => &self.api,
        };
        match form {
            Form::Shrinks => &forms.shrinks,
            Form::Fixed => &forms.fixed,
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
    let form = encode(&mut response, asked).await;
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
    let Ok(collected) = std::mem::take(response.body_mut()).collect().await else {
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
fn write_headers(always: &Always, headers: &mut HeaderMap, form: Form) {
    let fixed = always.of(headers, form);
    let own = std::mem::replace(headers, fixed.clone());
    let mut again = None;
    for (next, value) in own {
        match (next, &again) {
            (Some(name), _) => again = add_own(headers, name, value),
            // A header that is there several times is named once.
            (None, Some(name)) => {
                headers.append(name, value);
            }
            (None, None) => {}
        }
    }
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
}

/// Puts what an answer brings beside what all carry, unless that has it already. Gives the name where more of it is put there.
fn add_own(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Option<HeaderName> {
    match headers.entry(&name) {
        Entry::Vacant(place) => {
            place.insert(value);
        }
        // What an answer depends on besides is said beside what all depend on.
        Entry::Occupied(mut place) if name == header::VARY => place.append(value),
        Entry::Occupied(_) => return None,
    }
    Some(name)
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
