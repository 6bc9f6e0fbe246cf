//! Pages of other sites: which may read answers (CORS), and that none may change anything unasked (CSRF).

use base::{Error, Result, codes};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use axum::response::{IntoResponse, Response};

use super::head::{FETCH_SITE, changes};
use crate::site::named;

/// What a page of a listed origin may send, and may read of an answer.
const HEADERS_IN: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, x-acting-reason, \
     x-correlation-id, x-deadline-ms, traceparent",
);
const HEADERS_OUT: HeaderValue = HeaderValue::from_static(
    "etag, retry-after, x-availability, x-correlation-id, x-ratelimit-limit, x-ratelimit-remaining, \
     x-ratelimit-reset",
);
const REMEMBERED_SECONDS: HeaderValue = HeaderValue::from_static("600");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// The origins of other sites that are let in.
#[derive(Debug)]
pub(crate) struct Origins {
    listed: Vec<HeaderValue>,
    /// What a page of ours was served over.
    schemes: &'static [&'static str],
}

impl Origins {
    /// Takes the list as browsers write it: scheme and host, no path.
    pub(crate) fn new(origins: &[String], tls: bool) -> Result<Self> {
        let read = |origin: &String| {
            let shape = origin.parse::<Uri>().ok().filter(|uri| {
                let known = matches!(uri.scheme_str(), Some("http" | "https"));
                known && uri.path() == "/" && uri.query().is_none() && !origin.ends_with('/')
            });
            let value = shape.and_then(|_| HeaderValue::try_from(origin.as_str()).ok());
            value.ok_or_else(|| {
                let message = format!("{origin:?} is not an origin such as https://shop.example");
                Error::invalid(codes::LINE_MALFORMED, message)
            })
        };
        let schemes: &[&str] = match tls {
            true => &["https"],
            false => &["http", "https"],
        };
        Ok(Self {
            listed: origins.iter().map(read).collect::<Result<_>>()?,
            schemes,
        })
    }

    /// Gives the origin of the request when it is listed.
    pub(crate) fn listed(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.listed.iter().find(|listed| *listed == origin)
    }

    /// Refuses what a foreign page wants to change. Programs that are no browser send neither header.
    pub(crate) fn check(&self, head: &Parts) -> Result<()> {
        if !changes(&head.method) || self.listed(&head.headers).is_some() {
            return Ok(());
        }
        let own = match (
            head.headers.get(header::ORIGIN),
            head.headers.get(FETCH_SITE),
        ) {
            (_, Some(site)) if !is_near(site) => false,
            (Some(origin), _) => is_own(origin, head),
            (None, _) => true,
        };
        match own {
            true => Ok(()),
            false => Err(Error::forbidden(
                codes::ORIGIN_REFUSED,
                "a page of another site may not do this",
            )),
        }
    }

    /// Says whether a browser vouches for the page that asks: one of ours, a listed one, or none at all, as when
    /// somebody types the address. [`Origins::check`] was asked before.
    pub(crate) fn is_proven(&self, head: &Parts) -> bool {
        let origin = head.headers.get(header::ORIGIN);
        let site = head.headers.get(FETCH_SITE);
        let from_ours = |origin| {
            let scheme = |scheme: &&str| starts_with(origin, scheme);
            self.schemes.iter().any(scheme) && is_own(origin, head)
        };
        match (origin, site) {
            _ if self.listed(&head.headers).is_some() => true,
            (Some(origin), Some(site)) => is_near(site) && from_ours(origin),
            (Some(origin), None) => from_ours(origin),
            (None, Some(site)) => is_near(site),
            (None, None) => false,
        }
    }

    /// Adds what lets a page of a listed origin read the answer; others get nothing.
    pub(crate) fn allow(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HEADERS_OUT);
        }
    }

    /// Answers `OPTIONS`, which a browser asks before it sends what is more than a form could.
    pub(crate) fn answer(&self, head: &Parts, allow: &HeaderValue) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(header::ALLOW, allow.clone());
        let asked = head
            .headers
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if asked && self.listed(&head.headers).is_some() {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS_IN);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_SECONDS);
        }
        response
    }
}

/// Whether a browser says that no other site has to do with the request. A neighbour under the same domain has.
fn is_near(site: &HeaderValue) -> bool {
    site == "same-origin" || site == "none"
}

fn starts_with(origin: &HeaderValue, scheme: &str) -> bool {
    let rest = origin.as_bytes().strip_prefix(scheme.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"://"))
}

/// Says whether the page was served by the server that it now calls.
fn is_own(origin: &HeaderValue, head: &Parts) -> bool {
    let Some((_, host)) = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
    else {
        return false;
    };
    named(head).is_some_and(|own| own.eq_ignore_ascii_case(host))
}
