//! Strangers' tools against the running program: schemathesis holds the API against its own document for five minutes,
//! slowhttptest plays clients that are slow on purpose.
//!
//! Both are installed by `cargo xtask test`. schemathesis is first seen to find something where there is something.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a drill measures from outside and may fail wherever it likes"
)]

mod api;
mod slow;

use testkit::serve::{Serve, Start, ask};

/// The program on an empty folder, without limits of how often somebody may ask, and the key of its first operator.
fn serve() -> (Serve, String) {
    let unlimited = ["edge.rate_api=0", "edge.rate_auth=0"];
    let start = Start::new(env!("CARGO_BIN_EXE_comanda"))
        .with(unlimited.into_iter().flat_map(|setting| ["--set", setting]));
    let serve = start.serve().unwrap();
    let link = serve.ready("setup").expect("no set-up link");
    let token = link.split_once('#').map_or(link, |(_, token)| token);
    let claim = serde_json::json!({"token": token, "name": "Ada", "email": "ada@example.com"});
    let claimed = serve.post("/api/setup", &[], &claim.to_string());
    assert_eq!(claimed.status, 201, "{}", claimed.body);
    let claimed: serde_json::Value = serde_json::from_str(&claimed.body).unwrap();
    let key = claimed["key"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {key}");
    let me = ask(
        serve.http(),
        "GET",
        "/api/operators/me",
        &[("authorization", &bearer)],
        "",
    );
    assert_eq!(me.status, 200, "{}", me.body);
    (serve, key)
}
