//! What cargo says about the workspace: crates, their dependencies, their test programs.

use std::path::PathBuf;

use serde_json::Value;

use crate::{Outcome, cargo};

/// A crate of ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// What it is built from: dependencies and build dependencies.
    pub(crate) dependencies: Vec<String>,
    /// What only its tests and benches use.
    pub(crate) dev_dependencies: Vec<String>,
    pub(crate) test_programs: Vec<String>,
}

/// All crates of ours.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) members: Vec<Member>,
}

impl Workspace {
    /// Asks cargo, without looking at crates of others.
    pub(crate) fn read() -> Outcome<Self> {
        let arguments = [
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ];
        let output = cargo::cargo(arguments)
            .output()
            .map_err(|error| format!("cannot start cargo: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo's metadata: {error}"))?;
        let members = list(&metadata, "packages").iter().map(member).collect();
        Ok(Self { members })
    }

    /// The names of all integration test programs, each once.
    pub(crate) fn test_programs(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .members
            .iter()
            .flat_map(|member| member.test_programs.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

fn member(package: &Value) -> Member {
    let dependencies = list(package, "dependencies");
    let (dev, built): (Vec<&Value>, Vec<&Value>) = dependencies
        .iter()
        .partition(|one| text(one, "kind") == "dev");
    let names = |values: Vec<&Value>| values.into_iter().map(|one| text(one, "name")).collect();
    let tests = list(package, "targets").iter().filter(|target| {
        list(target, "kind")
            .iter()
            .any(|kind| kind.as_str() == Some("test"))
    });
    let mut folder = PathBuf::from(text(package, "manifest_path"));
    folder.pop();
    Member {
        name: text(package, "name"),
        folder,
        dependencies: names(built),
        dev_dependencies: names(dev),
        test_programs: tests.map(|target| text(target, "name")).collect(),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The kind of an ordinary dependency is null, here an empty text.
fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
