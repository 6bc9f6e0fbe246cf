//! The tests: `cargo xtask test`, and the parts of it that `ci` times one by one.

use std::process::Command;

use crate::workspace::Workspace;
use crate::{Outcome, cargo, packages};

/// Test programs of this name hold kill drills. They take minutes and have a budget of their own.
const KILL: &str = "kills";

/// Installs what is missing, then runs all tests. Arguments are handed to `cargo test`.
pub(crate) fn test(arguments: &[String]) -> Outcome {
    packages::prepare()?;
    let mut all = cargo_test(&["--no-fail-fast"]);
    all.args(arguments);
    cargo::succeed(all)
}

/// Builds every test program and every binary once.
pub(crate) fn build() -> Outcome {
    cargo::succeed(cargo_test(&["--no-run"]))?;
    let binaries = ["build", "--workspace", "--bins"];
    cargo::succeed(cargo::cargo(binaries.iter().chain(&cargo::PROFILE)))
}

/// All tests but the kill drills.
pub(crate) fn ordinary() -> Outcome {
    let workspace = Workspace::read()?;
    let mut command = cargo_test(&["--no-fail-fast", "--lib", "--bins"]);
    for program in workspace.test_programs() {
        if program != KILL {
            command.args(["--test", &program]);
        }
    }
    cargo::succeed(command)?;
    cargo::succeed(cargo_test(&["--doc"]))
}

/// The drills that kill processes and look at what is left.
pub(crate) fn kills() -> Outcome {
    let workspace = Workspace::read()?;
    if !workspace.test_programs().iter().any(|name| name == KILL) {
        println!("no test program is named `{KILL}` yet");
        return Ok(());
    }
    cargo::succeed(cargo_test(&["--no-fail-fast", "--test", KILL]))
}

fn cargo_test(arguments: &[&str]) -> Command {
    let start = ["test", "--workspace"];
    cargo::cargo(start.iter().chain(&cargo::PROFILE).chain(arguments))
}
