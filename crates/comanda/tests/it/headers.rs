//! What the answers of all operations tell a browser: to nobody, and to somebody who is signed in.

use serde_json::{Value, json};
use testkit::serve::ask;

use crate::World;
use crate::browser::{Browser, inbox};
use crate::looks;

/// An id of the right form that nothing has.
const NOTHING: &str = "01jd6yv2m00000000000000000";

/// All operations with addresses of the right form.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let parts: Vec<String> = path.split('/').map(filled).collect();
        for (method, operation) in methods.as_object().unwrap() {
            all.push((method.to_uppercase(), parts.join("/"), operation.clone()));
        }
    }
    all
}

fn filled(part: &str) -> String {
    let Some(name) = part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'))
    else {
        return part.to_owned();
    };
    let prefix = match name {
        "provider" => return "nobody".to_owned(),
        "host" => return "shop.example.com".to_owned(),
        "revision" => return "1".to_owned(),
        "size" => return "small".to_owned(),
        "line" => return "1".to_owned(),
        "cart" => "crt",
        "organisation" => "org",
        "brand" => "brd",
        "restaurant" => "rst",
        "person" => "per",
        "operator" => "opr",
        "session" => "ses",
        "address" => "adr",
        "contact" => "con",
        "factor" => "fac",
        "grant" => "grt",
        "invitation" => "inv",
        "key" => "key",
        "device" => "dev",
        "role" => "rol",
        "category" => "cat",
        "item" => "itm",
        "group" => "grp",
        "import" => "imp",
        "picture" => "pic",
        "coupon" => "cpn",
        "hook" => "hok",
        "order" => "ord",
        "promotion" => "prm",
        "payment" => "pay",
        "saga" => "sag",
        "work" => "job",
        "refund" => "rfd",
        other => panic!("{other}: a parameter that this test does not know"),
    };
    format!("{prefix}_{NOTHING}")
}

#[test]
fn every_operation_of_the_document_answers_with_the_headers_of_a_careful_server() {
    let world = World::new();
    let serve = world.serve();
    let document = serve.get("/api/openapi.json");
    let document: Value = serde_json::from_str(&document.body).unwrap();
    let operations = operations(&document);
    for (method, address, _) in &operations {
        let headers = [
            ("content-type", "application/json"),
            ("origin", "https://evil.example"),
            ("x-correlation-id", "one two\tthree"),
        ];
        let reply = ask(serve.http(), method, address, &headers, "");
        looks::like_ours(&reply, &format!("{method} {address}"));
        looks::cookies(&reply, address);
    }
    for (method, path) in [
        ("GET", "/nowhere"),
        ("TRACE", "/api/info"),
        ("DELETE", "/api/setup"),
    ] {
        looks::like_ours(&ask(serve.http(), method, path, &[], ""), path);
    }
    assert!(operations.len() >= 100, "{}", operations.len());
}

/// Signed in with two proofs, with empty bodies: most answers are about the caller, and none may be kept by a cache.
#[test]
fn what_is_answered_to_somebody_is_kept_by_nobody() {
    let rates = ["api", "auth"].map(|class| format!("edge.rate_{class}=0"));
    let world = World::new().with(&["--set", &rates[0], "--set", &rates[1]]);
    let serve = world.serve();
    let node = serve.http();
    let document: Value = serde_json::from_str(&serve.get("/api/openapi.json").body).unwrap();
    let mut lucia = Browser::new(node);
    lucia.sign_in("lucia@example.com", &|to| inbox(&[node], to));
    lucia.set_up_app();
    let mut answered = 0;
    for (method, address, operation) in operations(&document) {
        // Whoever is erased is nobody to the rest.
        if operation["x-strength"].is_null() || operation["operationId"] == "me.erase" {
            continue;
        }
        // Each asks with the same cookies, whatever the one before has ended.
        let body = match operation["requestBody"].is_null() {
            true => Value::Null,
            false => json!({}),
        };
        let said = lucia.clone().ask(&method, &address, &body);
        let what = format!("{method} {address}: {}", said.status);
        assert!(said.status < 500, "{what}: {}", said.body);
        assert_ne!(said.status, 401, "{what}: {}", said.body);
        let kept = said.reply.header("cache-control");
        assert_eq!(kept, Some("no-store"), "{what}");
        answered += u32::from(said.status < 300);
    }
    assert!(
        answered >= 10,
        "only {answered} requests were answered well"
    );
}
