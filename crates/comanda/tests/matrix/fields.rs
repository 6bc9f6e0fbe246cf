//! Fields: which each sort of caller is answered, and that none is taken which was not asked for.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Map, Value, json};
use testkit::trial::Engine;

use crate::ask::{Said, ask};
use crate::callers::Caller;
use crate::cases::{Case, settled};
use crate::crowd::Found;
use crate::model::{Policy, Want};
use crate::samples::{self, Body, Operation};
use crate::targets::{self, Nested, Target, filled};
use crate::world::Town;

/// What an entry of the audit log has or has not by what it tells of, and which entries are there is a matter of time. So
/// is how often a webhook was told something.
const SOMETIMES: [&str; 6] = [
    "items.code",
    "items.error",
    "items.nextAt",
    "items.reason",
    "items.target",
    "items.triedAt",
];

/// What an event holds is a matter of its kind.
const OF_EVENTS: &str = "events.data.";

/// Holds the fields of what each sort of caller reads against those that were looked at. To write them anew, compile
/// with `UPDATE_SNAPSHOTS` set, and look at the difference.
pub(crate) async fn of_answers(town: &Town, engine: Engine) {
    let mut found: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for operation in samples::operations(town.edge.openapi()) {
        // What is taken along is held against what is kept, elsewhere.
        let whole = operation.name == "me.export";
        if operation.method != Method::GET || operation.policy == Policy::Public || whole {
            continue;
        }
        for target in targets::of(town, &operation.path).iter().take(1) {
            for caller in &town.callers.0 {
                let case = Case {
                    operation: &operation,
                    caller,
                    target,
                };
                if case.want() != Want::Allowed {
                    continue;
                }
                let said = case.ask(town, &target.params).await;
                let mut names = BTreeSet::new();
                for body in bodies(&said) {
                    walk(&body, "", &mut names);
                }
                names.retain(|name| {
                    !SOMETIMES.contains(&name.as_str()) && !name.starts_with(OF_EVENTS)
                });
                let fields: Vec<String> = names.into_iter().collect();
                let by = found.entry(operation.name.clone()).or_default();
                by.entry(fields.join(" "))
                    .or_default()
                    .insert(caller.name.to_owned());
            }
        }
    }
    let now = serde_json::to_string_pretty(&found).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix/fields.json");
    if option_env!("UPDATE_SNAPSHOTS").is_some() && engine == Engine::Sqlite {
        std::fs::write(path, &now).unwrap();
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    let first = now
        .lines()
        .zip(known.lines())
        .find(|(now, known)| now != known);
    assert!(
        now == known,
        "{engine}: other fields are answered, first at {first:?}"
    );
}

/// What is answered: one value, or one a line.
fn bodies(said: &Said) -> Vec<Value> {
    match said.body() {
        Value::Null => {
            let lines = said.text.lines().map(serde_json::from_str);
            lines.filter_map(Result::ok).collect()
        }
        body => vec![body],
    }
}

fn walk(value: &Value, at: &str, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                walk(inner, &path, names);
                names.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, at, names)),
        _ => {}
    }
}

/// Sends along with every right body each field that answers have and the request does not: refused by name.
pub(crate) async fn sent_along(town: &Town) {
    let before = settled(town).await;
    let document: Value = serde_json::from_str(town.edge.openapi()).unwrap();
    let fields = answered(&document);
    let mut found = Found::default();
    let callers = &town.callers.0;
    for operation in samples::operations(town.edge.openapi()) {
        let Body::Json(make) = samples::of(&operation).body else {
            continue;
        };
        let target = &targets::of(town, &operation.path)[0];
        let caller = heard(callers, &operation, target);
        if caller.name == "nobody" && operation.policy != Policy::Public {
            assert!(
                target.label == "absent",
                "{} is asked by nobody",
                operation.name
            );
            continue;
        }
        let path = filled(&operation.path, &target.params);
        let right = make(town, &town.a);
        let taken = taken(&document, &operation.path, &operation.method);
        for field in fields.iter().filter(|field| !taken.contains(*field)) {
            found.count += 1;
            let mut body: Map<String, Value> = right.as_object().unwrap().clone();
            body.insert(field.clone(), json!("1"));
            let shown = caller.shown();
            let body = Value::Object(body);
            let said = ask(
                &town.edge,
                (&operation.method, &path),
                &shown,
                &[],
                Some(&body),
            )
            .await;
            let named = said.body()["fields"][0]["code"] == "field_unknown"
                || said.code() == "field_unknown";
            if !said.status.is_client_error() || !named {
                found.wrong.push(format!(
                    "{} takes {field}: {} {}",
                    operation.name, said.status, said.text
                ));
            }
        }
    }
    let count = found.report();
    println!("fields sent along: {count} cases");
    let after = settled(town).await;
    assert_eq!(before, after, "something was changed");
}

/// Somebody who is heard out; nobody at all where nobody of those who are asked has what it is about.
fn heard<'a>(callers: &'a [Caller], operation: &Operation, target: &Target) -> &'a Caller {
    let names = [
        "owner",
        "diner",
        "diner with two factors",
        "operator signed in",
    ];
    // Whoever may change the parts of a menu is heard out before it is looked for the part.
    let wanted = match target.nested {
        Nested::Absent => Want::Missing,
        _ => Want::Allowed,
    };
    let mut known = callers.iter().filter(|caller| names.contains(&caller.name));
    let caller = known.find(|caller| {
        let case = Case {
            operation,
            caller,
            target,
        };
        case.want() == wanted
    });
    caller.unwrap_or(&callers[0])
}

/// All fields that answers have anywhere at the top.
fn answered(document: &Value) -> BTreeSet<String> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let shown = schemas.iter().filter(|(name, _)| name.ends_with("View"));
    let names = shown.filter_map(|(_, schema)| schema["properties"].as_object());
    let mut all: BTreeSet<String> = names.flat_map(|fields| fields.keys().cloned()).collect();
    all.extend(["organisation", "id", "isAdmin", "actor"].map(str::to_owned));
    all
}

/// The fields that a request knows.
fn taken(document: &Value, path: &str, method: &Method) -> BTreeSet<String> {
    // What the query says it is about is not part of the path in the document.
    let path = path.split('?').next().unwrap_or(path);
    let shape = &document["paths"][path][method.as_str().to_lowercase()];
    let mut schema = &shape["requestBody"]["content"]["application/json"]["schema"];
    if let Some(name) = schema["$ref"].as_str() {
        schema = &document["components"]["schemas"][name.rsplit('/').next().unwrap()];
    }
    let fields = schema["properties"].as_object();
    fields
        .into_iter()
        .flat_map(|fields| fields.keys().cloned())
        .collect()
}
