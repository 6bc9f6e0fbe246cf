//! Answers that were packed before: sent as they are in each form, with strong tags, and never touched by the gate.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base::{Clock, Random, Time};
use bytes::Bytes;
use edge::{
    Accepts, Criticality, Edge, Encoding, Packed, Parts, Peer, Policy, Rate, Rates, Route, Routes,
    Settings, Sort, Variants,
};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde::Serialize;
use utoipa::ToSchema;

static TEXT: Sort = Sort::of("text/plain");

static MENU: LazyLock<Variants> = LazyLock::new(|| {
    let content = "{\"name\":\"Soup of the day\"}".repeat(500);
    static JSON: Sort = Sort::of("application/json");
    Variants::new(&JSON, content)
});

/// What cannot become smaller.
static NOISE: LazyLock<Packed> = LazyLock::new(|| {
    static KEPT: Sort = TEXT.kept("public, max-age=30, must-revalidate");
    let mut noise = vec![0; 5000];
    Random::seeded(7).fill(&mut noise);
    Packed::new(&KEPT, noise)
});

static PICTURE: LazyLock<Packed> = LazyLock::new(|| {
    static JPEG: Sort = Sort::of("image/jpeg");
    Packed::new(&JPEG, vec![7; 5000])
});

#[derive(Serialize, ToSchema)]
struct Menu {
    /// What it is called.
    name: String,
}

fn edge(rates: Rates) -> Edge {
    let route = |path, name| {
        Route::new(Method::GET, path, name)
            .about("Read what was published")
            .tag("menus")
            .policy(Policy::Public)
            .rate(Rate::Read)
            .criticality(Criticality::Normal)
            .deadline(Duration::from_secs(5))
            .takes_nothing()
    };
    let menu = async |accepts: Accepts| MENU.choose(accepts);
    let noise = async |accepts: Accepts| NOISE.packed(accepts.best());
    let picture = async || PICTURE.clone();
    let routes = Routes::<()>::new()
        .add(
            route("/api/menu", "menu.read")
                .answers::<Menu>(StatusCode::OK)
                .handler(menu),
        )
        .add(
            route("/api/noise", "noise.read")
                .answers_text("text/plain")
                .handler(noise),
        )
        .add(
            route("/api/picture", "picture.read")
                .answers_text("image/jpeg")
                .handler(picture),
        );
    let settings = Settings {
        rates,
        ..Settings::default()
    };
    let clock = Clock::simulated(Time::EPOCH);
    Edge::build(settings, routes, Parts::new(&clock, &Random::seeded(3))).unwrap()
}

struct Heard {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let one = all.next().map(|value| value.to_str().unwrap());
        assert!(all.next().is_none(), "{name} is there twice");
        one
    }
}

async fn ask(edge: &Edge, line: &str, headers: &[(&'static str, &str)]) -> Heard {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("host", "example.org");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let peer = SocketAddr::from(([203, 0, 113, 7], 4000));
    let request = request.extension(Peer(peer));
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let (head, body) = edge.call(request).await.into_parts();
    Heard {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

fn unpacked(heard: &Heard) -> Vec<u8> {
    let mut plain = Vec::new();
    match heard.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(&heard.body[..]).read_to_end(&mut plain),
        Some("br") => brotli::Decompressor::new(&heard.body[..], 4096).read_to_end(&mut plain),
        Some("zstd") => zstd::stream::read::Decoder::new(&heard.body[..])
            .unwrap()
            .read_to_end(&mut plain),
        _ => (&heard.body[..]).read_to_end(&mut plain),
    }
    .unwrap();
    plain
}

const ACCEPTED: [(&str, Option<&str>); 6] = [
    ("gzip, deflate, br, zstd", Some("br")),
    ("gzip, zstd", Some("zstd")),
    ("gzip;q=0.5", Some("gzip")),
    ("br;q=0, zstd;q=0, gzip;q=0", None),
    ("identity", None),
    ("", None),
];

#[tokio::test]
async fn each_form_is_sent_as_it_is_with_a_strong_tag_of_its_own() {
    let edge = edge(Rates::unlimited());
    let plain = ask(&edge, "GET /api/menu", &[]).await;
    let mut tags = std::collections::BTreeMap::new();
    for (accepted, encoding) in ACCEPTED {
        let accept = ("accept-encoding", accepted);
        let heard = ask(&edge, "GET /api/menu", &[accept]).await;
        assert_eq!(heard.status, 200);
        assert_eq!(heard.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(unpacked(&heard), plain.body, "{accepted}");
        assert_eq!(heard.body.len() < plain.body.len(), encoding.is_some());
        assert!(heard.header("vary").unwrap().contains("accept-encoding"));
        assert_eq!(heard.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(heard.header("content-type"), Some("application/json"));
        let tag = heard.header("etag").unwrap();
        assert!(tag.starts_with('"'), "{tag}");
        tags.insert(tag.to_owned(), encoding);
        let again = ask(&edge, "GET /api/menu", &[accept, ("if-none-match", tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), Some(tag));
        assert_eq!(again.header("content-encoding"), None);
        let head = ask(&edge, "HEAD /api/menu", &[accept]).await;
        let length = heard.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(&*length));
        assert_eq!((head.header("etag"), head.body.len()), (Some(tag), 0));
    }
    assert_eq!(tags.len(), 4, "{tags:?}");
}

#[tokio::test]
async fn the_gate_copies_nothing() {
    let edge = edge(Rates::unlimited());
    for (accepted, _) in ACCEPTED {
        let accept = ("accept-encoding", accepted);
        let one = ask(&edge, "GET /api/menu", &[accept]).await;
        let two = ask(&edge, "GET /api/menu", &[accept]).await;
        assert_eq!(one.body.as_ptr(), two.body.as_ptr(), "{accepted}");
    }
}

/// What did not become smaller is sent as it is: the gate does not try it again for every caller.
#[tokio::test]
async fn what_does_not_shrink_is_not_packed_again() {
    let edge = edge(Rates::unlimited());
    let accept = ("accept-encoding", "gzip, br");
    for (path, vary) in [("/api/noise", true), ("/api/picture", false)] {
        let heard = ask(&edge, &format!("GET {path}"), &[accept]).await;
        assert_eq!(heard.header("content-encoding"), None, "{path}");
        let tag = heard.header("etag").unwrap();
        assert!(tag.ends_with("-identity\""), "{path}: {tag}");
        assert_eq!(heard.body.len(), 5000);
        let varies = heard.header("vary").unwrap().contains("accept-encoding");
        assert_eq!(varies, vary, "{path}");
    }
    let noise = ask(&edge, "GET /api/noise", &[accept]).await;
    assert_eq!(noise.body.as_ptr(), NOISE.body().as_ptr());
    let kept = Some("public, max-age=30, must-revalidate");
    assert_eq!(noise.header("cache-control"), kept);
}

/// What was published is read by everybody behind one address, and no more than the class says.
#[tokio::test]
async fn reading_is_bounded_by_address() {
    let edge = edge(Rates::unlimited().reads(Some(3)));
    let mut left = Vec::new();
    for _ in 0..4 {
        let heard = ask(&edge, "GET /api/menu", &[]).await;
        let remaining = heard.header("x-ratelimit-remaining").unwrap().to_owned();
        left.push((heard.status, remaining));
    }
    let said: Vec<(u16, &str)> = left
        .iter()
        .map(|(status, left)| (*status, &**left))
        .collect();
    assert_eq!(said, [(200, "2"), (200, "1"), (200, "0"), (429, "0")]);
}

#[test]
fn clones_share_the_bytes_and_all_forms_differ() {
    let plain = Packed::new(&TEXT, "text ".repeat(1000));
    let forms: Arc<[Packed]> = Encoding::ALL.map(|encoding| plain.packed(encoding)).into();
    for (form, encoding) in forms.iter().zip(Encoding::ALL) {
        assert_eq!(form.encoding(), encoding);
        assert_eq!(form.clone().body().as_ptr(), form.body().as_ptr());
        assert!(form.bytes() > form.body().len());
    }
}
