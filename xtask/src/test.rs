//! The tests: `cargo xtask test`, and the parts of it that `ci` times one by one.

use std::process::Command;

use crate::workspace::Workspace;
use crate::{Outcome, cargo, node, packages, python};

/// Test programs of these names hold drills: they take minutes, want the machine to themselves, and have budgets of
/// their own.
const DRILLS: [&str; 5] = ["kills", "overload", "attacks", "fuzz", "simulation"];

/// Installs what is missing, then runs all tests. Arguments are handed to `cargo test`.
pub(crate) fn test(arguments: &[String]) -> Outcome {
    packages::prepare()?;
    python::prepare()?;
    node::prepare()?;
    let mut all = cargo_test(&["--no-fail-fast"]);
    all.args(arguments);
    cargo::succeed(all)
}

/// Builds every test program, and with them the binaries that they start. What we ship has fewer features than that,
/// as no test asks for any, so it is looked at once more; to build it twice would take as long again, and the room.
pub(crate) fn build() -> Outcome {
    cargo::succeed(cargo_test(&["--no-run"]))?;
    let binaries = ["check", "--workspace", "--bins"];
    cargo::succeed(cargo::cargo(binaries.iter().chain(&cargo::PROFILE)))
}

/// All tests but the drills.
pub(crate) fn ordinary() -> Outcome {
    let workspace = Workspace::read()?;
    let mut command = cargo_test(&["--no-fail-fast", "--lib", "--bins"]);
    for program in workspace.test_programs() {
        if !DRILLS.contains(&program.as_str()) {
            command.args(["--test", &program]);
        }
    }
    cargo::succeed(command)?;
    cargo::succeed(cargo_test(&["--doc"]))
}

/// The drills that kill processes and look at what is left.
pub(crate) fn kills() -> Outcome {
    drill("kills")
}

/// The drills that ask for more than the platform can do.
pub(crate) fn overload() -> Outcome {
    drill("overload")
}

/// The drills that mean harm: wrong, broken and slow requests.
pub(crate) fn attacks() -> Outcome {
    drill("attacks")
}

/// The drill that tries readers of files and rules with what nobody would write.
pub(crate) fn fuzz() -> Outcome {
    drill("fuzz")
}

/// The simulator, for five minutes, in which it gets through a thousand seeds at least.
pub(crate) fn simulate() -> Outcome {
    drill_with(
        "simulation",
        &[
            ("SIMULATE_SECONDS", "300"),
            ("SIMULATE_SEEDS", "1000000"),
            ("SIMULATE_LEAST", "1000"),
        ],
    )
}

/// Runs the test programs of this name one after the other, and each of their tests alone.
fn drill(name: &str) -> Outcome {
    drill_with(name, &[])
}

fn drill_with(name: &str, set: &[(&str, &str)]) -> Outcome {
    let workspace = Workspace::read()?;
    if !workspace.test_programs().iter().any(|known| known == name) {
        println!("no test program is named `{name}`");
        return Ok(());
    }
    let arguments = [
        "--no-fail-fast",
        "--test",
        name,
        "--",
        "--nocapture",
        "--test-threads=1",
    ];
    let mut command = cargo_test(&arguments);
    command.envs(set.iter().copied());
    cargo::succeed(command)
}

fn cargo_test(arguments: &[&str]) -> Command {
    let start = ["test", "--workspace"];
    cargo::cargo(start.iter().chain(&cargo::PROFILE).chain(arguments))
}
