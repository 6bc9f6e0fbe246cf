//! `cargo xtask run`: builds Comanda and starts it on an empty folder.

use std::path::PathBuf;

use crate::{Outcome, cargo};

/// What starts today is the store alone: the migrations on a fresh folder.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let folder = match arguments {
        [] => fresh_folder()?,
        [folder] => std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?,
        _ => return Err("run takes at most one argument, a folder".to_owned()),
    };
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    comanda(&["version"])?;
    comanda(&["migrate", "--data", &folder.display().to_string()])?;
    println!("The data is in {}", folder.display());
    Ok(())
}

fn comanda(arguments: &[&str]) -> Outcome {
    let start = ["run", "--quiet", "--package", "comanda"];
    let words = start
        .iter()
        .chain(&cargo::PROFILE)
        .chain(&["--"])
        .chain(arguments);
    cargo::succeed(cargo::cargo(words))
}

fn fresh_folder() -> Outcome<PathBuf> {
    let parent = std::env::temp_dir();
    let process = std::process::id();
    (0..100)
        .map(|number| parent.join(format!("comanda-run-{process}-{number}")))
        .find(|folder| !folder.exists())
        .ok_or_else(|| format!("too many folders of earlier runs in {}", parent.display()))
}
