//! Whatever is sent stays out of logs, metrics and traces: every place of a request is filled with marked texts,
//! and none of them may come out there.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use testkit::serve::{Serve, ask};

use crate::World;
use crate::telemetry::{Collector, until};

/// Begins every marked text; nothing of ours contains it.
const MARK: &str = "cnryq";

/// Gives a text that was not given before.
struct Marks(u32);

impl Marks {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("{MARK}{:05}", self.0)
    }

    /// Headers that people's programs send, each with a mark of its own.
    fn headers(&mut self, key: Option<&str>) -> Vec<(&'static str, String)> {
        let bearer = key.map_or_else(|| format!("Bearer {}", self.next()), str::to_owned);
        let mut headers = vec![
            ("authorization", bearer),
            (
                "cookie",
                format!("session={}; {}=1", self.next(), self.next()),
            ),
            (
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
            ),
            ("tracestate", format!("{}={}", self.next(), self.next())),
            // The space makes it malformed, so it must be replaced.
            ("x-correlation-id", format!("{} x", self.next())),
            ("forwarded", format!("for={}", self.next())),
        ];
        let names = [
            "idempotency-key",
            "user-agent",
            "referer",
            "accept",
            "accept-language",
            "if-none-match",
            "x-forwarded-for",
            "x-api-key",
            "x-custom",
            "baggage",
            "origin",
        ];
        headers.extend(names.map(|name| (name, self.next())));
        headers
    }

    /// A body with all properties of a schema and one that it does not have.
    fn body(&mut self, document: &Value, operation: &Value) -> Value {
        let reference = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = reference.as_str().and_then(|name| name.rsplit('/').next());
        let schema = &document["components"]["schemas"][name.unwrap_or_default()];
        let mut body = Map::new();
        for name in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
        {
            body.insert(name.clone(), json!(self.next()));
        }
        body.into()
    }
}

/// Sends a request in any form; what comes back does not matter.
fn send(serve: &Serve, method: &str, path: &str, headers: &[(&str, String)], body: &str) {
    let mut all: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, text)| (*name, &**text))
        .collect();
    all.push(("content-type", "application/json"));
    let _any = ask(serve.http(), method, path, &all, body);
}

/// Calls an operation in every way that goes wrong early or late.
fn call(
    serve: &Serve,
    marks: &mut Marks,
    document: &Value,
    (path, method): (&str, &str),
    key: &str,
) {
    let operation = &document["paths"][path][method];
    let mut address = String::new();
    for part in path.split('/').skip(1) {
        let filled = if part.starts_with('{') {
            marks.next()
        } else {
            part.to_owned()
        };
        let _ = write!(address, "/{filled}");
    }
    let method = method.to_uppercase();
    let mut body = marks.body(document, operation);
    let whole = if method == "GET" {
        String::new()
    } else {
        body.to_string()
    };
    for sign_in in [None, Some(key)] {
        let query = format!(
            "{address}?{}={}&limit={}",
            marks.next(),
            marks.next(),
            marks.next()
        );
        send(serve, &method, &query, &marks.headers(sign_in), &whole);
        // With fewer headers more of the body is read.
        let mut headers = marks.headers(sign_in);
        headers.retain(|(name, _)| *name != "origin");
        send(serve, &method, &address, &headers, &whole);
        headers.retain(|(name, _)| ["authorization", "user-agent", "x-custom"].contains(name));
        send(serve, &method, &address, &headers, &whole);
        if method != "GET" {
            body[marks.next()] = json!(marks.next());
            send(serve, &method, &address, &headers, &body.to_string());
            let broken = format!("{{\"{}\": {}", marks.next(), marks.next());
            send(serve, &method, &address, &headers, &broken);
        }
    }
}

/// Makes something and breaks it, signed in, with personal data in it.
fn work(serve: &Serve, marks: &mut Marks) -> String {
    let link = serve.ready("setup").unwrap();
    let token = link.split_once('#').unwrap().1;
    let (name, email) = (marks.next(), format!("{}@example.com", marks.next()));
    let body = json!({ "token": token, "name": name, "email": email }).to_string();
    let made: Value = serde_json::from_str(&serve.post("/api/setup", &[], &body).body).unwrap();
    let key = format!("Bearer {}", made["key"].as_str().unwrap());
    let name = marks.next();
    for _ in 0..2 {
        let body = json!({ "name": name }).to_string();
        send(
            serve,
            "POST",
            "/api/organisations",
            &[("authorization", key.clone())],
            &body,
        );
    }
    key
}

#[test]
fn nothing_that_is_sent_comes_out_in_logs_metrics_or_traces() {
    let world = World::new();
    let collector = Collector::start(world.0.folder());
    let sets = [
        "--set",
        "telemetry.ratio=1",
        "--set",
        "log.levels=trace",
        "--set",
        "log.format=json",
    ];
    let rates = ["--set", "edge.rate_api=0", "--set", "edge.rate_auth=0"];
    let endpoint = collector.endpoint();
    let world = world.with(&[["--set", &endpoint].as_slice(), &sets, &rates].concat());
    let serve = world.serve();
    let mut marks = Marks(0);
    let key = work(&serve, &mut marks);
    let document: Value = serde_json::from_str(&serve.get("/api/openapi.json").body).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            call(&serve, &mut marks, &document, (path, method), &key);
        }
    }
    for method in ["GET", "POST", "CNRYQ", "TRACE"] {
        let path = format!("/{}?{}", marks.next(), marks.next());
        send(&serve, method, &path, &marks.headers(None), "");
    }
    assert!(marks.0 > 500, "only {} marks were sent", marks.0);
    // The last request is in the log and with the collector when all before it are.
    let last = [("x-correlation-id", "the-last-one")];
    assert_eq!(ask(serve.http(), "GET", "/api/info", &last, "").status, 200);
    collector.wait_for("the-last-one");
    let log = world.0.folder().join("log");
    let log = || std::fs::read_to_string(&log).unwrap();
    assert!(until(|| log().contains("the-last-one")));
    let figures = ask(serve.admin(), "GET", "/metrics", &[], "").body;
    let (log, got) = (log(), collector.got());
    // All ways were really gone: made, not signed in, not allowed, not there, not in form.
    for status in [201, 401, 403, 404, 422] {
        let reached = log.contains(&format!("\"status\":{status},"));
        assert!(reached, "no request was answered {status}");
    }
    let setup = serve.ready("setup").unwrap().split_once('#').unwrap().1;
    let secrets = [MARK, setup, key.trim_start_matches("Bearer "), "CNRYQ"];
    for (name, text) in [("log", &log), ("metrics", &figures), ("traces", &got)] {
        let lines = text.lines();
        let told: Vec<&str> = lines
            .filter(|line| secrets.iter().any(|secret| line.contains(secret)))
            .collect();
        assert!(told.is_empty(), "{name}: {told:#?}");
    }
    for line in log.lines() {
        let _: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}
