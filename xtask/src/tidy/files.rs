//! The files of ours that are looked at.

use std::path::{Path, PathBuf};

use crate::{Outcome, place};

/// A file and its text.
pub(crate) struct Source {
    /// Its path from the root of the checkout.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Folders of things that are made, or that are wrong on purpose.
const SKIPPED: [&str; 4] = ["target", "node_modules", "fixtures", "comanda-data"];

/// Reads all files with one of these endings, in a fixed order.
pub(crate) fn read(folder: &Path, endings: &[&str]) -> Outcome<Vec<Source>> {
    let mut paths = Vec::new();
    collect(folder, endings, &mut paths).map_err(|error| format!("{folder:?}: {error}"))?;
    paths.sort();
    paths.into_iter().map(read_one).collect()
}

fn read_one(path: PathBuf) -> Outcome<Source> {
    let root = place::root();
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let path = match path.strip_prefix(&root) {
        Ok(short) => short.to_owned(),
        Err(_) => path,
    };
    Ok(Source { path, text })
}

fn collect(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".git") || SKIPPED.contains(&&*name) {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, endings, into)?;
        } else if path
            .extension()
            .is_some_and(|end| endings.iter().any(|known| end == *known))
        {
            into.push(path);
        }
    }
    Ok(())
}
