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
#[path = "../it/browser.rs"]
#[allow(dead_code, reason = "what the other tests of the binary need besides")]
mod browser;
#[path = "../it/looks.rs"]
mod looks;
mod slow;

use std::net::SocketAddr;

use browser::{Browser, inbox};
use serde_json::{Value, json};
use testkit::serve::{Serve, Start, ask};

/// The program on an empty folder, without limits of how often somebody may ask, and the key of its first operator.
fn serve() -> (Serve, String) {
    let mut unlimited = ["api", "auth", "orders"]
        .map(|class| format!("edge.rate_{class}=0"))
        .to_vec();
    unlimited
        .push("edge.rates=[{ plan = \"starter\", by = \"organisation\", max = 0 }]".to_owned());
    let start = Start::new(env!("CARGO_BIN_EXE_comanda")).with(
        unlimited
            .into_iter()
            .flat_map(|setting| ["--set".to_owned(), setting]),
    );
    let serve = start.serve().unwrap();
    let link = serve.ready("setup").expect("no set-up link");
    let token = link.split_once('#').map_or(link, |(_, token)| token);
    let claim = json!({"token": token, "name": "Ada", "email": "ada@example.com"});
    let claimed = serve.post("/api/setup", &[], &claim.to_string());
    assert_eq!(claimed.status, 201, "{}", claimed.body);
    let claimed: Value = serde_json::from_str(&claimed.body).unwrap();
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

/// Somebody signs up, and has one of each thing: their ids by the names of parameters.
fn owner(node: SocketAddr) -> (Browser, Value) {
    let mut owner = Browser::new(node);
    owner.sign_in("lucia@example.com", &|to| inbox(&[node], to));
    owner.set_up_app();
    let organisation = owner.post("/api/organisations", &json!({"name": "Gruppo Lucia"}));
    let organisation = organisation.is(201).text("id");
    let inside = format!("/api/organisations/{organisation}");
    let mut make = |path: &str, body: Value| owner.post(path, &body).is(201);
    let brand = make(&format!("{inside}/brands"), json!({"name": "Lucia"})).text("id");
    let place = json!({
        "name": "Lucia am Dom", "brand": brand, "timeZone": "Europe/Berlin", "currency": "EUR",
        "address": {"street": "Domplatz 1", "postalCode": "50667", "city": "Köln", "country": "DE"},
    });
    let restaurant = make(&format!("{inside}/restaurants"), place).text("id");
    let scopes = json!({"label": "Till", "scopes": ["restaurants.read"]});
    let key = make(&format!("{inside}/keys"), scopes).text("key.id");
    let lead = json!({"name": "Lead", "permissions": ["orders.read"]});
    let role = make(&format!("{inside}/roles"), lead).text("role");
    let place =
        json!({"email": "carlo@example.com", "grants": [{"role": "staff", "place": restaurant}]});
    let invitation = make(&format!("{inside}/invitations"), place).text("id");
    let home =
        json!({"street": "Domplatz 1", "postalCode": "50667", "city": "Köln", "country": "DE"});
    let address = owner.post("/api/me/addresses", &home);
    let ids = json!({
        "organisation": organisation, "brand": brand, "restaurant": restaurant, "key": key, "role": role,
        "invitation": invitation, "address": address.body["id"], "person": owner.get("/api/auth/me").text("id"),
    });
    (owner, ids)
}
