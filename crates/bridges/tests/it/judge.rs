//! The judge: the providers' own OpenAPI files say whether a request, or an answer of our desk, may be so.
//!
//! They lie beside the project, in `../shared/specs`. Where they do not, tests say so and end; in CI that is a failure.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::desk::Seen;

/// Whose desk it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Vendor {
    PayPal,
    Adyen,
}

impl Vendor {
    /// What stands before the paths of its file.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Vendor::PayPal => "",
            Vendor::Adyen => "/v72",
        }
    }

    const fn files(self) -> &'static [&'static str] {
        match self {
            Vendor::PayPal => &[
                "paypal/checkout_orders_v2.json",
                "paypal/payments_payment_v2.json",
                "paypal/notifications_webhooks_v1.json",
            ],
            Vendor::Adyen => &["adyen/CheckoutService-v72.json"],
        }
    }
}

/// Opens the file of a name among those of the providers.
pub(crate) fn open(file: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    let text = std::fs::read_to_string(folder.join(file)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// The published files of one provider.
pub(crate) struct Judge {
    vendor: Vendor,
    files: Vec<Value>,
}

static PAYPAL: OnceLock<Option<Judge>> = OnceLock::new();
static ADYEN: OnceLock<Option<Judge>> = OnceLock::new();

/// The judge of a provider, unless its files are not here.
#[allow(
    clippy::print_stderr,
    reason = "a test that leaves something out must not be silent about it"
)]
pub(crate) fn of(vendor: Vendor) -> Option<&'static Judge> {
    let place = match vendor {
        Vendor::PayPal => &PAYPAL,
        Vendor::Adyen => &ADYEN,
    };
    let judge = place.get_or_init(|| {
        let files: Option<Vec<Value>> = vendor.files().iter().map(|file| open(file)).collect();
        files.map(|files| Judge { vendor, files })
    });
    if judge.is_none() {
        assert!(
            !is_ci(),
            "the schemas of {vendor:?} are not beside the project"
        );
        eprintln!("SKIPPED: the schemas of {vendor:?} are not beside the project");
    }
    judge.as_ref()
}

#[allow(
    clippy::disallowed_methods,
    reason = "only the environment says that this is CI, where nothing may be left out"
)]
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|said| said == "true")
}

struct Operation<'a> {
    file: &'a Value,
    described: &'a Value,
    /// Names in the path and what stands in their place.
    parts: Vec<(String, String)>,
}

impl Judge {
    /// What is wrong with a request.
    pub(crate) fn request(&self, seen: &Seen) -> Vec<String> {
        let at = format!("{} {}", seen.method, seen.path);
        let Some(operation) = self.operation(&seen.method, &seen.path) else {
            return vec![format!("{at}: there is no such operation")];
        };
        let mut complaints = operation.parameters(seen);
        let schema = operation
            .described
            .pointer("/requestBody/content/application~1json/schema");
        match (schema, seen.body.is_empty()) {
            (Some(schema), false) => {
                if seen.header("content-type") != Some("application/json") {
                    complaints.push("the body is not said to be JSON".to_owned());
                }
                match serde_json::from_slice(&seen.body) {
                    Ok(body) => complaints.extend(judge(operation.file, schema, &body)),
                    Err(error) => complaints.push(format!("no JSON: {error}")),
                }
            }
            (Some(_), true) if operation.is_body_needed() => {
                complaints.push("there is no body".to_owned());
            }
            (None, false) => complaints.push("there is a body".to_owned()),
            _ => {}
        }
        complaints
            .iter()
            .map(|said| format!("{at}: {said}"))
            .collect()
    }

    /// What is wrong with an answer.
    pub(crate) fn answer(&self, seen: &Seen, status: u16, body: &str) -> Vec<String> {
        let Some(operation) = self.operation(&seen.method, &seen.path) else {
            return Vec::new();
        };
        let at = format!("{} {} {status}", seen.method, seen.path);
        let Some(described) = operation.described["responses"].get(status.to_string()) else {
            return vec![format!("{at}: there is no such answer")];
        };
        let described = resolve(operation.file, described);
        let Some(schema) = described.pointer("/content/application~1json/schema") else {
            return Vec::new();
        };
        let body = serde_json::from_str(body).unwrap();
        let validator = validator(operation.file, schema);
        let errors = validator.iter_errors(&body);
        errors
            .map(|error| format!("{at}: {error} at {}", error.instance_path()))
            .collect()
    }

    /// An answer that the file itself gives as its example.
    pub(crate) fn example(&self, name: &str) -> Value {
        self.files[0]["components"]["examples"][name]["value"].clone()
    }

    /// A complaint about one issue out of a list of the file, as the file words it.
    pub(crate) fn complaint(&self, list: &str, issue: &str) -> String {
        let status = &list[list.len() - 3..];
        let name = match status {
            "404" => "RESOURCE_NOT_FOUND",
            "409" => "RESOURCE_CONFLICT",
            _ => "UNPROCESSABLE_ENTITY",
        };
        let pointer = format!("/components/schemas/error_{status}/properties/message/enum/0");
        let find = |pointer: &str| self.files.iter().find_map(|file| file.pointer(pointer));
        let message = find(&pointer).unwrap_or_else(|| panic!("no message of {status}"));
        let mut lists = self
            .files
            .iter()
            .map(|file| &file["components"]["schemas"][list]);
        let described = lists.find_map(|list| describe(list, issue));
        let described = described.unwrap_or_else(|| panic!("no issue {issue}"));
        let details = json!([{ "issue": issue, "description": described }]);
        json!({ "name": name, "message": message, "details": details, "debug_id": "90957fca61718" })
            .to_string()
    }

    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let path = path.strip_prefix(self.vendor.prefix())?;
        self.files.iter().find_map(|file| {
            let templates = file["paths"].as_object().unwrap();
            templates.iter().find_map(|(template, methods)| {
                let parts = fit(template, path)?;
                let described = methods.get(method.to_lowercase())?;
                Some(Operation {
                    file,
                    described,
                    parts,
                })
            })
        })
    }
}

impl Operation<'_> {
    fn is_body_needed(&self) -> bool {
        self.described.pointer("/requestBody/required") == Some(&Value::Bool(true))
    }

    /// Judges the parts of the path and the heads that the file knows.
    fn parameters(&self, seen: &Seen) -> Vec<String> {
        let none = Vec::new();
        let listed = self.described["parameters"].as_array().unwrap_or(&none);
        let listed = listed.iter().map(|listed| resolve(self.file, listed));
        let mut complaints = Vec::new();
        for parameter in listed {
            let name = parameter["name"].as_str().unwrap();
            let value = match parameter["in"].as_str() {
                Some("header") => seen.header(&name.to_lowercase()),
                Some("path") => {
                    let mut parts = self.parts.iter();
                    parts
                        .find(|(known, _)| known == name)
                        .map(|(_, value)| value.as_str())
                }
                _ => None,
            };
            let Some(value) = value else { continue };
            complaints.extend(judge(self.file, &parameter["schema"], &json!(value)));
            if name == "Idempotency-Key" && value.len() > 64 {
                // The file says so in a sentence alone.
                complaints.push("the key has more than 64 characters".to_owned());
            }
        }
        complaints
    }
}

fn fit(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (wanted, given): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), path.split('/').collect());
    if wanted.len() != given.len() {
        return None;
    }
    let mut parts = Vec::new();
    for (wanted, given) in wanted.iter().zip(given) {
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => parts.push((name.to_owned(), given.to_owned())),
            None if *wanted == given => {}
            None => return None,
        }
    }
    Some(parts)
}

/// What is wrong with a value; members that the file does not know are wrong too, though it would let them pass.
pub(crate) fn judge(file: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let validator = validator(file, schema);
    let errors = validator.iter_errors(value);
    let mut said: Vec<String> = errors
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    strays(file, &[schema], value, &mut said);
    said
}

/// Schemas that are ready, by the title of their file and their text: making one takes long.
static READY: Mutex<Option<HashMap<String, Arc<Validator>>>> = Mutex::new(None);

fn validator(file: &Value, schema: &Value) -> Arc<Validator> {
    let key = format!("{} {schema}", file["info"]["title"]);
    let mut ready = READY.lock().unwrap();
    let ready = ready.get_or_insert_default();
    let made = ready
        .entry(key)
        .or_insert_with(|| Arc::new(make(file, schema)));
    Arc::clone(made)
}

fn make(file: &Value, schema: &Value) -> Validator {
    let mut components = file["components"].clone();
    // Two patterns of PayPal are not in the language of patterns that schemas have; nothing of ours is under them.
    for pointer in [
        "/schemas/email",
        "/schemas/vault_venmo_wallet_base/properties/description",
    ] {
        if let Some(Value::Object(found)) = components.pointer_mut(pointer) {
            found.remove("pattern");
        }
    }
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "components": components,
    });
    jsonschema::validator_for(&whole).unwrap()
}

fn resolve<'a>(file: &'a Value, given: &'a Value) -> &'a Value {
    match given["$ref"].as_str() {
        Some(reference) => file.pointer(&reference[1..]).unwrap(),
        None => given,
    }
}

fn strays(file: &Value, schemas: &[&Value], value: &Value, said: &mut Vec<String>) {
    let mut shapes = Vec::new();
    schemas
        .iter()
        .for_each(|schema| spread(file, schema, &mut shapes));
    match value {
        Value::Object(members) => {
            let is_open = shapes.iter().any(|shape| {
                shape
                    .get("additionalProperties")
                    .is_some_and(|open| open != &Value::Bool(false))
            });
            for (name, member) in members {
                let found = shapes
                    .iter()
                    .filter_map(|shape| shape["properties"].get(name));
                let found: Vec<&Value> = found.collect();
                match found.is_empty() {
                    false => strays(file, &found, member, said),
                    true if is_open => {}
                    true => said.push(format!("`{name}` is not known there")),
                }
            }
        }
        Value::Array(items) => {
            let found: Vec<&Value> = shapes
                .iter()
                .filter_map(|shape| shape.get("items"))
                .collect();
            items
                .iter()
                .for_each(|item| strays(file, &found, item, said));
        }
        _ => {}
    }
}

fn spread<'a>(file: &'a Value, schema: &'a Value, shapes: &mut Vec<&'a Value>) {
    let schema = resolve(file, schema);
    shapes.push(schema);
    for joined in ["allOf", "oneOf", "anyOf"] {
        let parts = schema[joined]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        parts.iter().for_each(|part| spread(file, part, shapes));
    }
}

/// Finds the sentence that a file has for an issue.
fn describe(value: &Value, issue: &str) -> Option<Value> {
    if value
        .pointer("/properties/issue/enum/0")
        .and_then(Value::as_str)
        == Some(issue)
    {
        let described = value.pointer("/properties/description/enum/0");
        return Some(described.cloned().unwrap_or_else(|| json!("")));
    }
    match value {
        Value::Object(members) => members.values().find_map(|member| describe(member, issue)),
        Value::Array(items) => items.iter().find_map(|item| describe(item, issue)),
        _ => None,
    }
}

/// Asks the judge about a request that was never sent.
fn verdict(vendor: Vendor, path: &str, body: Value) -> Option<Vec<String>> {
    let seen = Seen {
        method: "POST".to_owned(),
        path: format!("{}{path}", vendor.prefix()),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    };
    Some(of(vendor)?.request(&seen))
}

#[test]
fn the_judge_refuses_what_paypal_would() {
    let good = json!({
        "intent": "AUTHORIZE",
        "purchase_units": [{ "amount": { "currency_code": "EUR", "value": "10.00" } }],
    });
    let path = "/v2/checkout/orders";
    let Some(said) = verdict(Vendor::PayPal, path, good.clone()) else {
        return;
    };
    assert_eq!(said, [] as [String; 0]);
    let amount = "/purchase_units/0/amount/value";
    for (pointer, value) in [
        ("/purchase_units", json!([])),
        ("/purchase_units", Value::Null),
        (amount, json!(10)),
        (amount, json!("10,00")),
        ("/purchase_units/0/amount/currency_code", json!("EURO")),
        ("/purchase_units/0/amount", json!({ "value": "10.00" })),
        ("/intent", json!("HOLD")),
        ("/purchase_units/0", json!({ "custom_id": "x".repeat(128) })),
        ("/purchase_units/0", json!({ "amuont": 1 })),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value.clone();
        let said = verdict(Vendor::PayPal, path, bad).unwrap();
        assert!(!said.is_empty(), "{pointer} {value}");
    }
    let mut stray = good.clone();
    stray["intnet"] = json!("AUTHORIZE");
    assert_eq!(verdict(Vendor::PayPal, path, stray).unwrap().len(), 1);
    let mut without = good;
    without.as_object_mut().unwrap().remove("purchase_units");
    assert!(!verdict(Vendor::PayPal, path, without).unwrap().is_empty());
    assert!(
        !verdict(Vendor::PayPal, "/v2/checkout/order", json!({}))
            .unwrap()
            .is_empty()
    );
    let lower = "/v2/checkout/orders/abc/authorize";
    assert!(
        !verdict(Vendor::PayPal, lower, json!({}))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_judge_refuses_what_adyen_would() {
    let good = json!({
        "merchantAccount": "YOUR_MERCHANT_ACCOUNT",
        "amount": { "currency": "EUR", "value": 1_000 },
        "reference": "att_1",
        "returnUrl": "https://your-company.example.com/",
        "paymentMethod": { "type": "ideal" },
    });
    let Some(said) = verdict(Vendor::Adyen, "/payments", good.clone()) else {
        return;
    };
    assert_eq!(said, [] as [String; 0]);
    for needed in [
        "reference",
        "amount",
        "merchantAccount",
        "returnUrl",
        "paymentMethod",
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(needed);
        assert!(
            !verdict(Vendor::Adyen, "/payments", bad).unwrap().is_empty(),
            "{needed}"
        );
    }
    for (pointer, value) in [
        ("/amount/value", json!("10.00")),
        ("/amount/value", json!(10.5)),
        ("/amount/currency", json!("EURO")),
        ("/reference", json!("x".repeat(81))),
        ("/paymentMethod", json!({ "type": "no such method" })),
        (
            "/amount",
            json!({ "currency": "EUR", "value": 1, "stray": 1 }),
        ),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value.clone();
        let said = verdict(Vendor::Adyen, "/payments", bad).unwrap();
        assert!(!said.is_empty(), "{pointer} {value}");
    }
    let mut seen = Seen {
        method: "GET".to_owned(),
        path: "/v72/paymentLinks/PL1".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    assert!(of(Vendor::Adyen).unwrap().request(&seen).is_empty());
    seen.method = "POST".to_owned();
    assert!(!of(Vendor::Adyen).unwrap().request(&seen).is_empty());
}
