//! What a handler takes out of a request. The gate has read and checked it before; nothing here waits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use base::{Clock, Error, codes};
use bytes::Bytes;
use http::Extensions;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::gate::body::Counted;
use crate::gate::compress::Accepted;
use crate::rules::Rules;
use crate::{Answer, Caller, Context, Granted, Hosts, Problem, text};

/// What the gate found out about a request, for the handler.
pub(crate) struct Passage {
    pub(crate) context: Context,
    pub(crate) caller: Option<Caller>,
    pub(crate) granted: Option<Granted>,
    pub(crate) reason: Option<Box<str>>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) hosts: Arc<dyn Hosts>,
    pub(crate) params: Vec<(&'static str, String)>,
    /// The forms of an answer that the caller takes.
    pub(crate) accepted: Accepted,
    pub(crate) body: Bytes,
    pub(crate) rules: Option<Arc<Rules>>,
    pub(crate) key: Option<Box<str>>,
    pub(crate) if_match: Option<i64>,
    pub(crate) deadline: Deadline,
}

/// Finds the passage. Without one a handler was called past the gate, which nobody may do.
pub(crate) fn passage(extensions: &Extensions) -> base::Result<&Arc<Passage>> {
    extensions
        .get::<Arc<Passage>>()
        .ok_or_else(|| Error::internal(codes::INTERNAL, "a handler was called past the gate"))
}

/// The parameters of the path, as a struct with a field for each.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        let passage = passage(&parts.extensions)?;
        let pairs = passage.params.iter();
        let pairs = pairs.map(|(name, value)| (*name, &**value));
        Ok(Self(text::read(pairs, "path")?))
    }
}

/// The query of the address, as a struct with a field for each name; each name may be there once.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        let pairs = text::pairs(parts.uri.query().unwrap_or_default())?;
        let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
        Ok(Self(text::read(pairs, "query")?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        let caller = passage(&parts.extensions)?.caller.clone();
        // The policy of the route was asked before; this is for a handler of a public route that wants more.
        let missing = || Error::unauthenticated(codes::UNAUTHENTICATED, "nobody is signed in");
        Ok(caller.ok_or_else(missing)?)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Granted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        let granted = passage(&parts.extensions)?.granted.clone();
        let missing = || Error::internal(codes::INTERNAL, "the route asks for no permission");
        Ok(granted.ok_or_else(missing)?)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        Ok(passage(&parts.extensions)?.context.clone())
    }
}

/// The key under which a caller sends one request several times and wants one effect; 1 to 255 visible characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey(pub Option<Box<str>>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        Ok(Self(passage(&parts.extensions)?.key.clone()))
    }
}

/// Why an operator acts inside an organisation, on a route that asks for it. It is in the audit log by now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acting(pub Box<str>);

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        let reason = passage(&parts.extensions)?.reason.clone();
        let missing = || Error::internal(codes::INTERNAL, "the route asks for no reason");
        Ok(Self(reason.ok_or_else(missing)?))
    }
}

/// The version that a change is based on, when the caller says it: `If-Match: "7"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IfMatch(pub Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        Ok(Self(passage(&parts.extensions)?.if_match))
    }
}

/// Until when a request must be answered; what a handler waits for must wait no longer.
#[derive(Clone, Debug)]
pub struct Deadline {
    pub(crate) clock: Clock,
    pub(crate) ends: Duration,
}

impl Deadline {
    /// Tells how much time is left.
    pub fn left(&self) -> Duration {
        self.ends.saturating_sub(self.clock.elapsed())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Deadline {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        Ok(passage(&parts.extensions)?.deadline.clone())
    }
}

/// A body that is read piece by piece, by routes that take more than fits into memory.
#[derive(Debug)]
pub struct Body(Counted);

impl Body {
    /// Waits for the next piece; nothing at the end.
    ///
    /// # Errors
    ///
    /// When the body is larger than the route takes, or breaks off.
    pub async fn next(&mut self) -> base::Result<Option<Bytes>> {
        self.0.next().await
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(mut request: Request, _state: &S) -> Answer<Self> {
        let counted = request
            .extensions_mut()
            .remove::<crate::gate::body::Streamed>();
        let missing = || Error::internal(codes::INTERNAL, "the route does not take a stream");
        Ok(Self(
            counted
                .and_then(|streamed| streamed.take())
                .ok_or_else(missing)?,
        ))
    }
}
