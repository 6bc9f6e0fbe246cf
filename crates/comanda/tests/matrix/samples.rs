//! How each operation is asked: one row for each, with a body that is right, and what is special about it.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::model::Policy;
use crate::world::{House, Town, restaurant};

/// A version that nothing has, so that acts that are let in change nothing.
const NEVER: i64 = 999_999_999;

/// One row.
pub(crate) struct Sample {
    pub(crate) operation: &'static str,
    pub(crate) body: Body,
    pub(crate) query: &'static str,
}

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    None,
    Json(fn(&Town, &House) -> Value),
}

/// An operation as the document has it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) policy: Policy,
    pub(crate) takes: bool,
}

/// What is served by the binary alone, for everybody, and has neither a caller nor a target.
const OF_THE_BINARY: [&str; 6] = [
    "home.page",
    "info.show",
    "metrics.show",
    "setup.page",
    "setup.script",
    "setup.style",
];

const fn none(operation: &'static str) -> Sample {
    Sample {
        operation,
        body: Body::None,
        query: "",
    }
}

const fn query(operation: &'static str, query: &'static str) -> Sample {
    Sample {
        operation,
        body: Body::None,
        query,
    }
}

const fn json(operation: &'static str, body: fn(&Town, &House) -> Value) -> Sample {
    Sample {
        operation,
        body: Body::Json(body),
        query: "",
    }
}

fn state() -> Value {
    json!("A".repeat(43))
}

const PERIOD: &str = "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z";

/// All rows, by name.
pub(crate) static SAMPLES: &[Sample] = &[
    query("audit.export", PERIOD),
    query("audit.export_csv", PERIOD),
    none("audit.list"),
    query("auth.google", "?returnTo=/"),
    query(
        "auth.google_callback",
        "?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=x",
    ),
    none("auth.guest"),
    none("auth.logout"),
    none("auth.me"),
    none("auth.passkey_begin"),
    json(
        "auth.passkey_finish",
        |_, _| json!({"credential": {}, "state": state()}),
    ),
    none("auth.provider"),
    query(
        "auth.provider_callback",
        "?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=x",
    ),
    none("auth.providers"),
    json("auth.second_factor", |_, _| json!({"code": "123456"})),
    none("auth.second_passkey_begin"),
    json(
        "auth.second_passkey_finish",
        |_, _| json!({"credential": {}, "state": state()}),
    ),
    json(
        "auth.send_code",
        |_, _| json!({"email": "somebody@example.com"}),
    ),
    json(
        "auth.verify_code",
        |_, _| json!({"email": "somebody@example.com", "code": "123456"}),
    ),
    json("brands.create", |town, _| json!({"name": town.name()})),
    none("brands.list"),
    none("brands.read"),
    json(
        "brands.rename",
        |town, _| json!({"name": town.name(), "version": NEVER}),
    ),
    none("dev.inbox"),
    none("dev.inbox_page"),
    none("devices.list"),
    json(
        "devices.offer",
        |_, _| json!({"kind": "kiosk", "label": "Door"}),
    ),
    json("devices.pair", |_, _| json!({"code": "ZZZZ-ZZZZ"})),
    none("devices.revoke"),
    none("docs.errors"),
    none("docs.openapi"),
    none("docs.page"),
    none("docs.script"),
    none("docs.style"),
    none("factors.list"),
    none("factors.passkey_begin"),
    json(
        "factors.passkey_finish",
        |_, _| json!({"credential": {}, "name": "Key", "state": state()}),
    ),
    none("factors.recovery_codes"),
    none("factors.remove"),
    json("factors.rename", |_, _| json!({"name": "Key"})),
    none("factors.totp_begin"),
    json("factors.totp_confirm", |_, _| json!({"code": "123456"})),
    json(
        "grants.give",
        |_, house| json!({"role": "staff", "place": house.restaurants[0]}),
    ),
    none("grants.list"),
    none("grants.revoke"),
    none("health.live"),
    none("health.ready"),
    none("health.show"),
    none("hosts.list"),
    none("hosts.put"),
    none("hosts.remove"),
    json(
        "invitations.accept",
        |_, house| json!({"token": format!("{}.{}", house.invitations[0], "A".repeat(43))}),
    ),
    json(
        "invitations.create",
        |_, house| json!({"email": "guest@example.com", "grants": [{"role": "staff", "place": house.restaurants[0]}]}),
    ),
    none("invitations.list"),
    none("invitations.withdraw"),
    json(
        "keys.issue",
        |_, house| json!({"label": "POS", "scopes": ["orders.read"], "restaurants": [house.restaurants[0]]}),
    ),
    none("keys.list"),
    none("keys.revoke"),
    json("me.addresses.add", |_, _| json!({"street": "Via Nuova 1"})),
    json(
        "me.addresses.change",
        |_, _| json!({"street": "Via Nuova 2", "version": NEVER}),
    ),
    none("me.addresses.list"),
    none("me.addresses.read"),
    none("me.addresses.remove"),
    json(
        "me.change",
        |_, _| json!({"firstName": "Lucia", "version": NEVER}),
    ),
    json(
        "me.contacts.add",
        |_, _| json!({"email": "somebody@example.com", "code": "123456"}),
    ),
    none("me.contacts.remove"),
    json(
        "me.contacts.send_code",
        |_, _| json!({"email": "somebody@example.com"}),
    ),
    none("me.organisations"),
    none("me.read"),
    none("members.list"),
    none("members.remove"),
    json(
        "operators.add",
        |town, _| json!({"name": "Cy", "email": format!("{}@example.com", town.name().replace(' ', "-"))}),
    ),
    none("operators.end"),
    none("operators.list"),
    none("operators.me"),
    query("ops.audit.export", PERIOD),
    query("ops.audit.export_csv", PERIOD),
    none("ops.audit.list"),
    json(
        "organisations.change_plan",
        |_, _| json!({"plan": "growth", "version": NEVER}),
    ),
    json(
        "organisations.create",
        |town, _| json!({"name": town.name()}),
    ),
    none("organisations.list"),
    none("organisations.plan"),
    none("organisations.read"),
    json(
        "organisations.rename",
        |town, _| json!({"name": town.name(), "version": NEVER}),
    ),
    // Too short for a reason, so that nothing is suspended.
    json("organisations.resume", |_, _| json!({"reason": "x"})),
    json("organisations.suspend", |_, _| json!({"reason": "x"})),
    json("restaurants.change", |town, house| {
        let mut body = restaurant(&town.name(), Some(&house.brands[0]));
        body["version"] = NEVER.into();
        body
    }),
    json("restaurants.create", |town, house| {
        restaurant(&town.name(), Some(&house.brands[0]))
    }),
    none("restaurants.list"),
    none("restaurants.read"),
    json("restaurants.resume", |_, _| json!({"version": NEVER})),
    json("restaurants.suspend", |_, _| json!({"version": NEVER})),
    json(
        "roles.change",
        |town, _| json!({"name": town.name(), "permissions": ["orders.read"], "version": NEVER}),
    ),
    json(
        "roles.define",
        |town, _| json!({"name": town.name(), "permissions": ["orders.read"]}),
    ),
    none("roles.list"),
    none("roles.remove"),
    none("sessions.end"),
    none("sessions.end_others"),
    none("sessions.list"),
    json(
        "setup.claim",
        |_, _| json!({"token": "0".repeat(64), "name": "Eve", "email": "eve@example.com"}),
    ),
    none("tokens.draw"),
    none("tokens.keys"),
    json("tokens.refresh", |_, _| json!({"refreshToken": state()})),
];

/// The operations of a document.
pub(crate) fn operations(document: &str) -> Vec<Operation> {
    let document: Value = serde_json::from_str(document).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, shape) in methods.as_object().unwrap() {
            let Some(name) = shape["operationId"].as_str() else {
                continue;
            };
            let permission = shape["x-permission"].as_str();
            let policy = match shape["x-policy"].as_str().unwrap() {
                "public" => Policy::Public,
                "signed-in" => Policy::SignedIn,
                "operator" => Policy::Operator,
                "may" => Policy::May(permission.unwrap().to_owned()),
                other => panic!("{name} has a policy that the model does not know: {other}"),
            };
            all.push(Operation {
                name: name.to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                policy,
                takes: shape["requestBody"].is_object(),
            });
        }
    }
    all
}

/// The row of an operation.
pub(crate) fn of(operation: &Operation) -> &'static Sample {
    let found = SAMPLES
        .iter()
        .find(|sample| sample.operation == operation.name);
    found.unwrap_or_else(|| panic!("{} is missing from the matrix", operation.name))
}

/// Every operation has a row, every row an operation, and what the binary serves beside is for everybody.
pub(crate) fn complete(town: &Town) {
    let known: BTreeSet<&str> = SAMPLES.iter().map(|sample| sample.operation).collect();
    assert_eq!(known.len(), SAMPLES.len(), "a row is there twice");
    let asked = operations(town.edge.openapi());
    let served = operations(include_str!("../it/openapi.json"));
    let names = |all: &[Operation]| {
        all.iter()
            .map(|one| one.name.clone())
            .collect::<BTreeSet<_>>()
    };
    let rows: BTreeSet<String> = known.into_iter().map(str::to_owned).collect();
    let differ: Vec<_> = names(&asked).symmetric_difference(&rows).cloned().collect();
    assert!(
        differ.is_empty(),
        "the matrix and the operations differ: {differ:?}"
    );
    for operation in &served {
        let beside = OF_THE_BINARY.contains(&operation.name.as_str());
        let here = asked.iter().find(|one| one.name == operation.name);
        match here {
            Some(same) => assert_eq!(same.policy, operation.policy, "{}", operation.name),
            None => assert!(
                beside && operation.policy == Policy::Public,
                "{} is not asked",
                operation.name
            ),
        }
        assert!(
            here.is_none_or(|_| !beside),
            "{} is asked here",
            operation.name
        );
    }
    for operation in &asked {
        assert_eq!(
            operation.takes,
            matches!(of(operation).body, Body::Json(_)),
            "{}",
            operation.name
        );
    }
}
