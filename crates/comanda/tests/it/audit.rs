//! `comanda audit` and the audit log in backups, on SQLite: what is found, what is given out, what is never replaced.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base::Clock;
use store::{Call, Class, Column, Database, Deadline, Place, Sql, Table};

use crate::World;
use crate::backup::{Folder, names, ran, well};

const WITHIN: Duration = Duration::from_secs(20);

/// A folder of data in which somebody has done something, which is in its audit log.
fn used() -> World {
    let world = World::new();
    let serve = world.serve();
    let link = serve.ready("setup").unwrap().to_owned();
    let (_, token) = link.split_once("/setup#").unwrap();
    let body = format!(
        "{{\"token\":\"{token}\",\"name\":\"Lucia Rossi\",\"email\":\"lucia@example.com\"}}"
    );
    let made = serve.post("/api/setup", &[], &body);
    assert_eq!(made.status, 201, "{}", made.body);
    // A sign-in that is no good is seen at the gate.
    let bad = [("authorization", "Bearer cok_nobody")];
    let refused = testkit::serve::ask(serve.http(), "GET", "/api/ops/audit", &bad, "");
    assert_eq!(refused.status, 401, "{}", refused.body);
    let clock = Clock::real();
    while !exported(&world.0.data(), "csv").contains("unauthenticated") {
        assert!(clock.elapsed() < WITHIN, "nothing was written down");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(serve.stop().success());
    world
}

fn exported(data: &Path, format: &str) -> String {
    well(
        &["audit", "export", "--format", format],
        &[("--data", data)],
    )
}

/// Changes a file past everything that keeps it.
fn meddle(file: &Path, statement: &'static str) {
    static ANY: Table = Table::new("any", Class::Queue, &[Column::int("id")], 1, &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let clock = Clock::real();
        let database = Database::open(&Place::File(file.to_owned()), &clock).unwrap();
        for statement in [
            "DROP TRIGGER IF EXISTS entries_no_update",
            "DROP TRIGGER IF EXISTS entries_no_delete",
            statement,
        ] {
            let sql: &'static Sql = Box::leak(Box::new(Sql::new("any", &ANY, statement)));
            let deadline = Deadline::within(&clock, WITHIN);
            let done = database.transact(vec![Call::new(sql, [])], &deadline).await;
            done.unwrap();
        }
    });
}

#[test]
fn it_is_verified_and_given_out() {
    let world = used();
    let data = world.0.data();
    let said = well(&["audit", "verify"], &[("--data", &data)]);
    assert!(
        said.contains("nothing was changed, removed or cut off"),
        "{said}"
    );
    assert!(!said.contains("not signed yet"), "a stop signs: {said}");
    let table = exported(&data, "csv");
    assert!(table.starts_with("number,at,"), "{table}");
    assert!(
        !table.contains("Lucia") && !table.contains("lucia@"),
        "{table}"
    );
    let report: serde_json::Value = serde_json::from_str(&exported(&data, "json")).unwrap();
    let entries = report["entries"].as_array().unwrap();
    assert_eq!(entries.len() + 1, table.lines().count());
    assert!(!report["summary"].as_array().unwrap().is_empty());
    let none = well(
        &["audit", "export", "--to", "1970-01-02T00:00:00Z"],
        &[("--data", &data)],
    );
    assert_eq!(none.lines().count(), 1, "{none}");

    meddle(
        &data.join("audit.db"),
        "UPDATE entries SET actor = 'per_x' WHERE seq = 1",
    );
    let (code, said) = ran(&["audit", "verify"], &[("--data", &data)]);
    assert_eq!(code, 4, "{said}");
    assert!(
        said.contains("entry 1: it does not say what was written"),
        "{said}"
    );
    if entries.len() > 1 {
        well(&["audit", "verify", "--from", "2"], &[("--data", &data)]);
    }
    meddle(&data.join("audit.db"), "DELETE FROM entries");
    let (code, said) = ran(&["audit", "verify"], &[("--data", &data)]);
    assert_eq!(code, 4, "{said}");
    let (code, said) = ran(&["audit", "verify"], &[("--data", &data.join("none"))]);
    assert_eq!(code, 3, "{said}");
}

#[test]
fn an_older_one_never_takes_its_place_unasked() {
    let world = used();
    let data = world.0.data();
    let folder = Folder::new("audit");
    let to = folder.join("to");
    well(&["backup"], &[("--data", &data), ("--to", &to)]);
    let backup = to.join(&names(&to)[0]);
    assert!(backup.join("audit.db").exists());
    // More happens, and then everything but the audit log is lost.
    let serve = world.serve();
    let bad = [("authorization", "Bearer cok_nobody")];
    for _ in 0..5 {
        let refused = testkit::serve::ask(serve.http(), "GET", "/api/ops/audit", &bad, "");
        assert_eq!(refused.status, 401);
    }
    assert!(serve.stop().success());
    let newer = exported(&data, "csv");
    let keep = |to: &Path| {
        fs::create_dir_all(to).unwrap();
        for name in ["audit.db", "audit.db-wal", "audit.db-shm"] {
            if data.join(name).exists() {
                fs::copy(data.join(name), to.join(name)).unwrap();
            }
        }
    };
    let new = folder.join("new");
    keep(&new);
    let folders: [(&str, &Path); 2] = [("--from", &backup), ("--data", &new)];
    let (code, said) = ran(&["restore"], &folders);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("--audit keep"), "{said}");
    assert!(!new.join("control.db").exists());
    let said = well(&["restore", "--audit", "keep"], &folders);
    assert!(said.contains("with the audit log that was here"), "{said}");
    assert_eq!(exported(&new, "csv"), newer);

    let other = folder.join("other");
    keep(&other);
    let folders: [(&str, &Path); 2] = [("--from", &backup), ("--data", &other)];
    well(&["restore", "--audit", "backup"], &folders);
    let older = exported(&other, "csv");
    assert!(newer.starts_with(&older) && older.len() < newer.len());
    assert!(other.join("audit-before-restore.db").exists());
}
