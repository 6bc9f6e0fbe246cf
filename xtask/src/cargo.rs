//! Calls of cargo, all with the same profile and flags, so that nothing is built twice.

use std::ffi::OsStr;
use std::process::Command;

use crate::{Outcome, place};

/// The profile of all that is built here; see the workspace's `Cargo.toml`.
pub(crate) const PROFILE: [&str; 2] = ["--profile", "ci"];

/// A call of cargo in the checkout, into the target folder outside of it.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(place::cargo());
    command
        .args(arguments)
        .current_dir(place::root())
        .env("CARGO_TARGET_DIR", place::target());
    for name in place::set_by_cargo_run() {
        command.env_remove(name);
    }
    if let Some(linker) = linker()
        && !place::has_own_rustflags()
    {
        command.env("RUSTFLAGS", format!("-C link-arg=-fuse-ld={linker}"));
    }
    command
}

/// Runs a command to its end, with its output on this terminal.
pub(crate) fn succeed(mut command: Command) -> Outcome {
    println!("$ {}", shown(&command));
    let status = command
        .status()
        .map_err(|error| format!("cannot start `{}`: {error}", shown(&command)))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("`{}` failed ({status})", shown(&command))),
    }
}

/// A linker that is quicker than the default one, when the machine has it.
fn linker() -> Option<&'static str> {
    // The compiler driver looks for the name `ld.<linker>` or, for mold, also for this one.
    [("mold", "mold"), ("ld.lld", "lld")]
        .into_iter()
        .find(|(program, _)| place::find(program).is_some())
        .map(|(_, name)| name)
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
