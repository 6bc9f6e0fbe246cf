//! The document says what is served: every route is in it, nothing else is, and its text changes only on purpose.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::hall::Hall;
use crate::trial::Trial;

fn document(trial: &Trial) -> Value {
    serde_json::from_str(trial.edge.openapi()).unwrap()
}

#[tokio::test]
async fn each_served_route_is_in_the_document_and_nothing_else() {
    let trial = Trial::new();
    let document = document(&trial);
    let mut written = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            written.insert((method.to_uppercase(), path.clone(), id.to_owned()));
        }
    }
    let served = trial.edge.routes();
    let served =
        served.map(|(method, path, name)| (method.to_string(), path.to_owned(), name.to_owned()));
    assert_eq!(served.collect::<BTreeSet<_>>(), written);
    assert_eq!(
        trial.get("/api/openapi.json").await.body,
        trial.edge.openapi()
    );
}

#[test]
fn all_references_lead_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(parts) => {
                found.extend(parts.get("$ref").and_then(Value::as_str));
                parts.values().for_each(|part| references(part, found));
            }
            Value::Array(parts) => parts.iter().for_each(|part| references(part, found)),
            _ => {}
        }
    }
    let document = document(&Trial::new());
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 3);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn statuses_follow_from_what_a_route_takes_and_who_may() {
    let document = document(&Trial::new());
    let cases = [
        ("/api/large", "get", "200 304 400 413 414 422 429 500 503"),
        (
            "/api/things/{thing}",
            "get",
            "200 304 400 404 413 414 422 429 500 503",
        ),
        (
            "/api/things",
            "post",
            "201 400 401 403 409 413 414 415 422 429 500 503",
        ),
        (
            "/api/things/{thing}",
            "patch",
            "200 400 401 403 404 409 413 414 415 422 429 500 503",
        ),
        ("/api/me", "get", "200 304 400 401 413 414 422 429 500 503"),
        ("/docs", "get", "200 304 400 413 414 422 500 503"),
    ];
    for (path, method, expected) in cases {
        let responses = document["paths"][path][method]["responses"]
            .as_object()
            .unwrap();
        let statuses: Vec<_> = responses.keys().map(String::as_str).collect();
        assert_eq!(statuses.join(" "), expected, "{method} {path}");
        for (status, response) in responses.iter().filter(|(status, _)| ***status >= *"400") {
            let schema = &followed(&document, response)["content"]["application/problem+json"]["schema"]
                ["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{status}");
        }
    }
}

/// What is referred to, or what is there itself.
fn followed<'a>(document: &'a Value, given: &'a Value) -> &'a Value {
    let reference = given["$ref"].as_str();
    reference.map_or(given, |reference| {
        let target = reference.strip_prefix('#').unwrap();
        document.pointer(target).unwrap()
    })
}

/// Set `UPDATE_SNAPSHOTS` to write it anew, and look at the difference before it is committed.
#[test]
fn the_document_of_the_trial_app_is_as_it_was() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/document.json");
    let mut document = document(&Trial::new());
    document["info"]["version"] = "0.0.0".into();
    let now = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if option_env!("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let before = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        before == now,
        "the document has changed; compile with UPDATE_SNAPSHOTS=1 to write it anew"
    );
}

#[test]
fn who_may_is_said_of_each_operation() {
    let document: Value = serde_json::from_str(Hall::new().trial.edge.openapi()).unwrap();
    let names = document["components"]["securitySchemes"].as_object();
    let names: Vec<_> = names.unwrap().keys().collect();
    assert_eq!(names, ["bearer", "cookie"]);
    let either = serde_json::json!([{"bearer": []}, {"cookie": []}]);
    let cases = [
        ("/api/public", Value::Null, "public", None, None),
        ("/api/mine", either.clone(), "signed-in", None, Some("one")),
        (
            "/api/installation",
            either.clone(),
            "operator",
            None,
            Some("two"),
        ),
        (
            "/api/things/{thing}",
            either,
            "may",
            Some("things.change"),
            Some("two"),
        ),
    ];
    for (path, security, policy, permission, strength) in cases {
        let operation = &document["paths"][path]["post"];
        assert_eq!(operation["security"], security, "{path}");
        assert_eq!(operation["x-policy"], policy, "{path}");
        let said = |name: &str| operation.get(name).and_then(Value::as_str);
        assert_eq!(said("x-permission"), permission, "{path}");
        assert_eq!(said("x-strength"), strength, "{path}");
    }
}

#[test]
fn a_permission_brings_its_header_and_its_refusals() {
    let document: Value = serde_json::from_str(Hall::new().trial.edge.openapi()).unwrap();
    let operation = &document["paths"]["/api/things/{thing}"]["post"];
    let headers: Vec<_> = operation["parameters"].as_array().unwrap().iter().collect();
    let header = headers.iter().find(|one| one["in"] == "header").unwrap();
    assert_eq!(header["name"], "x-acting-reason");
    assert_eq!(header["schema"]["maxLength"], 200);
    let said = |status: &str| {
        let about = &followed(&document, &operation["responses"][status])["description"];
        about.as_str().unwrap().to_owned()
    };
    for code in ["forbidden", "second_factor_needed", "reason_needed"] {
        assert!(said("403").contains(code), "{code}");
    }
    assert!(said("401").contains("unauthenticated"));
    assert!(said("404").contains("not_found"));
    assert!(said("503").contains("unavailable"));
    let away = &document["paths"]["/api/away"]["get"]["responses"]["303"];
    assert!(away["headers"]["Location"].is_object());
    let bound = &document["paths"]["/api/codes"]["post"]["x-rate-bound"];
    assert_eq!(*bound, serde_json::json!({"max": 2, "windowMs": 10_000}));
    let personal = &document["paths"]["/api/people/{thing}"]["get"];
    assert_eq!(personal["x-reads-personal"], true);
}
