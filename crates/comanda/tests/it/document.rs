//! The document of the API as others build on it: it changes only on purpose.

use crate::World;

/// To write it anew, compile with `UPDATE_SNAPSHOTS` set, and look at the difference before it is committed: what is
/// taken away or asked for in addition breaks somebody's program.
#[test]
fn the_document_that_is_served_is_the_one_that_was_looked_at() {
    let world = World::new();
    let serve = world.serve();
    let document = serve.get("/api/openapi.json");
    let mut document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    document["info"]["version"] = "0.0.0".into();
    let now = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/openapi.json");
    if option_env!("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    let first = now
        .lines()
        .zip(known.lines())
        .find(|(now, known)| now != known);
    assert!(now == known, "the document differs, first at {first:?}");
}
