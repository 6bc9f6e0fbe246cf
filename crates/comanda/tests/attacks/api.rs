//! schemathesis: requests made from the document, right and wrong ones, and each answer held against it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use serde_json::Value;
use testkit::programs::tool;
use testkit::serve::ask;

/// So many requests for each operation by an operator, the same ones in every run.
const EXAMPLES: u32 = 65;
/// By an owner, whose access token lasts five minutes.
const EXAMPLES_OF_OWNERS: u32 = 30;
/// The same requests in every run, so that a finding can be looked at again.
const SEED: &str = "7";

/// Who asks, and about what.
struct Asker {
    examples: u32,
    headers: Vec<String>,
    /// Operations after which the asker would not be signed in any more.
    without: &'static [&'static str],
    /// Ids that there are, by the names of parameters.
    ids: Value,
}

#[test]
fn a_document_that_lies_is_found_out() {
    let address = liar();
    let status = schemathesis(address, 100, None);
    assert!(
        !status,
        "schemathesis finds nothing wrong with a server that lies"
    );
}

#[test]
fn the_api_is_what_its_document_says_to_operators() {
    holds(|_, key, ids| Asker {
        examples: EXAMPLES,
        headers: vec![
            format!("Authorization: Bearer {key}"),
            "X-Acting-Reason: They have asked us to look".to_owned(),
        ],
        without: &["operators.end"],
        ids,
    });
}

#[test]
fn the_api_is_what_its_document_says_to_owners() {
    // A token, since schemathesis puts cookies of its own in the place of ours. It is good for longer than the run.
    holds(|token, _, ids| Asker {
        examples: EXAMPLES_OF_OWNERS,
        headers: vec![format!("Authorization: Bearer {token}")],
        without: &["auth.logout", "me.erase", "sessions.end"],
        ids,
    });
}

/// Whoever it is asks everything, and gets what the document says, and the server lives on.
fn holds(asker: impl FnOnce(&str, &str, Value) -> Asker) {
    let (serve, key) = super::serve();
    let (token, ids) = super::owner(serve.http());
    let asker = asker(&token, &key, ids);
    let clean = schemathesis(serve.http(), asker.examples, Some(&asker));
    let headers: Vec<(&str, &str)> = asker
        .headers
        .iter()
        .filter_map(|header| header.split_once(": "))
        .collect();
    let me = ask(serve.http(), "GET", "/api/me/organisations", &headers, "");
    assert_eq!(me.status, 200, "the asker was signed out: {}", me.body);
    let health = serve.get("/api/health/live");
    assert_eq!(
        health.status, 200,
        "it does not live any more: {}",
        health.body
    );
    let said = serve.said();
    assert!(!said.contains("panicked"), "a handler panicked: {said}");
    assert!(clean, "schemathesis found something; it is printed above");
}

/// Runs all checks of schemathesis with so many requests for each operation; whether it found nothing.
fn schemathesis(address: SocketAddr, examples: u32, asker: Option<&Asker>) -> bool {
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
        for operation in asker.without {
            command.args(["--exclude-operation-id", operation]);
        }
        for header in &asker.headers {
            command.args(["--header", header]);
        }
    }
    command
        .status()
        .expect("schemathesis does not start")
        .success()
}

/// A server whose document promises a number and which answers with a text.
fn liar() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            // To the end of the head; a body is not waited for.
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let body = match first.contains("openapi.json") {
                true => DOCUMENT,
                false => r#"{"number": "a text"}"#,
            };
            let (head, length) = (
                "HTTP/1.1 200 OK\r\ncontent-type: application/json",
                body.len(),
            );
            let answer =
                format!("{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            // A client that has gone already has seen enough.
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    address
}

const DOCUMENT: &str = r#"{
    "openapi": "3.1.0",
    "info": {"title": "A liar", "version": "1"},
    "paths": {"/number": {"get": {"operationId": "number", "responses": {"200": {
        "description": "A number",
        "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["number"],
            "properties": {"number": {"type": "integer"}}
        }}}
    }}}}}
}"#;
