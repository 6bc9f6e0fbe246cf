//! schemathesis: requests made from the document, right and wrong ones, and each answer held against it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, ExitStatus};

use serde_json::{Value, json};
use testkit::programs::tool;
use testkit::serve::ask;

/// So many requests for each operation by an operator, the same ones in every run.
const EXAMPLES: u32 = 30;
/// By an owner.
const EXAMPLES_OF_OWNERS: u32 = 15;
/// The same requests in every run, so that a finding can be looked at again.
const SEED: &str = "7";

/// What came of a run of schemathesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    Nothing,
    Something,
    /// It did not look: its settings were not found, or nobody answered.
    Never,
}

impl Found {
    fn by(status: ExitStatus) -> Self {
        match status.code() {
            Some(0) => Found::Nothing,
            Some(1) => Found::Something,
            _ => Found::Never,
        }
    }
}

/// Who asks, and about what.
struct Asker {
    examples: u32,
    headers: Vec<String>,
    /// An access token that does not last as long as the run, and the one that the next is got with.
    token: Option<(String, String)>,
    /// Operations after which the asker would not be signed in any more.
    without: &'static [&'static str],
    /// Ids that there are, by the names of parameters.
    ids: Value,
}

/// What it says when it found an answer that is not as the document has it.
const VIOLATED: [&str; 3] = [
    "Response violates schema",
    "\"a text\" is not of type \"integer\"",
    "1 found 1 unique failure",
];

/// The same server twice, once with the truth and once with a lie: schemathesis can tell them apart by nothing else.
#[test]
fn a_document_that_lies_is_found_out() {
    let (honest, said) = look(answering(r#"{"number": 7}"#));
    assert_eq!(honest, Found::Nothing, "{said}");
    assert!(said.contains("Tested: 1"), "it looked at nothing: {said}");
    let (lying, said) = look(answering(r#"{"number": "a text"}"#));
    assert_eq!(lying, Found::Something, "{said}");
    for words in VIOLATED {
        assert!(said.contains(words), "it found something else: {said}");
    }
}

/// Runs all checks against a small server, and keeps what they said.
fn look(address: SocketAddr) -> (Found, String) {
    let output = schemathesis(address, 100, None).output();
    let output = output.expect("schemathesis does not start");
    let said = [output.stdout, output.stderr].concat();
    (
        Found::by(output.status),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn the_api_is_what_its_document_says_to_operators() {
    holds(|_, key, ids| Asker {
        examples: EXAMPLES,
        headers: vec![
            format!("Authorization: Bearer {key}"),
            "X-Acting-Reason: They have asked us to look".to_owned(),
        ],
        token: None,
        without: &["operators.end"],
        ids,
    });
}

#[test]
fn the_api_is_what_its_document_says_to_owners() {
    // A token, since schemathesis puts cookies of its own in the place of ours.
    holds(|(access, refresh), _, ids| Asker {
        examples: EXAMPLES_OF_OWNERS,
        headers: vec![format!("Authorization: Bearer {access}")],
        token: Some((access.to_owned(), refresh.to_owned())),
        without: &["auth.logout", "me.erase", "sessions.end"],
        ids,
    });
}

/// Whoever it is asks everything, and gets what the document says, and the server lives on.
fn holds(asker: impl FnOnce((&str, &str), &str, Value) -> Asker) {
    let (serve, key) = super::serve();
    let (mut owner, ids) = super::owner(serve.http());
    let (access, refresh) = owner.tokens();
    let asker = asker((&access, &refresh), &key, ids);
    let run = schemathesis(serve.http(), asker.examples, Some(&asker)).status();
    let found = Found::by(run.expect("schemathesis does not start"));
    let headers: Vec<(&str, &str)> = asker
        .headers
        .iter()
        .filter_map(|header| header.split_once(": "))
        .collect();
    if asker.token.is_some() {
        // The token has been followed by others: whether they were drawn is for their session to say.
        owner.get("/api/me/organisations").is(200);
    } else {
        let me = ask(serve.http(), "GET", "/api/me/organisations", &headers, "");
        assert_eq!(me.status, 200, "the asker was signed out: {}", me.body);
    }
    let health = serve.get("/api/health/live");
    assert_eq!(
        health.status, 200,
        "it does not live any more: {}",
        health.body
    );
    let said = serve.said();
    assert!(!said.contains("panicked"), "a handler panicked: {said}");
    assert_eq!(found, Found::Nothing, "what it said is printed above");
}

/// All checks of schemathesis with so many requests for each operation.
fn schemathesis(address: SocketAddr, examples: u32, asker: Option<&Asker>) -> Command {
    let mut command = Command::new(tool("schemathesis", "schemathesis"));
    let config = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/attacks/schemathesis.toml"
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/attacks");
    command
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "keys")
        .args(["--config-file", config, "run"])
        .arg(format!("http://{address}/api/openapi.json"))
        .args(["--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--checks", "all", "--workers", "1", "--seed", SEED])
        .args(["--max-examples", &examples.to_string()])
        .args([
            "--continue-on-failure",
            "--max-failures",
            "20",
            "--warnings",
            "off",
        ])
        .args(["--request-timeout", "30", "--suppress-health-check", "all"])
        .current_dir(std::env::temp_dir());
    if let Some(asker) = asker {
        command.env("COMANDA_IDS", asker.ids.to_string());
        if let Some((access, refresh)) = &asker.token {
            let place = format!("http://{address}/api/auth/tokens/refresh");
            let token = json!({"where": place, "access": access, "refresh": refresh});
            command.env("COMANDA_TOKEN", token.to_string());
        }
        for operation in asker.without {
            command.args(["--exclude-operation-id", operation]);
        }
        for header in &asker.headers {
            command.args(["--header", header]);
        }
    }
    command
}

/// A server whose document promises a number, and which answers with this.
fn answering(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            // To the end of the head; a body is not waited for.
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let (head, body) = match first.split(['?', ' ']).take(2).collect::<Vec<_>>()[..] {
                ["GET", "/api/openapi.json"] => ("200 OK", DOCUMENT),
                ["GET", "/number"] => ("200 OK", answer),
                _ => ("405 Method Not Allowed\r\nallow: GET", ""),
            };
            let length = body.len();
            let whole = format!(
                "HTTP/1.1 {head}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{body}"
            );
            // A client that has gone already has seen enough.
            let _ = (&stream).write_all(whole.as_bytes());
        }
    });
    address
}

const DOCUMENT: &str = r#"{
    "openapi": "3.1.0",
    "info": {"title": "Numbers", "version": "1"},
    "paths": {"/number": {"get": {"operationId": "number", "responses": {"200": {
        "description": "A number",
        "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["number"],
            "properties": {"number": {"type": "integer"}}
        }}}
    }}}}}
}"#;
