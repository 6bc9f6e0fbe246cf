//! Routes that lack something or contradict each other do not start, and the error says all of it.

use std::time::Duration;

use base::{Clock, Time, codes};
use edge::{Criticality, Edge, Json, Path, Policy, Rate, Route, Routes, Settings};
use http::{Method, StatusCode};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::trial::parts;

#[derive(Deserialize, IntoParams)]
struct Of {
    /// Which.
    #[expect(dead_code, reason = "only its declaration matters here")]
    thing: u64,
}

#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its declaration matters here")]
struct Open {
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its declaration matters here")]
struct OpenInside {
    open: Open,
}

mod other {
    #[derive(utoipa::ToSchema, serde::Serialize)]
    pub(super) struct Open {
        pub(super) age: u8,
    }
}

/// Builds and gives what is said against the routes.
fn said(routes: Vec<Route>) -> String {
    let clock = Clock::simulated(Time::EPOCH);
    match Edge::build(Settings::default(), Routes::from(routes), parts(&clock)) {
        Ok(_) => String::new(),
        Err(error) => error.message().to_owned(),
    }
}

fn whole(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::POST, path, operation)
        .about("Do something")
        .tag("things")
        .policy(Policy::Public)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(Duration::from_secs(1))
}

fn plain(path: &'static str, operation: &'static str) -> Route {
    whole(path, operation)
        .takes_nothing()
        .answers_nothing(StatusCode::OK)
        .handler(async || StatusCode::OK)
}

#[test]
fn a_whole_route_starts() {
    async fn takes_path(_of: Path<Of>) -> StatusCode {
        StatusCode::OK
    }
    let with_path = plain("/api/a/{thing}", "b.do")
        .path::<Of>()
        .handler(takes_path);
    assert_eq!(said(vec![plain("/api/a", "a.do"), with_path]), "");
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let said = said(vec![
        Route::new(Method::GET, "/api/a", "a.read"),
        Route::new(Method::GET, "/api/b", "b.read"),
    ]);
    for route in ["GET /api/a (a.read)", "GET /api/b (b.read)"] {
        for what in [
            "a summary",
            "a tag",
            "a policy",
            "a rate class",
            "a criticality",
            "a deadline",
            "what it takes",
            "what it answers",
            "a handler",
        ] {
            assert!(
                said.contains(&format!("{route}: it lacks {what}")),
                "{route} {what}:\n{said}"
            );
        }
    }
}

type Cases = Vec<(Vec<Route>, &'static str)>;

fn check(cases: Cases) {
    for (routes, expected) in cases {
        let said = said(routes);
        assert!(said.contains(expected), "{expected}:\n{said}");
    }
}

#[test]
fn what_is_there_twice_or_not_declared_is_said() {
    let cases: Cases = vec![
        (
            vec![plain("/api/a", "a.do"), plain("/api/b", "a.do")],
            "the operation a.do is there twice",
        ),
        (
            vec![plain("/api/a", "a.do"), plain("/api/a", "b.do")],
            "POST /api/a is there twice",
        ),
        (
            vec![plain("/api/{a}", "a.do"), plain("/api/{b}", "b.do")],
            "it cannot stand beside the other paths",
        ),
        (
            vec![plain("/api/{thing}", "a.do")],
            "the parameter {thing} of its path is not declared",
        ),
        (
            vec![plain("/api/a", "a.do").path::<Of>()],
            "the parameter thing is declared and not in its path",
        ),
    ];
    check(cases);
}

#[test]
fn contradictions_are_said() {
    async fn takes_path(_of: Path<Of>) -> StatusCode {
        StatusCode::OK
    }
    async fn takes_json(_open: Json<Open>) -> StatusCode {
        StatusCode::OK
    }
    let done = |route: Route| {
        route
            .answers_nothing(StatusCode::OK)
            .handler(async || StatusCode::OK)
    };
    let cases: Cases = vec![
        (
            vec![plain("/api/a", "a.do").fails(&["no_code"])],
            "the code no_code is not in the table",
        ),
        (
            vec![
                plain("/api/a", "a.do")
                    .fails(&[codes::CONFLICT])
                    .deadline(Duration::ZERO),
            ],
            "its deadline is zero",
        ),
        (
            vec![done(whole("/api/a", "a.do").takes::<Open>())],
            "Open admits unknown fields",
        ),
        (
            vec![done(whole("/api/a", "a.do").takes::<OpenInside>())],
            "Open admits unknown fields",
        ),
        (
            vec![
                plain("/api/a", "a.do")
                    .answers::<Open>(StatusCode::OK)
                    .answers::<other::Open>(StatusCode::CREATED),
            ],
            "two different schemas are named Open",
        ),
        (
            vec![plain("/api/{thing}", "a.do").path::<Of>()],
            "it declares parameters of the path (`.path`), which its handler does not take",
        ),
        (
            vec![plain("/api/a", "a.do").handler(takes_path)],
            "its handler takes parameters of the path (`.path`), which the route does not declare",
        ),
        (
            vec![plain("/api/a", "a.do").handler(takes_json)],
            "its handler takes JSON (`.takes`), which the route does not declare",
        ),
    ];
    check(cases);
}

#[test]
fn permissions_are_known_and_are_for_something() {
    let public = |path| {
        Route::new(Method::GET, path, "try")
            .about("Try")
            .tag("trial")
            .rate(Rate::Api)
            .criticality(Criticality::Normal)
            .deadline(Duration::from_secs(1))
            .takes_nothing()
            .answers_text("text/plain")
    };
    let nowhere = public("/api/things")
        .policy(Policy::May("things.read"))
        .handler(|| async { "" });
    let text = said(vec![nowhere]);
    assert!(
        text.contains("nobody knows the permission things.read"),
        "{text}"
    );
    assert!(text.contains("its path names nothing"), "{text}");
    let granted = public("/api/things")
        .policy(Policy::SignedIn)
        .handler(|_granted: edge::Granted| async { "" });
    assert!(said(vec![granted]).contains("its policy grants nothing"));
    let called = public("/api/things")
        .policy(Policy::Public)
        .handler(|_caller: edge::Caller| async { "" });
    assert!(said(vec![called]).contains("its policy looks for none"));
    let bounded = public("/api/things")
        .policy(Policy::Public)
        .bound(0, Duration::from_secs(1))
        .handler(|| async { "" });
    assert!(said(vec![bounded]).contains("its bound lets nobody pass"));
}
