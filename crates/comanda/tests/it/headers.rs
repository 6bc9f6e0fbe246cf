//! What every answer of the running program tells a browser, whoever asks and whatever is asked.

use testkit::serve::{Reply, ask};

use crate::World;

const EXACT: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

#[test]
fn every_operation_of_the_document_answers_with_the_headers_of_a_careful_server() {
    let world = World::new();
    let serve = world.serve();
    let document = serve.get("/api/openapi.json");
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let address = path
            .replace("{organisation}", "org_01jd6yv2m00000000000000000")
            .replace("{brand}", "brd_01jd6yv2m00000000000000000");
        assert!(
            !address.contains('{'),
            "{address}: a parameter that this test does not know"
        );
        for method in methods
            .as_object()
            .unwrap()
            .keys()
            .map(|name| name.to_uppercase())
        {
            let headers = [
                ("content-type", "application/json"),
                ("origin", "https://evil.example"),
                ("x-correlation-id", "one two\tthree"),
            ];
            let reply = ask(serve.http(), &method, &address, &headers, "");
            check(&reply, &format!("{method} {address}"));
            asked += 1;
        }
    }
    for (method, path) in [
        ("GET", "/nowhere"),
        ("TRACE", "/api/info"),
        ("DELETE", "/api/setup"),
    ] {
        check(&ask(serve.http(), method, path, &[], ""), path);
    }
    assert!(asked >= 20, "{asked}");
}

fn check(reply: &Reply, what: &str) {
    for (name, value) in EXACT {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    }
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for name in ["cache-control", "vary", "traceparent", "permissions-policy"] {
        assert!(reply.header(name).is_some(), "{what}: {name}");
    }
    let correlation = reply.header("x-correlation-id").unwrap_or_default();
    assert!(
        !correlation.is_empty() && !correlation.contains("two"),
        "{what}: {correlation}"
    );
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(reply.header(name), None, "{what}: {name}");
    }
}
