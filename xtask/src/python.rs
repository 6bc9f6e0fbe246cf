//! Tools from PyPI that tests drive: each in an environment of its own under the cache, made once.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, cargo, place};

struct Tool {
    name: &'static str,
    /// What to install besides the package itself, in brackets as pip takes it.
    extras: &'static str,
    version: &'static str,
    purpose: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "schemathesis",
        extras: "",
        version: "4.32.5",
        purpose: "holds the API against its own document",
    },
    Tool {
        name: "rotel",
        extras: "",
        version: "0.0.1a15",
        purpose: "a real collector of traces",
    },
    Tool {
        name: "moto",
        extras: "[server]",
        version: "5.2.5",
        purpose: "S3-compatible storage",
    },
];

/// Makes sure that every tool is there in its version; tests find it in `tools/NAME/bin` of the cache.
pub(crate) fn prepare() -> Outcome {
    TOOLS.iter().try_for_each(install)
}

fn install(tool: &Tool) -> Outcome {
    let folder = folder(tool);
    // Written last, so that an installation that was interrupted is begun again.
    let mark = folder.join(format!("comanda-{}", tool.version));
    if mark.is_file() {
        println!("{} {} is there", tool.name, tool.version);
        return Ok(());
    }
    println!(
        "installing {} {}: {}",
        tool.name, tool.version, tool.purpose
    );
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv", "--clear"]).arg(&folder);
    cargo::succeed(environment)?;
    let mut install = Command::new(folder.join("bin/python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg(format!("{}{}=={}", tool.name, tool.extras, tool.version));
    cargo::succeed(install)?;
    std::fs::write(&mark, "").map_err(|error| format!("{}: {error}", mark.display()))
}

fn folder(tool: &Tool) -> PathBuf {
    place::cache().join("tools").join(tool.name)
}
