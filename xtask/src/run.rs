//! `cargo xtask run`: builds Comanda and starts it on an empty folder.

use std::path::PathBuf;

use crate::{Outcome, cargo};

/// Starts `comanda serve`; it prints where to look, and runs until it is interrupted.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (folder, more) = match arguments.split_first() {
        Some((folder, more)) if !folder.starts_with('-') => {
            let folder = std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"));
            (folder?, more)
        }
        _ => (fresh_folder()?, arguments),
    };
    let data = folder.display().to_string();
    println!("The data go to {data}");
    let start = ["run", "--quiet", "--package", "comanda"];
    let words = start
        .into_iter()
        .chain(cargo::PROFILE)
        .chain(["--", "serve", "--data", &data])
        .chain(more.iter().map(String::as_str));
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
