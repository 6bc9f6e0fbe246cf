//! Somebody is erased, and nothing of him is found in any file; an older backup is restored, and he stays erased.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::serve::Start;

use crate::World;
use crate::backup::{Folder, names, ran, well};
use crate::browser::{Browser, inbox};

const MAIL: &str = "ludovica.erasmi@example.com";
/// What nobody may find afterwards, in the letters that it was sent in.
const CANARIES: [&str; 5] = [MAIL, "Ludovica", "Erasmi", "Canaryweg", "Bologna-Nord"];

/// All files under a folder in which a text can be read.
fn holding(folder: &Path, texts: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
            continue;
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        for text in texts {
            if bytes
                .windows(text.len())
                .any(|some| some == text.as_bytes())
            {
                found.push((path.clone(), (*text).to_owned()));
            }
        }
    }
    found
}

/// Somebody with everything that a person can say of itself, in a browser.
fn sign_up(start: &testkit::serve::Serve) -> Browser {
    let nodes = [start.http()];
    let mut browser = Browser::new(start.http());
    browser.sign_in(MAIL, &|to| inbox(&nodes, to));
    let change = json!({"version": 1, "firstName": "Ludovica", "lastName": "Erasmi", "city": "Bologna-Nord"});
    browser.ask("PATCH", "/api/me", &change).is(200);
    let address = json!({"street": "Canaryweg 7"});
    browser.post("/api/me/addresses", &address).is(201);
    browser
}

fn copied(from: &Path, to: &Path) {
    // With its modes, or the secrets are refused.
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status();
    assert!(copied.unwrap().success());
}

#[test]
fn who_was_erased_stays_so_when_an_older_backup_is_restored() {
    let world = World::new();
    let data = world.0.data();
    let folder = Folder::new("privacy");
    let (to, keys_to) = (folder.join("to"), folder.join("keys"));

    let serve = world.serve();
    let mut browser = sign_up(&serve);
    let export = browser.get("/api/me/export").is(200).body;
    let person = export["id"].as_str().unwrap().to_owned();
    assert_eq!(export["profile"]["lastName"], "Erasmi", "{export}");
    assert!(export["kept"]["memberships"].is_array(), "{export}");
    assert!(export["kept"]["audit"]["entries"].is_array(), "{export}");
    well(&["backup"], &[("--data", &data), ("--to", &to)]);
    well(
        &["backup", "--keys"],
        &[("--data", &data), ("--to", &keys_to)],
    );
    browser
        .post("/api/me/erase", &json!({"confirm": "erase"}))
        .is(204);
    assert_eq!(browser.get("/api/auth/me").status, 401);
    assert!(serve.stop().success());
    assert_eq!(holding(&data, &CANARIES), []);
    for backups in [&to, &keys_to] {
        assert_eq!(holding(backups, &CANARIES), []);
    }

    // Everything but the audit log is lost; data and keys come from before.
    let again = Start::new(env!("CARGO_BIN_EXE_comanda"));
    let new = again.data();
    fs::create_dir_all(&new).unwrap();
    for name in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        if data.join(name).exists() {
            fs::copy(data.join(name), new.join(name)).unwrap();
        }
    }
    let (from, keys) = (to.join(&names(&to)[0]), keys_to.join(&names(&keys_to)[0]));
    let folders: [(&str, &Path); 3] = [("--from", &from), ("--keys", &keys), ("--data", &new)];
    let (code, said) = ran(&["restore", "--audit", "keep"], &folders);
    assert_eq!(code, 0, "{said}");
    copied(&data.join("secrets"), &new.join("secrets"));
    let serve = again.serve().unwrap();
    let said = serve.said();
    assert!(said.contains("erased again"), "{said}");
    // The session of before opens nothing, and whoever comes with the address is somebody else.
    assert_eq!(browser.at(serve.http()).get("/api/auth/me").status, 401);
    let nodes = [serve.http()];
    let mut later = Browser::new(serve.http());
    later.sign_in(MAIL, &|to| inbox(&nodes, to));
    let me = later.get("/api/me").is(200);
    assert_ne!(me.text("id"), person);
    assert_eq!(me.body["firstName"], Value::Null, "{}", me.body);
    assert!(serve.stop().success());
    assert_eq!(holding(&new, &CANARIES), []);
    // It is done once.
    let serve = again.serve().unwrap();
    assert!(!serve.said().contains("erased again"), "{}", serve.said());
    assert!(serve.stop().success());
    again.remove();
}
