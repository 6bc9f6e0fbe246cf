//! What many operations answer alike is written once, in `components`, and referred to.
//!
//! Refusals of the gate and the headers of answers are the same almost everywhere. Written out they were nine tenths of
//! the document, which everybody downloads who generates a client from it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The first status of a refusal; answers that mean well stay where they are read.
const REFUSALS_FROM: &str = "400";

/// Moves headers, and refusals that more than one operation has, into `components`.
pub(super) fn share(document: &mut Value) {
    let mut headers = Map::new();
    of_answers(document, &mut |_, answer| {
        if let Some(of_answer) = answer.get_mut("headers").and_then(Value::as_object_mut) {
            refer("headers", of_answer, &mut headers);
        }
    });
    let mut refusals: BTreeMap<String, (Value, usize)> = BTreeMap::new();
    of_answers(document, &mut |status, answer| {
        if let Some(name) = name_of(status, answer) {
            let (first, times) = refusals.entry(name).or_insert_with(|| (answer.clone(), 0));
            *times += usize::from(first == answer);
        }
    });
    refusals.retain(|_, (_, times)| *times > 1);
    of_answers(document, &mut |status, answer| {
        let Some(name) = name_of(status, answer) else {
            return;
        };
        if refusals
            .get(&name)
            .is_some_and(|(shared, _)| shared == answer)
        {
            *answer = json!({"$ref": format!("#/components/responses/{name}")});
        }
    });
    if let Some(components) = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
    {
        let refusals = refusals
            .into_iter()
            .map(|(name, (answer, _))| (name, answer));
        components.insert("headers".to_owned(), headers.into());
        components.insert(
            "responses".to_owned(),
            refusals.collect::<Map<_, _>>().into(),
        );
    }
}

/// Puts a reference in the place of each part that is the same as the first one of its name.
fn refer(sort: &str, parts: &mut Map<String, Value>, shared: &mut Map<String, Value>) {
    for (name, part) in parts {
        let first = shared.entry(name.clone()).or_insert_with(|| part.clone());
        if first == part {
            *part = json!({"$ref": format!("#/components/{sort}/{name}")});
        }
    }
}

/// What a refusal is called: its status and its codes, as its description lists them.
fn name_of(status: &str, answer: &Value) -> Option<String> {
    let (_, codes) = answer.get("description")?.as_str()?.split_once(": ")?;
    (status >= REFUSALS_FROM).then(|| format!("{status}.{}", codes.replace(", ", ".")))
}

fn of_answers(document: &mut Value, each: &mut impl FnMut(&str, &mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let methods = paths.into_iter().flat_map(Map::values_mut);
    let operations = methods
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations {
        let answers = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (status, answer) in answers.into_iter().flatten() {
            each(status, answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(about: &str) -> Value {
        json!({"description": about, "headers": {"ETag": {"description": "bytes"}}})
    }

    #[test]
    fn what_is_alike_is_written_once_and_the_rest_stays() {
        let mut document = json!({"components": {}, "paths": {
            "/a": {"get": {"responses": {"200": answer("OK"), "404": answer("Not Found: not_found")}}},
            "/b": {"get": {"responses": {"404": answer("Not Found: not_found"), "409": answer("Conflict: taken")}}},
        }});
        share(&mut document);
        let reference = json!({"$ref": "#/components/responses/404.not_found"});
        for path in ["/a", "/b"] {
            assert_eq!(
                document["paths"][path]["get"]["responses"]["404"],
                reference
            );
        }
        let header = json!({"$ref": "#/components/headers/ETag"});
        for (path, status) in [("/a", "200"), ("/b", "409")] {
            let kept = &document["paths"][path]["get"]["responses"][status];
            assert_eq!(kept["headers"]["ETag"], header, "{path}");
        }
        let shared = document["components"]["responses"].as_object().unwrap();
        assert_eq!(shared.len(), 1);
        assert_eq!(shared["404.not_found"]["headers"]["ETag"], header);
        let about = &document["components"]["headers"]["ETag"]["description"];
        assert_eq!(about, "bytes");
    }

    #[test]
    fn another_thing_under_the_same_name_is_not_taken_for_it() {
        let mut other = answer("Not Found: not_found");
        other["content"] = json!({"text/plain": {}});
        other["headers"]["ETag"] = json!({"description": "version"});
        let mut document = json!({"components": {}, "paths": {
            "/a": {"get": {"responses": {"404": answer("Not Found: not_found")}}},
            "/b": {"get": {"responses": {"404": other}}},
            "/c": {"get": {"responses": {"404": answer("Not Found: not_found")}}},
        }});
        let before = document["paths"]["/b"].clone();
        share(&mut document);
        assert_eq!(document["paths"]["/b"], before);
        assert!(document["paths"]["/c"]["get"]["responses"]["404"]["$ref"].is_string());
    }
}
