//! The binary as a person meets it at the terminal.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail at once, with the cause"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::postgres::Server;

fn comanda(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_comanda"))
        .args(words)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("comanda-line-{name}-{}", std::process::id());
        Folder(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now goes with the temporary folder.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

fn migrate(folder: &Path) -> Output {
    comanda(&["migrate", "--data", &folder.to_string_lossy()])
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = comanda(&["version"]);
    assert!(output.status.success());
    assert_eq!(
        said(&output),
        format!("comanda {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn migrating_twice_makes_the_files_once() {
    let folder = Folder::new("twice");
    for _ in 0..2 {
        let output = migrate(&folder.0);
        assert!(output.status.success(), "{}", said(&output));
    }
    for file in ["control.db", "people.db", "main.db"] {
        assert!(folder.0.join(file).exists(), "{file}");
        // Whoever closes a file last has moved its write-ahead log into it.
        assert!(!folder.0.join(format!("{file}-wal")).exists(), "{file}");
    }
}

#[test]
fn a_damaged_file_is_refused_by_its_name() {
    let folder = Folder::new("damaged");
    assert!(migrate(&folder.0).status.success());
    std::fs::write(
        folder.0.join("people.db"),
        "this is no database, but it is long enough",
    )
    .unwrap();
    let output = migrate(&folder.0);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("people.db"), "{}", said(&output));
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let output = comanda(&["migrate", "--data", "/proc/nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("/proc/nowhere"), "{}", said(&output));
}

#[test]
fn half_an_address_is_refused_with_what_is_missing() {
    let output = comanda(&["migrate", "--control", "host=127.0.0.1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--people"), "{}", said(&output));
    let address = ["--control", "host=127.0.0.1", "--people", "host=127.0.0.1"];
    let output = comanda(&[&["migrate"], &address[..], &["--shard", "a"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("`a` is not NAME=ADDRESS"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn databases_of_postgres_are_migrated_and_one_that_is_away_is_said() {
    let server = Server::shared();
    let database = server.database(None).await;
    let (host, port, name) = (database.host(), database.port(), database.name());
    let address = format!("host={host} port={port} dbname={name}");
    let shard = format!("a={address}");
    let words = [
        "migrate",
        "--owner",
        "postgres",
        "--control",
        &address,
        "--people",
        &address,
    ];
    for _ in 0..2 {
        let output = comanda(&[&words[..], &["--shard", &shard]].concat());
        assert!(output.status.success(), "{}", said(&output));
    }
    let away = "a=host=127.0.0.1 port=1 dbname=none";
    let output = comanda(&[&words[..], &["--shard", away]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("not available"), "{}", said(&output));
}
