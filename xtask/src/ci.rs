//! `cargo xtask ci`: everything the build server asks for.

use crate::stages::Stage;
use crate::{Outcome, cargo, deny, packages, stages, test, tidy};

/// The budgets are for two cores and an empty cache.
const STAGES: &[Stage] = &[
    Stage::new("prepare", 12, prepare),
    Stage::new("fmt", 1, format),
    Stage::new("tidy", 1, tidy::tidy),
    Stage::new("clippy", 12, clippy),
    Stage::new("docs", 5, docs),
    Stage::new("deny", 2, deny::check),
    Stage::new("build", 35, test::build),
    Stage::new("tests", 10, test::ordinary),
    Stage::new("kills", 8, test::kills),
];

pub(crate) fn ci(arguments: &[String]) -> Outcome {
    if let Some(unknown) = arguments.first() {
        return Err(format!("ci takes no arguments, got `{unknown}`"));
    }
    stages::run(STAGES)
}

fn prepare() -> Outcome {
    packages::prepare()?;
    deny::prepare()
}

fn format() -> Outcome {
    cargo::succeed(cargo::cargo(["fmt", "--all", "--check"]))
}

fn clippy() -> Outcome {
    let start = ["clippy", "--workspace", "--all-targets"];
    let deny_warnings = ["--", "-D", "warnings"];
    cargo::succeed(cargo::cargo(
        start.iter().chain(&cargo::PROFILE).chain(&deny_warnings),
    ))
}

fn docs() -> Outcome {
    let start = ["doc", "--workspace", "--no-deps"];
    let mut command = cargo::cargo(start.iter().chain(&cargo::PROFILE));
    command.env("RUSTDOCFLAGS", "-D warnings");
    cargo::succeed(command)
}
