//! Licences, banned crates and their origin, by cargo-deny.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, cargo, place};

const VERSION: &str = "0.20.2";

/// Makes sure that cargo-deny is there: in the `PATH`, or built once into the cache.
pub(crate) fn prepare() -> Outcome {
    if let Some(program) = program() {
        println!("cargo-deny is there: {}", program.display());
        return Ok(());
    }
    let folder = tools();
    println!(
        "building cargo-deny {VERSION} into {}; this takes minutes, once",
        folder.display()
    );
    let mut install = cargo::cargo(["install", "cargo-deny", "--locked", "--version", VERSION]);
    install.arg("--root").arg(folder);
    cargo::succeed(install)
}

/// Checks what can be checked without the network.
pub(crate) fn check() -> Outcome {
    prepare()?;
    let program = program().ok_or("cargo-deny was built but is not found")?;
    println!(
        "Not checked here: advisories. They come from a database that must be fetched, and this \
         command gives the same answer with and without a network. By hand: cargo deny check advisories"
    );
    let mut check = Command::new(program);
    check
        .current_dir(place::root())
        .args([
            "--workspace",
            "--all-features",
            "--locked",
            "check",
            "--hide-inclusion-graph",
        ])
        .args(["bans", "licenses", "sources"]);
    cargo::succeed(check)
}

fn program() -> Option<PathBuf> {
    let own = tools().join("bin/cargo-deny");
    place::find("cargo-deny").or_else(|| own.is_file().then_some(own))
}

fn tools() -> PathBuf {
    place::cache().join("tools")
}
