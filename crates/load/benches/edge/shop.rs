//! An edge with one route whose answer is there already, and the request for it.

use std::time::Duration;

use base::{Clock, Random};
use bytes::Bytes;
use edge::{Criticality, Edge, Parts, Peer, Policy, Rate, Rates, Route, Routes, Settings};
use http::{Method, Request};
use http_body_util::Full;

/// A small menu, as it would lie in a cache.
const ANSWER: &str = r#"{"id":"mnu_00000000000000000000000000","name":"Lunch","items":[{"name":"Soup","price":"4.50"}]}"#;

/// The edge with its route. Nobody is over its rate here, but everybody is counted.
pub(crate) fn edge(clock: &Clock) -> base::Result<Edge> {
    let menu = Route::new(Method::GET, "/api/menu", "menu.read")
        .about("Read a menu")
        .tag("bench")
        .policy(Policy::Public)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(Duration::from_secs(10))
        .takes_nothing()
        .answers_text("text/plain")
        .handler(|| async { ANSWER });
    let settings = Settings {
        rates: Rates::of(Some(u32::MAX), None, None),
        ..Settings::default()
    };
    Edge::build(
        settings,
        Routes::<()>::new().add(menu).with_state(()),
        Parts::new(clock, &Random::real()),
    )
}

/// The request for it, as it comes from a browser's page.
pub(crate) fn request() -> Result<Request<Full<Bytes>>, http::Error> {
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 50_000));
    let mut request = Request::get("/api/menu").extension(Peer(peer));
    for (name, value) in HEADERS {
        request = request.header(*name, *value);
    }
    request.body(Full::default())
}

pub(crate) const HEADERS: &[(&str, &str)] = &[
    ("host", "127.0.0.1"),
    ("accept", "application/json"),
    ("user-agent", "bench"),
];
