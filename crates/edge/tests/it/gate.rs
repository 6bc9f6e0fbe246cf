//! What every answer carries, and what the gate does with a request that is well.

use std::io::Read;

use edge::{Documentation, Edge, Rates, Routes, Settings};
use http::Method;

use crate::trial::{Heard, MEMBER, OPERATOR, THING, Trial, request};

/// What each answer must carry, whatever it answers.
fn check_headers(heard: &Heard, what: &str) {
    let exact = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in exact {
        assert_eq!(heard.header(name), Some(value), "{what}: {name}");
    }
    for name in [
        "x-correlation-id",
        "traceparent",
        "permissions-policy",
        "cache-control",
        "vary",
    ] {
        assert!(heard.headers.contains_key(name), "{what}: {name}");
    }
    let policy = heard.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
}

#[tokio::test]
async fn every_answer_of_every_route_carries_the_headers() {
    let trial = Trial::with(Settings {
        rates: unlimited(),
        ..Settings::default()
    });
    let routes: Vec<(Method, &str)> = trial
        .edge
        .routes()
        .map(|(method, path, _)| (method.clone(), path))
        .collect();
    assert!(routes.len() > 10);
    for (method, path) in routes {
        for (signed_in, method) in [
            (true, method.as_str()),
            (false, method.as_str()),
            (true, "HEAD"),
            (true, "TRACE"),
        ] {
            let line = format!("{method} {}", path.replace("{thing}", "5"));
            let signed_in: &[_] = if signed_in { &[OPERATOR] } else { &[] };
            let heard = trial.ask(&line, signed_in, "").await;
            check_headers(&heard, &line);
            assert!(!heard.headers.contains_key("strict-transport-security"));
        }
    }
    check_headers(&trial.get("/nothing").await, "an unknown path");
}

#[tokio::test]
async fn over_tls_browsers_are_told_to_stay_there() {
    let trial = Trial::with(Settings {
        tls: true,
        ..Settings::default()
    });
    assert!(
        trial
            .get("/nothing")
            .await
            .headers
            .contains_key("strict-transport-security")
    );
}

#[tokio::test]
async fn answers_are_not_kept_unless_they_say_so() {
    let trial = Trial::new();
    for (path, kept) in [
        ("/api/things", "no-store"),
        ("/nothing", "no-store"),
        ("/docs", "no-cache"),
    ] {
        assert_eq!(
            trial.get(path).await.header("cache-control"),
            Some(kept),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_request_is_served() {
    let trial = Trial::new();
    let key = ("idempotency-key", "k-1");
    let heard = trial.ask("POST /api/things", &[OPERATOR, key], THING).await;
    assert_eq!(heard.status, 201);
    assert_eq!(heard.json()["name"], "a opr_1 k-1");
    assert_eq!(heard.json()["lines"], 5);
    let heard = trial
        .get("/api/things?limit=%35&onlyColour=dark-blue")
        .await;
    assert_eq!(heard.json()["name"], "5 Some(DarkBlue)");
    assert_eq!(trial.get("/api/things?").await.json()["name"], "20 None");
    assert_eq!(
        &trial.ask("GET /api/me", &[MEMBER], "").await.body[..],
        b"per_1"
    );
    let with_fractions = THING.replace("2}", "2.0}");
    let heard = trial
        .ask("POST /api/things", &[OPERATOR], &with_fractions)
        .await;
    assert_eq!((heard.status, &heard.json()["lines"]), (201, &5.into()));
    let charset = ("content-type", "Application/JSON; charset=\"UTF-8\"");
    assert_eq!(
        trial
            .ask("POST /api/things", &[OPERATOR, charset], THING)
            .await
            .status,
        201
    );
    assert_eq!(
        trial
            .ask("DELETE /api/things/1", &[OPERATOR], "")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn a_correlation_id_comes_back() {
    let trial = Trial::new();
    let heard = trial
        .ask("GET /api/things", &[("x-correlation-id", "my-id-1")], "")
        .await;
    assert_eq!(heard.header("x-correlation-id"), Some("my-id-1"));
    let (one, other) = (trial.get("/nothing").await, trial.get("/nothing").await);
    assert_ne!(
        one.header("x-correlation-id"),
        other.header("x-correlation-id")
    );
}

#[tokio::test]
async fn what_the_caller_has_is_not_sent_again() {
    let trial = Trial::new();
    for (path, strong) in [
        ("/api/things", false),
        ("/api/things/5", true),
        ("/api/openapi.json", true),
        ("/docs", true),
    ] {
        let first = trial.get(path).await;
        let tag = first.header("etag").unwrap();
        assert_eq!(tag.starts_with('"'), strong, "{path}: {tag}");
        for known in [
            tag.to_owned(),
            format!("\"x\", W/{}", tag.trim_start_matches("W/")),
            "*".to_owned(),
        ] {
            let again = trial
                .ask(&format!("GET {path}"), &[("if-none-match", &known)], "")
                .await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
            assert_eq!(again.header("etag"), Some(tag));
            assert!(!again.headers.contains_key("content-type"));
            let policy = "content-security-policy";
            assert_eq!(again.header(policy), first.header(policy), "{path}");
            check_headers(&again, path);
        }
        let other = trial
            .ask(
                &format!("GET {path}"),
                &[("if-none-match", "\"other\"")],
                "",
            )
            .await;
        assert_eq!(other.body, first.body);
    }
    assert_eq!(
        trial.get("/api/things/5").await.header("etag"),
        Some("\"7\"")
    );
}

#[tokio::test]
async fn a_change_names_the_version_it_is_based_on() {
    let trial = Trial::new();
    for (version, status) in [("\"7\"", 200), ("W/\"7\"", 200), ("*", 200), ("\"6\"", 409)] {
        let heard = trial
            .ask(
                "PATCH /api/things/1",
                &[OPERATOR, ("if-match", version)],
                THING,
            )
            .await;
        assert_eq!(heard.status, status, "{version}");
    }
}

#[tokio::test]
async fn large_answers_are_compressed_as_the_caller_takes_them() {
    let trial = Trial::new();
    let plain = trial.get("/api/large").await;
    let cases = [
        ("gzip", Some("gzip")),
        ("gzip, deflate, br", Some("gzip")),
        ("br", Some("br")),
        ("br;q=1.0, gzip;q=0", Some("br")),
        ("gzip;q=0.000", None),
        ("identity", None),
        ("deflate", None),
    ];
    for (accepted, encoding) in cases {
        let heard = trial
            .ask("GET /api/large", &[("accept-encoding", accepted)], "")
            .await;
        assert_eq!(heard.header("content-encoding"), encoding, "{accepted}");
        assert!(heard.header("vary").unwrap().contains("accept-encoding"));
        assert_eq!(decode(&heard), plain.body, "{accepted}");
        assert_eq!(heard.body.len() < plain.body.len(), encoding.is_some());
    }
    let small = trial
        .ask("GET /api/things", &[("accept-encoding", "gzip, br")], "")
        .await;
    assert_eq!(small.header("content-encoding"), None);
    let file = trial
        .ask(
            "GET /api/openapi.json",
            &[("accept-encoding", "gzip, br")],
            "",
        )
        .await;
    assert_eq!(file.header("content-encoding"), Some("br"));
    assert_eq!(decode(&file), trial.get("/api/openapi.json").await.body);
}

fn decode(heard: &Heard) -> Vec<u8> {
    let mut plain = Vec::new();
    match heard.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(&heard.body[..]).read_to_end(&mut plain),
        Some("br") => brotli::Decompressor::new(&heard.body[..], 4096).read_to_end(&mut plain),
        _ => (&heard.body[..]).read_to_end(&mut plain),
    }
    .unwrap();
    plain
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let trial = Trial::new();
    for path in ["/api/things", "/api/large", "/docs", "/nothing"] {
        let whole = trial.get(path).await;
        let head = trial.ask(&format!("HEAD {path}"), &[], "").await;
        assert_eq!((head.status, head.body.len()), (whole.status, 0), "{path}");
        let length = whole.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(&*length), "{path}");
        assert_eq!(head.header("etag"), whole.header("etag"));
    }
}

fn unlimited() -> Rates {
    Rates::unlimited()
}

#[tokio::test]
async fn callers_and_addresses_are_counted_apart() {
    let rates = Rates::of(Some(2), None, None);
    let trial = Trial::with(Settings {
        rates,
        ..Settings::default()
    });
    for left in ["1", "0"] {
        let heard = trial.get("/api/things").await;
        assert_eq!(heard.header("x-ratelimit-limit"), Some("2"));
        assert_eq!(heard.header("x-ratelimit-remaining"), Some(left));
        assert!(heard.headers.contains_key("x-ratelimit-reset"));
    }
    let heard = trial.get("/api/things").await;
    assert_eq!(
        (heard.status, heard.json()["code"].as_str()),
        (429, Some("rate_limited"))
    );
    let seconds: u64 = heard.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    assert_eq!(heard.json()["retryAfter"], seconds);
    for caller in [OPERATOR, MEMBER] {
        assert_eq!(trial.ask("GET /api/me", &[caller], "").await.status, 200);
    }
    // A guess at a sign-in is counted for the address, which has none left.
    assert_eq!(
        trial
            .ask("GET /api/me", &[("authorization", "Bearer guess")], "")
            .await
            .status,
        429
    );
    assert_eq!(trial.get("/docs").await.status, 200);
}

/// Proxies, a header of one request and of another, and whether these are two clients.
type FromProxies = (
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
    bool,
);

const ADDRESSES: &[FromProxies] = &[
    (
        "",
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "198.51.100.2"),
        false,
    ),
    (
        "192.0.2.0/24",
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "198.51.100.2"),
        true,
    ),
    (
        "192.0.2.7",
        ("x-forwarded-for", "1.1.1.1, 198.51.100.1"),
        ("x-forwarded-for", "2.2.2.2, 198.51.100.1"),
        false,
    ),
    (
        "0.0.0.0/0",
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2"),
        true,
    ),
    (
        "192.0.2.7",
        ("forwarded", "for=198.51.100.1;proto=http"),
        ("forwarded", "For=\"198.51.100.2:80\""),
        true,
    ),
    (
        "192.0.2.7",
        ("forwarded", "for=\"[2001:db8::1]:80\""),
        ("forwarded", "for=\"[2001:db8::2]\""),
        false,
    ),
    (
        "192.0.2.7",
        ("forwarded", "for=\"[2001:db8::1]\""),
        ("forwarded", "for=\"[2001:db8:0:1::1]\""),
        true,
    ),
    (
        "192.0.2.7",
        ("x-forwarded-for", "nonsense"),
        ("x-forwarded-for", "other"),
        false,
    ),
    (
        "10.0.0.0/8",
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "198.51.100.2"),
        false,
    ),
];

#[tokio::test]
async fn only_listed_proxies_are_believed_about_addresses() {
    for &(proxies, first, second, apart) in ADDRESSES {
        let listed = proxies.split(' ').filter(|one| !one.is_empty());
        let listed = listed.map(|one| one.parse().unwrap()).collect();
        let rates = Rates::of(Some(1), None, None);
        let trial = Trial::with(Settings {
            proxies: listed,
            rates,
            ..Settings::default()
        });
        assert_eq!(trial.ask("GET /api/things", &[first], "").await.status, 200);
        let status = trial.ask("GET /api/things", &[second], "").await.status;
        assert_eq!(
            status,
            if apart { 200 } else { 429 },
            "{proxies} {first:?} {second:?}"
        );
    }
}

#[tokio::test]
async fn a_caller_may_wait_less_long_and_never_longer() {
    let trial = Trial::new();
    let heard = trial
        .ask("GET /api/slow", &[("x-deadline-ms", "1")], "")
        .await;
    assert_eq!(heard.status, 503);
    assert_eq!(heard.header("retry-after"), Some("1"));
    let long = trial.ask("GET /api/slow", &[("x-deadline-ms", "86400000")], "");
    let heard = tokio::time::timeout(std::time::Duration::from_secs(10), long)
        .await
        .unwrap();
    assert_eq!(heard.json()["code"], "request_too_slow");
}

#[tokio::test(start_paused = true)]
async fn a_body_must_come_in_time() {
    let trial = Trial::new();
    let (_sender, body) = stalled();
    let (head, _) = request(
        "POST /api/things",
        &[OPERATOR, ("content-type", "application/json")],
        "",
    )
    .into_parts();
    let response = trial.edge.call(http::Request::from_parts(head, body)).await;
    assert_eq!(response.status(), 503);
}

/// A body of which nothing comes.
fn stalled() -> (tokio::sync::oneshot::Sender<()>, axum::body::Body) {
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let pieces = futures_util::stream::once(async move {
        let _ = receiver.await;
        Ok::<_, std::io::Error>(bytes::Bytes::new())
    });
    (sender, axum::body::Body::from_stream(pieces))
}

#[tokio::test]
async fn no_more_is_let_in_than_can_be_served() {
    let clock = base::Clock::simulated(base::Time::EPOCH);
    let settings = edge::admission::Settings {
        limit_first: 2,
        limit_min: 2,
        limit_max: 2,
        ..Default::default()
    };
    let admission = edge::Admission::new(settings, clock.clone());
    let held: Vec<_> =
        std::iter::from_fn(|| admission.enter(edge::Criticality::Critical).ok()).collect();
    let parts = edge::Parts {
        admission: admission.clone(),
        ..crate::trial::parts(&clock)
    };
    let routes = crate::trial::routes().with_state(crate::trial::App { clock });
    let trial = Trial {
        edge: Edge::build(Settings::default(), routes, parts).unwrap(),
    };
    let heard = trial.get("/api/things").await;
    assert_eq!(
        (heard.status, heard.json()["code"].as_str()),
        (503, Some("overloaded"))
    );
    assert!(heard.headers.contains_key("retry-after"));
    drop(held);
    assert_eq!(trial.get("/api/things").await.status, 200);
    assert_eq!(admission.state().in_flight, 0);
}

#[tokio::test]
async fn the_pages_work_without_anything_inline_or_from_elsewhere() {
    let trial = Trial::new();
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/errors", "text/html; charset=utf-8"),
        ("/docs/page.css", "text/css; charset=utf-8"),
        ("/docs/page.js", "text/javascript; charset=utf-8"),
        ("/api/openapi.json", "application/json"),
    ] {
        let heard = trial.get(path).await;
        assert_eq!(
            (heard.status, heard.header("content-type")),
            (200, Some(kind)),
            "{path}"
        );
        let text = String::from_utf8(heard.body.to_vec()).unwrap();
        if kind.starts_with("text/html") {
            assert!(
                heard
                    .header("content-security-policy")
                    .unwrap()
                    .contains("script-src 'self'")
            );
            for never in [
                "<style",
                " style=",
                " onclick",
                "javascript:",
                "https://",
                "http://",
            ] {
                assert!(!text.contains(never), "{path}: {never}");
            }
            let scripts = text.matches("<script").count();
            assert_eq!(scripts, text.matches("<script src=\"/docs/").count());
        }
    }
    let errors = String::from_utf8(trial.get("/docs/errors").await.body.to_vec()).unwrap();
    for (code, ..) in base::codes::TABLE {
        assert!(errors.contains(&format!("id=\"{code}\"")), "{code}");
    }
}

#[tokio::test]
async fn hidden_documentation_leaves_the_codes_alone() {
    let clock = base::Clock::fixed(base::Time::EPOCH);
    let settings = Settings {
        documentation: Documentation::Hidden,
        ..Settings::default()
    };
    let trial = Trial {
        edge: Edge::build(settings, Routes::new(), crate::trial::parts(&clock)).unwrap(),
    };
    for (path, status) in [
        ("/docs", 404),
        ("/api/openapi.json", 404),
        ("/docs/errors", 200),
        ("/docs/page.css", 200),
    ] {
        assert_eq!(trial.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_document_that_is_left_for_later_is_there_for_whoever_asks_before() {
    let clock = base::Clock::fixed(base::Time::EPOCH);
    let build = |documentation| Trial {
        edge: Edge::build(
            Settings {
                documentation,
                ..Settings::default()
            },
            Routes::new(),
            crate::trial::parts(&clock),
        )
        .unwrap(),
    };
    let (now, later) = (build(Documentation::Shown), build(Documentation::Later));
    assert_eq!(later.edge.openapi(), "");
    let expected = now.get("/api/openapi.json").await;
    assert_eq!(expected.status, 200);
    let early = later.get("/api/openapi.json").await;
    assert_eq!((early.status, &early.body), (200, &expected.body));
    assert_eq!(early.header("etag"), expected.header("etag"));
    later.edge.write_document().unwrap();
    let packed = [("accept-encoding", "br")];
    let line = "GET /api/openapi.json";
    let (expected, late) = (
        now.ask(line, &packed, "").await,
        later.ask(line, &packed, "").await,
    );
    assert_eq!(late.header("content-encoding"), Some("br"));
    assert_eq!((late.status, &late.body), (200, &expected.body));
}
