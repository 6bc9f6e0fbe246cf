//! `cargo xtask run`: builds Comanda and starts it, on an empty folder with the demo city.

use std::path::{Path, PathBuf};

use crate::{Outcome, cargo};

/// Fills a folder that is empty with the demo city, unless what follows names other databases, and starts
/// `comanda serve`; it prints where to look, and runs until it is interrupted.
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
    let names_places = |word: &String| word.starts_with("--config") || word.starts_with("--set");
    if is_empty(&folder) && !more.iter().any(names_places) {
        comanda(&["demo", "--data", &data], &[])?;
    }
    comanda(&["serve", "--data", &data], more)
}

/// Runs a command of the program to its end.
fn comanda(words: &[&str], more: &[String]) -> Outcome {
    let start = ["run", "--quiet", "--package", "comanda"];
    let words = start
        .into_iter()
        .chain(cargo::PROFILE)
        .chain(["--"])
        .chain(words.iter().copied())
        .chain(more.iter().map(String::as_str));
    cargo::succeed(cargo::cargo(words))
}

/// Whether there is nothing in a folder, or no folder yet.
fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

fn fresh_folder() -> Outcome<PathBuf> {
    let parent = std::env::temp_dir();
    let process = std::process::id();
    (0..100)
        .map(|number| parent.join(format!("comanda-run-{process}-{number}")))
        .find(|folder| !folder.exists())
        .ok_or_else(|| format!("too many folders of earlier runs in {}", parent.display()))
}
