//! Every way to be refused: status, code and fields, and that nothing of ours is shown.

use crate::trial::{MEMBER, OPERATOR, SECRET, THING, Trial, request};

type Case<'a> = (
    &'a str,
    &'a str,
    &'a [(&'a str, &'a str)],
    &'a str,
    u16,
    &'a str,
    &'a [&'a str],
);

const OP: &[(&str, &str)] = &[OPERATOR];

const CASES: &[Case<'static>] = &[
    (
        "an unknown path",
        "GET /api/nothing",
        &[],
        "",
        404,
        "path_unknown",
        &[],
    ),
    (
        "a path that is no text",
        "GET /api/things/%ff",
        &[],
        "",
        404,
        "path_unknown",
        &[],
    ),
    (
        "another method",
        "PUT /api/things",
        &[],
        "",
        405,
        "method_unknown",
        &[],
    ),
    (
        "TRACE",
        "TRACE /api/things",
        &[],
        "",
        405,
        "method_unknown",
        &[],
    ),
    (
        "nobody signed in",
        "POST /api/things",
        &[],
        THING,
        401,
        "unauthenticated",
        &[],
    ),
    (
        "a bad sign-in",
        "POST /api/things",
        &[("authorization", "Bearer x")],
        THING,
        401,
        "unauthenticated",
        &[],
    ),
    (
        "another role",
        "POST /api/things",
        &[MEMBER],
        THING,
        403,
        "forbidden",
        &[],
    ),
    (
        "no body",
        "POST /api/things",
        OP,
        "",
        400,
        "body_malformed",
        &[],
    ),
    (
        "no JSON",
        "POST /api/things",
        OP,
        "{",
        400,
        "body_malformed",
        &[],
    ),
    (
        "more than JSON",
        "POST /api/things",
        OP,
        "{\"name\":\"a\",\"lines\":[]} x",
        400,
        "body_malformed",
        &[],
    ),
    (
        "another form",
        "POST /api/things",
        &[OPERATOR, ("content-type", "text/plain")],
        THING,
        415,
        "media_type_unknown",
        &[],
    ),
    (
        "another alphabet",
        "POST /api/things",
        &[
            OPERATOR,
            ("content-type", "application/json; charset=latin1"),
        ],
        THING,
        415,
        "media_type_unknown",
        &[],
    ),
    (
        "a missing field",
        "POST /api/things",
        OP,
        r#"{"name":"a"}"#,
        422,
        "field_missing",
        &["lines"],
    ),
    (
        "an unknown field",
        "POST /api/things",
        OP,
        r#"{"name":"a","lines":[],"x":1}"#,
        422,
        "field_unknown",
        &["x"],
    ),
    (
        "an unknown field inside",
        "POST /api/things",
        OP,
        r#"{"name":"a","lines":[{"quantity":1,"x":1}]}"#,
        422,
        "field_unknown",
        &["lines[0].x"],
    ),
    (
        "a missing field inside",
        "POST /api/things",
        OP,
        r#"{"name":"a","lines":[{"quantity":1},{}]}"#,
        422,
        "field_missing",
        &["lines[1].quantity"],
    ),
    (
        "a wrong field inside",
        "POST /api/things",
        OP,
        r#"{"name":"a","lines":[{"quantity":-1}]}"#,
        422,
        "field_invalid",
        &["lines[0].quantity"],
    ),
    (
        "an unknown name in the query",
        "GET /api/things?x=1",
        &[],
        "",
        422,
        "field_unknown",
        &["x"],
    ),
    (
        "a query where none is",
        "GET /api/large?x=1",
        &[],
        "",
        422,
        "field_unknown",
        &["x"],
    ),
    (
        "a name twice",
        "GET /api/things?limit=1&limit=2",
        &[],
        "",
        400,
        "query_malformed",
        &[],
    ),
    (
        "a name twice, once encoded",
        "GET /api/things?limit=1&l%69mit=2",
        &[],
        "",
        400,
        "query_malformed",
        &[],
    ),
    (
        "a query that is no text",
        "GET /api/things?limit=%f",
        &[],
        "",
        400,
        "query_malformed",
        &[],
    ),
    (
        "a number that is none",
        "GET /api/things?limit=ten",
        &[],
        "",
        422,
        "field_invalid",
        &["limit"],
    ),
    (
        "a number with a sign",
        "GET /api/things?limit=%2B5",
        &[],
        "",
        422,
        "field_invalid",
        &["limit"],
    ),
    (
        "a choice that is none",
        "GET /api/things?onlyColour=green",
        &[],
        "",
        422,
        "field_invalid",
        &["onlyColour"],
    ),
    (
        "a limit too high",
        "GET /api/things?limit=101",
        &[],
        "",
        422,
        "field_invalid",
        &["limit"],
    ),
    (
        "a path value too low",
        "GET /api/things/0",
        &[],
        "",
        422,
        "field_invalid",
        &["thing"],
    ),
    (
        "fields out of their limits",
        "POST /api/things",
        OP,
        r#"{"name":"","lines":[{"quantity":1},{"quantity":101}]}"#,
        422,
        "field_invalid",
        &["lines[1].quantity", "name"],
    ),
    (
        "a field twice",
        "POST /api/things",
        OP,
        r#"{"name":"a","name":"b","lines":[]}"#,
        422,
        "field_invalid",
        &["name"],
    ),
    (
        "a stream of no form",
        "POST /api/uploads",
        &[],
        "",
        415,
        "media_type_unknown",
        &[],
    ),
    (
        "a path value that is none",
        "GET /api/things/x",
        &[],
        "",
        422,
        "field_invalid",
        &["thing"],
    ),
    (
        "what is not there",
        "GET /api/things/1000",
        &[],
        "",
        404,
        "not_found",
        &[],
    ),
    (
        "another version",
        "PATCH /api/things/1",
        &[OPERATOR, ("if-match", "\"6\"")],
        THING,
        409,
        "version_changed",
        &[],
    ),
    (
        "a body where none is",
        "DELETE /api/things/1",
        OP,
        "{}",
        413,
        "body_too_large",
        &[],
    ),
    (
        "work without end",
        "GET /api/slow",
        &[],
        "",
        503,
        "request_too_slow",
        &[],
    ),
    ("a panic", "GET /api/panic", &[], "", 500, "internal", &[]),
    (
        "a fault of ours",
        "GET /api/broken",
        &[],
        "",
        500,
        "damaged",
        &[],
    ),
    (
        "a key of no characters",
        "GET /api/large",
        &[("idempotency-key", "")],
        "",
        400,
        "header_malformed",
        &[],
    ),
    (
        "a key with a space",
        "GET /api/large",
        &[("idempotency-key", "a b")],
        "",
        400,
        "header_malformed",
        &[],
    ),
    (
        "a version without quotes",
        "GET /api/large",
        &[("if-match", "7")],
        "",
        400,
        "header_malformed",
        &[],
    ),
    (
        "a deadline of zero",
        "GET /api/large",
        &[("x-deadline-ms", "0")],
        "",
        400,
        "header_malformed",
        &[],
    ),
    (
        "a deadline that is none",
        "GET /api/large",
        &[("x-deadline-ms", "+5")],
        "",
        400,
        "header_malformed",
        &[],
    ),
    (
        "a host that is none",
        "GET http://a/api/large",
        &[],
        "",
        400,
        "header_malformed",
        &[],
    ),
];

#[tokio::test]
async fn every_refusal_has_its_status_code_and_fields() {
    for (name, line, headers, body, status, code, fields) in CASES {
        let heard = Trial::new().ask(line, headers, body).await;
        assert_eq!(heard.status, *status, "{name}: {:?}", heard.body);
        assert_eq!(
            heard.header("content-type"),
            Some("application/problem+json"),
            "{name}"
        );
        let shown = heard.json();
        assert_eq!(shown["code"], *code, "{name}: {shown}");
        assert_eq!(shown["type"], format!("/docs/errors#{code}"), "{name}");
        assert_eq!(shown["status"], *status, "{name}");
        assert_eq!(
            shown["instance"],
            heard.header("x-correlation-id").unwrap(),
            "{name}"
        );
        let named = shown["fields"].as_array().into_iter().flatten();
        let named: Vec<_> = named
            .map(|field| field["field"].as_str().unwrap())
            .collect();
        assert_eq!(named, *fields, "{name}");
    }
}

#[tokio::test]
async fn a_fault_of_ours_shows_its_code_and_the_correlation_id_alone() {
    let trial = Trial::new();
    for path in ["/api/broken", "/api/panic"] {
        let heard = trial.get(path).await;
        let shown = String::from_utf8(heard.body.to_vec()).unwrap();
        assert!(!shown.contains(SECRET), "{shown}");
        let keys: Vec<_> = heard.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys.len(), 5, "{shown}");
    }
    assert_eq!(trial.get("/api/things").await.status, 200);
}

#[tokio::test]
async fn headers_that_count_once_are_refused_twice() {
    let names = [
        "content-length",
        "host",
        "authorization",
        "content-type",
        "idempotency-key",
        "x-correlation-id",
    ];
    let trial = Trial::new();
    for name in names {
        let twice = [(name, "1"), (name, "1")];
        let heard = trial.ask("GET /api/things", &twice, "").await;
        assert_eq!(heard.status, 400, "{name}");
        assert_eq!(heard.json()["code"], "header_malformed", "{name}");
    }
    let others = [("accept", "a"), ("accept", "b")];
    assert_eq!(trial.ask("GET /api/things", &others, "").await.status, 200);
}

#[tokio::test]
async fn a_host_is_needed_and_must_be_one_host() {
    let trial = Trial::new();
    for host in ["", "a b", "a@b", "a/b", "a:99999999"] {
        let mut request = request("GET /api/things", &[], "");
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(trial.send(request).await.status, 400, "{host:?}");
    }
    let mut without = request("GET /api/things", &[], "");
    without.headers_mut().remove("host");
    assert_eq!(trial.send(without).await.status, 400);
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_its_length_or_while_it_comes() {
    let trial = Trial::new();
    let announced = [OPERATOR, ("content-length", "262145")];
    let heard = trial.ask("POST /api/things", &announced, THING).await;
    assert_eq!(
        (heard.status, heard.json()["code"].as_str()),
        (413, Some("body_too_large"))
    );
    let unannounced = "x".repeat(256 * 1024 + 1);
    assert_eq!(
        trial.ask("POST /api/things", OP, &unannounced).await.status,
        413
    );
    let stream = [("content-type", "application/octet-stream")];
    let just = trial
        .ask("POST /api/uploads", &stream, &"x".repeat(1_000_000))
        .await;
    assert_eq!((just.status, &just.body[..]), (200, b"1000000".as_slice()));
    let over = trial
        .ask("POST /api/uploads", &stream, &"x".repeat(1_000_001))
        .await;
    assert_eq!(
        (over.status, over.json()["code"].as_str()),
        (413, Some("body_too_large"))
    );
    assert_eq!(trial.ask("POST /api/uploads", &[], "x").await.status, 415);
}

#[tokio::test]
async fn addresses_have_a_length() {
    let trial = Trial::new();
    for start in ["/api/", "/api/things?limit="] {
        let heard = trial.get(&format!("{start}{}", "x".repeat(20_000))).await;
        let code = heard.json()["code"].clone();
        assert_eq!(
            (heard.status, code),
            (414, "address_too_long".into()),
            "{start}"
        );
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_names_those_that_are() {
    let trial = Trial::new();
    let heard = trial.ask("PUT /api/things/1", &[], "").await;
    assert_eq!(
        heard.header("allow"),
        Some("DELETE, GET, HEAD, OPTIONS, PATCH")
    );
    let heard = trial.ask("OPTIONS /api/things", &[], "").await;
    assert_eq!(
        (heard.status, heard.header("allow")),
        (204, Some("GET, HEAD, OPTIONS, POST"))
    );
}
