//! Whatever is sent stays out of logs, metrics and traces: every place of a request is filled with marked texts,
//! and none of them may come out there.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};
use testkit::serve::{Serve, ask};

use crate::World;
use crate::browser::{Browser, digits, invitation, wait_for};
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
    keys: &[&str],
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
    let signed_in = keys.iter().map(|key| Some(*key));
    for sign_in in std::iter::once(None).chain(signed_in) {
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

/// The letters to somebody in the folder for senders, the newest first.
fn letters(folder: &Path, to: &str) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.file_name()));
    let texts = files
        .iter()
        .filter(|file| !file.file_name().to_string_lossy().starts_with('.'))
        .filter_map(|file| std::fs::read_to_string(file.path()).ok());
    let to = format!("\"to\":\"{to}\"");
    texts.filter(|text| text.contains(&to)).collect()
}

/// Somebody signs up, works, and is answered one secret after the other: all of them, and the token of an app.
fn live(serve: &Serve, marks: &mut Marks, folder: &Path) -> (Vec<String>, String) {
    let mut secrets = Vec::new();
    let mut email = || format!("{}@example.com", marks.next());
    let (mine, guest) = (email(), email());
    let mut owner = Browser::new(serve.http());
    owner.sign_in(&mine, &|to| letters(folder, to));
    secrets.extend(owner.cookie().map(str::to_owned));
    secrets.extend(letters(folder, &mine).iter().map(|letter| digits(letter)));
    secrets.extend(owner.set_up_app());
    secrets.extend(owner.app_secret().map(str::to_owned));
    let named = |marks: &mut Marks| json!({"name": marks.next()});
    let profile = json!({"firstName": marks.next(), "lastName": marks.next(), "version": 1});
    owner.ask("PATCH", "/api/me", &profile).is(200);
    let made = owner.post("/api/organisations", &named(marks)).is(201);
    let inside = format!("/api/organisations/{}", made.text("id"));
    let brand = owner
        .post(&format!("{inside}/brands"), &named(marks))
        .is(201)
        .text("id");
    let place = json!({
        "name": marks.next(), "brand": brand, "timeZone": "Europe/Berlin", "currency": "EUR",
        "externalId": marks.next(),
        "address": {"street": marks.next(), "postalCode": "50667", "city": marks.next(), "country": "DE"},
    });
    let restaurant = owner
        .post(&format!("{inside}/restaurants"), &place)
        .is(201)
        .text("id");
    let grants = json!([{"role": "kitchen", "place": restaurant}]);
    let invited = json!({"email": guest, "grants": grants});
    owner
        .post(&format!("{inside}/invitations"), &invited)
        .is(201);
    let letter = wait_for(|| letters(folder, &guest).pop());
    secrets.push(invitation(&letter));
    let wanted = json!({"label": marks.next(), "scopes": ["restaurants.read"]});
    let key = owner.post(&format!("{inside}/keys"), &wanted).is(201);
    secrets.push(key.text("secret"));
    let offered = json!({"kind": "kitchen", "label": marks.next()});
    let devices = format!("/api/restaurants/{restaurant}/devices");
    let code = owner.post(&devices, &offered).is(201).text("code");
    let typed = json!({"code": code});
    let paired = owner.post("/api/devices/pair", &typed).is(201);
    secrets.extend([code, paired.text("secret")]);
    for secret in [key.text("secret"), paired.text("secret")] {
        let bearer = format!("Bearer {secret}");
        let headers = [("authorization", bearer.as_str())];
        let path = format!("/api/restaurants/{restaurant}/record");
        owner.ask_with("GET", &path, &headers, &Value::Null).is(200);
    }
    secrets.extend(owner.cookie().map(str::to_owned));
    let (access, refresh) = owner.tokens();
    let used = owner.post(
        "/api/auth/tokens/refresh",
        &json!({"refreshToken": refresh}),
    );
    let drawn = used.is(200);
    secrets.extend([access, refresh, drawn.text("refreshToken")]);
    let access = drawn.text("accessToken");
    secrets.push(access.clone());
    (secrets, format!("Bearer {access}"))
}

/// Whether a line tells a secret. One of a few digits must stand alone, since any number may hold it.
fn tells(line: &str, secret: &str) -> bool {
    let is_short = secret.len() <= 8;
    line.match_indices(secret).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + secret.len()..].chars().next();
        let alone = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '.');
        !is_short || alone(before) && alone(after)
    })
}

/// The last request is in the log and with the collector when all before it are. What is more than waits for the
/// collector is dropped, so the last one is sent until it arrives.
fn until_all_arrived(serve: &Serve, collector: &Collector) {
    let last = [("x-correlation-id", "the-last-one")];
    let arrived = || {
        assert_eq!(ask(serve.http(), "GET", "/api/info", &last, "").status, 200);
        collector.got().contains("the-last-one")
    };
    let came = (0..4).any(|_| until(arrived));
    assert!(came, "the last request did not come to the collector");
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
    // The development inbox writes letters into the log, which is what it is for.
    let folder = world.0.folder().join("letters");
    let letters = format!("sign_in.letters_folder={}", folder.display());
    let letters = ["--set", "sign_in.letters=folder", "--set", &letters];
    let endpoint = ["--set", &endpoint];
    let all: [&[&str]; 4] = [&endpoint, &sets, &rates, &letters];
    let world = world.with(&all.concat());
    let serve = world.serve();
    let mut marks = Marks(0);
    let key = work(&serve, &mut marks);
    let (mut secrets, token) = live(&serve, &mut marks, &folder);
    let document: Value = serde_json::from_str(&serve.get("/api/openapi.json").body).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            call(
                &serve,
                &mut marks,
                &document,
                (path, method),
                &[&key, &token],
            );
        }
    }
    for method in ["GET", "POST", "CNRYQ", "TRACE"] {
        let path = format!("/{}?{}", marks.next(), marks.next());
        send(&serve, method, &path, &marks.headers(None), "");
    }
    assert!(marks.0 > 5_000, "only {} marks were sent", marks.0);
    until_all_arrived(&serve, &collector);
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
    let others = [MARK, setup, key.trim_start_matches("Bearer "), "CNRYQ"];
    secrets.extend(others.map(str::to_owned));
    assert!(secrets.len() >= 25, "only {} secrets", secrets.len());
    for (name, text) in [("log", &log), ("metrics", &figures), ("traces", &got)] {
        let lines = text.lines();
        let told: Vec<&str> = lines
            .filter(|line| secrets.iter().any(|secret| tells(line, secret)))
            .collect();
        assert!(told.is_empty(), "{name}: {told:#?}");
    }
    for line in log.lines() {
        let _: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}
