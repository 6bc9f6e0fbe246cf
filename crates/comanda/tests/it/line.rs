//! The commands that run to their end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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
    for file in ["control.db", "people.db", "audit.db", "keys.db", "main.db"] {
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
    assert_eq!(output.status.code(), Some(4));
    assert!(said(&output).contains("people.db"), "{}", said(&output));
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let output = comanda(&["migrate", "--data", "/proc/nowhere"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("/proc/nowhere"), "{}", said(&output));
}

#[test]
fn half_a_postgres_is_refused_with_what_is_missing() {
    let output = comanda(&["migrate", "--set", "storage.control=host=127.0.0.1"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said(&output).contains("storage.people"),
        "{}",
        said(&output)
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    let output = comanda(&["config", "--set", "listen.htpt=127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said(&output).contains("did you mean `http`"),
        "{}",
        said(&output)
    );
    let output = Command::new(env!("CARGO_BIN_EXE_comanda"))
        .arg("config")
        .env("COMANDA_LISTEN__HTPT", "127.0.0.1:1")
        .output()
        .unwrap();
    assert!(
        said(&output).contains("COMANDA_LISTEN__HTPT"),
        "{}",
        said(&output)
    );
}

#[test]
fn settings_are_shown_with_their_origin() {
    let output = comanda(&["config", "--set", "limits.stop_within=20s"]);
    assert!(output.status.success());
    let said = said(&output);
    let line = said
        .lines()
        .find(|line| line.starts_with("stop_within"))
        .unwrap();
    assert!(
        line.contains("\"20s\"") && line.ends_with("# flag --set"),
        "{line}"
    );
    let output = comanda(&["config", "--defaults"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("#http = \"127.0.0.1:8080\""));
}

#[test]
fn every_command_teaches() {
    for command in [
        "serve", "migrate", "config", "doctor", "secrets", "backup", "restore", "verify",
    ] {
        let output = comanda(&[command, "--help"]);
        let said = said(&output);
        let example = format!("  comanda {command}");
        assert!(
            output.status.success() && said.contains(&example),
            "{command}: {said}"
        );
    }
    assert!(said(&comanda(&["--help"])).contains("Exit codes:"));
    assert_eq!(comanda(&["cook"]).status.code(), Some(2));
}
