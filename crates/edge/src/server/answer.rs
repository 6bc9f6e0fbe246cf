//! One request on its way to the edge and back: what only the server knows is added, and what is left of odd
//! requests after the framing is refused.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use base::codes;
use futures_util::FutureExt;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;

use super::connection::{House, UnderWay};
use super::outbound::Outbound;
use super::watch::Watch;
use super::{Inbound, Peer, Respond, Settings};

pub(super) async fn answer<S: Respond>(
    house: &House<S>,
    watch: Arc<Watch>,
    peer: Peer,
    request: Request<Incoming>,
    under_way: UnderWay,
) -> Response<Outbound<S::Body>> {
    let version = request.version();
    let mut response = match refusal(&request, &house.settings) {
        Some((status, code, why)) => problem(status, code, why, under_way),
        None => {
            let (mut parts, incoming) = request.into_parts();
            parts.extensions.insert(peer);
            parts.extensions.insert(crate::Peer(peer.address));
            let body = Inbound::new(incoming, house.settings.clone(), watch);
            respond(house, Request::from_parts(parts, body), under_way).await
        }
    };
    // HTTP/2 has another word for this, which hyper sends itself.
    let ends = version == Version::HTTP_10 || house.stop.is_stopping();
    if version <= Version::HTTP_11 && ends {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Asks the edge. A panic ends the request that it came from, and no other on the same connection.
async fn respond<S: Respond>(
    house: &House<S>,
    request: Request<Inbound>,
    under_way: UnderWay,
) -> Response<Outbound<S::Body>> {
    let answer = AssertUnwindSafe(house.respond.respond(request)).catch_unwind();
    match answer.await {
        Ok(response) => response.map(|body| Outbound::of_edge(body, under_way)),
        Err(_) => {
            metrics::counter!("server_panics_total").increment(1);
            tracing::error!("a request ended in a panic");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            problem(
                status,
                codes::INTERNAL,
                "The server made a mistake.",
                under_way,
            )
        }
    }
}

type Refusal = (StatusCode, &'static str, &'static str);

/// What HTTP/2 admits that HTTP/1 framing would have refused, and what is only too long.
fn refusal(request: &Request<Incoming>, settings: &Settings) -> Option<Refusal> {
    const MALFORMED: &str = codes::HEADER_MALFORMED;
    let uri = request.uri();
    let path_and_query = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if path_and_query > settings.target_bytes_max {
        return Some((
            StatusCode::URI_TOO_LONG,
            codes::ADDRESS_TOO_LONG,
            "The address is too long.",
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
            StatusCode::BAD_REQUEST,
            MALFORMED,
            "The request does not name one host.",
        )),
        false => None,
    }
}

fn problem<B>(
    status: StatusCode,
    code: &str,
    why: &str,
    under_way: UnderWay,
) -> Response<Outbound<B>> {
    let text = problem_text(status, code, why);
    let mut response = Response::new(Outbound::of_server(text, under_way));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// The words are ours and need no escaping.
fn problem_text(status: StatusCode, code: &str, why: &str) -> String {
    let title = status.canonical_reason().unwrap_or("Error");
    let status = status.as_u16();
    format!(
        r#"{{"type":"/docs/errors#{code}","title":"{title}","status":{status},"detail":"{why}","code":"{code}"}}"#
    )
}
