//! `cargo xtask ci`: everything the build server asks for.

use crate::stages::Stage;
use crate::{Outcome, cargo, deny, disk, node, packages, python, stages, test, tidy};

/// The budgets are for two cores and an empty cache.
const STAGES: &[Stage] = &[
    Stage::new("prepare", 12, prepare),
    Stage::new("fmt", 1, format),
    Stage::new("tidy", 1, tidy::tidy),
    Stage::new("clippy", 12, clippy),
    Stage::new("docs", 5, docs),
    Stage::new("deny", 2, deny::check),
    Stage::new("build", 35, test::build),
    Stage::new("tests", 20, test::ordinary),
    Stage::new("simulate", 8, test::simulate),
    Stage::new("kills", 8, test::kills),
    Stage::new("overload", 3, test::overload),
    Stage::new("attacks", 10, test::attacks),
    Stage::new("fuzz", 3, test::fuzz),
];

/// Runs all stages, or the named ones in their usual order.
pub(crate) fn ci(names: &[String]) -> Outcome {
    let known = |name: &String| STAGES.iter().any(|stage| stage.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        return Err(format!(
            "there is no stage `{unknown}`; there is: {}",
            all.join(", ")
        ));
    }
    let is_wanted =
        |stage: &&Stage| names.is_empty() || names.iter().any(|name| name == stage.name);
    let wanted: Vec<Stage> = STAGES.iter().filter(is_wanted).copied().collect();
    stages::run(&wanted)
}

fn prepare() -> Outcome {
    disk::room()?;
    packages::prepare()?;
    python::prepare()?;
    node::prepare()?;
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
