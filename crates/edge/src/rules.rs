//! The limits that a schema states, checked against what was sent, so that the document is true for each of them.
//!
//! Types, missing and unknown fields are serde's work. Patterns are left to the types that the handler parses into.

use std::collections::HashMap;

use base::{Error, Result, codes};
use serde_json::{Number, Value};
use utoipa::openapi::path::Parameter;

use crate::route::Named;

/// How many wrong fields are named at once; more would tell nobody more.
const WRONG_MAX: usize = 64;

/// The limits of one schema and of all that it refers to.
#[derive(Debug)]
pub(crate) struct Rules {
    name: String,
    schemas: HashMap<String, Value>,
}

/// What a schema bounds a value by.
const BOUNDS: [&str; 11] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// The limits of the parameters of path or query, by name; no schema where it bounds nothing.
#[derive(Debug, Default)]
pub(crate) struct Limits(Vec<(String, Option<Value>)>);

/// What is wrong: the path of a field, and what it must be.
type Wrong = Vec<(String, String)>;

impl Rules {
    pub(crate) fn new(named: &Named) -> Self {
        let written = |(name, schema): &(String, _)| {
            // A schema of our own can always be written.
            (
                name.clone(),
                serde_json::to_value(schema).unwrap_or_default(),
            )
        };
        Self {
            name: named.name.clone(),
            schemas: named.schemas.iter().map(written).collect(),
        }
    }

    /// Checks a body that serde could read.
    pub(crate) fn check(&self, body: &Value) -> Result<()> {
        let mut wrong = Wrong::new();
        if let Some(schema) = self.schemas.get(&self.name) {
            self.look(schema, body, "", &mut wrong);
        }
        refuse(
            wrong,
            "a field of the body is not as the operation takes it",
        )
    }

    fn look(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Wrong) {
        if wrong.len() >= WRONG_MAX {
            return;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            if let Some(schema) = self.schemas.get(name) {
                self.look(schema, value, path, wrong);
            }
        }
        wrong.extend(broken(schema, value).map(|must| (path.to_owned(), must)));
        for all in schema["allOf"].as_array().into_iter().flatten() {
            self.look(all, value, path, wrong);
        }
        self.look_at_choice(schema, value, path, wrong);
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let inside = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    if let Some(schema) = schema["properties"].get(name) {
                        self.look(schema, field, &inside, wrong);
                    }
                }
            }
            // serde would take the fields of an object from a list, by their order.
            Value::Array(_) if has_type(schema, "object") && !has_type(schema, "array") => {
                wrong.push((path.to_owned(), "must be an object, not a list".to_owned()));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.look(&schema["items"], item, &format!("{path}[{index}]"), wrong);
                }
            }
            _ => {}
        }
    }

    /// Of several forms one must fit; serde has found which, so the first that breaks no limit will do.
    fn look_at_choice(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Wrong) {
        let forms = schema["oneOf"]
            .as_array()
            .or_else(|| schema["anyOf"].as_array());
        let null = |form: &&Value| form["type"] == "null";
        let mut least: Option<Wrong> = None;
        for form in forms
            .into_iter()
            .flatten()
            .filter(|form| value.is_null() == null(form))
        {
            let mut own = Wrong::new();
            self.look(form, value, path, &mut own);
            if least.as_ref().is_none_or(|least| own.len() < least.len()) {
                least = Some(own);
            }
        }
        wrong.extend(least.unwrap_or_default());
    }
}

impl Limits {
    pub(crate) fn new(params: &[Parameter]) -> Self {
        let written = |param: &Parameter| {
            let schema = serde_json::to_value(&param.schema).unwrap_or_default();
            let bounds = BOUNDS.iter().any(|name| schema.get(name).is_some());
            (param.name.clone(), bounds.then_some(schema))
        };
        Self(params.iter().map(written).collect())
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Checks the values of parameters, which are texts.
    pub(crate) fn check<'a>(&self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
        let mut wrong = Wrong::new();
        for (name, text) in pairs {
            let found = self.0.iter().find(|(known, _)| known == name);
            if let Some((_, Some(schema))) = found {
                // A text where a number is to be is refused when the handler's type is read.
                let number = text.parse::<i64>().ok().map(Number::from);
                let value = match number.filter(|_| has_type(schema, "integer")) {
                    Some(number) => Value::Number(number),
                    None => Value::String(text.to_owned()),
                };
                wrong.extend(broken(schema, &value).map(|must| (name.to_owned(), must)));
            }
        }
        refuse(wrong, "a parameter is not as the operation takes it")
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    let listed = schema["type"]
        .as_array()
        .is_some_and(|types| types.iter().any(|one| one == name));
    schema["type"] == name || listed
}

/// Gives what the value must be and is not.
fn broken(schema: &Value, value: &Value) -> Option<String> {
    let limit = |name: &str| schema[name].as_f64();
    let (size, least, most, what) = match value {
        Value::Number(number) => (number.as_f64()?, "minimum", "maximum", ""),
        Value::String(text) => (
            count(text.chars().count()),
            "minLength",
            "maxLength",
            " characters",
        ),
        Value::Array(items) => (count(items.len()), "minItems", "maxItems", " entries"),
        Value::Object(fields) => (
            count(fields.len()),
            "minProperties",
            "maxProperties",
            " fields",
        ),
        Value::Null | Value::Bool(_) => return None,
    };
    if let Some(least) = limit(least).filter(|least| size < *least) {
        return Some(format!("must be at least {least}{what}"));
    }
    if let Some(most) = limit(most).filter(|most| size > *most) {
        return Some(format!("must be at most {most}{what}"));
    }
    let number = value.is_number();
    if let Some(bound) = limit("exclusiveMinimum").filter(|bound| number && size <= *bound) {
        return Some(format!("must be more than {bound}"));
    }
    if let Some(bound) = limit("exclusiveMaximum").filter(|bound| number && size >= *bound) {
        return Some(format!("must be less than {bound}"));
    }
    let step = limit("multipleOf").filter(|step| number && size % step != 0.0);
    step.map(|step| format!("must be a multiple of {step}"))
}

/// Sizes in memory are far below where a float loses the unit.
fn count(size: usize) -> f64 {
    u32::try_from(size).map_or(f64::MAX, f64::from)
}

fn refuse(wrong: Wrong, message: &'static str) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    let error = Error::invalid(codes::FIELD_INVALID, message);
    Err(wrong.into_iter().fold(error, |error, (field, must)| {
        error.field(field, codes::FIELD_INVALID, must)
    }))
}

/// Turns numbers such as `5.0` into whole ones: the same number in JSON Schema, but not for serde.
pub(crate) fn whole_numbers(value: &mut Value) {
    /// Up to here a float holds every whole number.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            if float.fract() == 0.0 && float.abs() <= EXACT_MAX {
                // Writing it without a fraction and reading it back needs no cast that could cut.
                if let Ok(whole) = format!("{float:.0}").parse::<i64>() {
                    *number = Number::from(whole);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_no_object_however_well_its_entries_fit() {
        let inner = serde_json::json!({"type": "object", "properties": {"a": {"type": "string"}}});
        let outer = serde_json::json!({"type": ["object", "null"], "properties": {
            "inner": inner, "lists": {"type": "array", "items": {"type": "string"}},
        }});
        let rules = Rules {
            name: "Outer".to_owned(),
            schemas: HashMap::from([("Outer".to_owned(), outer)]),
        };
        let refused = |text: &str| rules.check(&serde_json::from_str(text).unwrap()).is_err();
        assert!(!refused(r#"{"inner": {"a": "x"}, "lists": ["x"]}"#));
        assert!(!refused("null"));
        assert!(refused("[null, null]"));
        assert!(refused(r#"{"inner": ["x"]}"#));
    }

    #[test]
    fn whole_numbers_are_told_from_fractions_to_the_last_bit() {
        for (text, whole) in [
            ("5.0", "5"),
            ("-1e2", "-100"),
            ("2251799813685247.0", "2251799813685247"),
            ("9007199254740991.0", "9007199254740991"),
            ("2251799813685247.2", "2251799813685247.2"),
            ("0.5", "0.5"),
        ] {
            let mut value: Value = serde_json::from_str(text).unwrap();
            whole_numbers(&mut value);
            let number: Value = serde_json::from_str(whole).unwrap();
            assert_eq!(value, number, "{text}");
        }
    }
}
