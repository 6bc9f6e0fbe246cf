//! One request on its way to the edge and back: what only the server knows is added, and what is left of odd
//! requests after the framing is refused.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use base::{Error, Random, codes};
use futures_util::FutureExt;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use hyper::body::Incoming;

use super::connection::{House, UnderWay};
use super::outbound::Outbound;
use super::{Inbound, Peer, Respond, Settings};
use crate::{Context, Problem};

/// The answer to one request, to be waited for.
pub(super) type Answer<S> = Pin<Box<dyn Future<Output = Answered<S>> + Send>>;

type Answered<S> = Result<Response<Outbound<<S as Respond>::Body>>, Infallible>;

pub(super) fn answer<S: Respond>(
    house: Arc<House<S>>,
    peer: Peer,
    request: Request<Incoming>,
    under_way: UnderWay,
) -> Answer<S> {
    let version = request.version();
    if let Some((code, why)) = refusal(&request, &house.settings) {
        let context = Context::of(request.headers(), &Random::real());
        let response = problem(Error::invalid(code, why), &context, under_way);
        return Box::pin(ready(Ok(last(&house, version, response))));
    }
    let (mut parts, incoming) = request.into_parts();
    parts.extensions.insert(peer);
    let body = Inbound::new(incoming, under_way.watch().clone());
    let answer = house.respond.respond(Request::from_parts(parts, body));
    // A panic ends the request that it came from, and no other on the same connection.
    let answer = AssertUnwindSafe(answer).catch_unwind();
    Box::pin(answer.map(move |done| {
        let response = match done {
            Ok(response) => response.map(|body| Outbound::of_edge(body, under_way)),
            Err(_) => panicked(under_way),
        };
        Ok(last(&house, version, response))
    }))
}

/// Says that no other answer comes on this connection, where that is so.
fn last<S, B>(house: &House<S>, version: Version, mut response: Response<B>) -> Response<B> {
    // HTTP/2 has another word for this, which hyper sends itself.
    let ends = version == Version::HTTP_10 || house.stop.is_stopping();
    if version <= Version::HTTP_11 && ends {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn panicked<B>(under_way: UnderWay) -> Response<Outbound<B>> {
    metrics::counter!("server_panics_total").increment(1);
    tracing::error!("a request ended in a panic");
    let error = Error::internal(codes::INTERNAL, "a request ended in a panic");
    let context = Context::of(&HeaderMap::new(), &Random::real());
    problem(error, &context, under_way)
}

type Refusal = (&'static str, &'static str);

/// What HTTP/2 admits that HTTP/1 framing would have refused, and what is only too long.
fn refusal(request: &Request<Incoming>, settings: &Settings) -> Option<Refusal> {
    let uri = request.uri();
    let path_and_query = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if path_and_query > settings.target_bytes_max {
        return Some((
            codes::ADDRESS_TOO_LONG,
            "the address is longer than is read",
        ));
    }
    if request.version() < Version::HTTP_2 {
        return None;
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let differs = match (uri.authority(), hosts.next(), hosts.next()) {
        (_, _, Some(_)) | (None, None, _) => true,
        (Some(authority), Some(host), None) => !authority
            .as_str()
            .as_bytes()
            .eq_ignore_ascii_case(host.as_bytes()),
        (_, _, None) => false,
    };
    let user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    match differs || user {
        true => Some((
            codes::HEADER_MALFORMED,
            "the request does not name one host",
        )),
        false => None,
    }
}

/// An error that the edge never saw, in the form of all others.
fn problem<B>(error: Error, context: &Context, under_way: UnderWay) -> Response<Outbound<B>> {
    let text = crate::problem::body(&error, &context.correlation);
    let mut response = Response::new(Outbound::of_server(text, under_way));
    *response.status_mut() = Problem(error).status();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    // The id is one of ours or was checked; it is always a value of a header.
    if let Ok(correlation) = HeaderValue::from_str(&context.correlation) {
        headers.insert("x-correlation-id", correlation);
    }
    response
}
