//! Blobs beside the backups: one folder that has all that any of the backups names.
//!
//! A blob is named by the hash of what it holds and never changes, so only new ones are copied, and each is held
//! against its name on the way. Rows are copied before and blobs after, so that whatever a row names is there.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base::Result;
use ring::digest;

use super::target::{private, sync};
use super::{no_file, refused};
use crate::progress::Progress;

/// What the folder is called among the backups, and in a data folder.
pub(crate) const FOLDER: &str = "blobs";
/// The letters of a SHA-256.
const NAME_CHARS: usize = 64;
/// A blob is not larger.
const BYTES_MAX: u64 = 64 << 20;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copied {
    /// How many blobs.
    pub(crate) count: u64,
    /// How many bytes they have.
    pub(crate) bytes: u64,
}

/// Copies the blobs of one folder that are not in the other one yet. `go_on` may end it at any time by `false`.
pub(crate) fn copy(
    (from, to): (&Path, &Path),
    progress: &Progress,
    go_on: &dyn Fn() -> bool,
) -> Result<Copied> {
    let mut copied = Copied::default();
    if !from.is_dir() {
        return Ok(copied);
    }
    let step = progress.bytes("copying blobs", 0);
    for space in folders(from)? {
        for shelf in folders(&space)? {
            let inner = shelf.strip_prefix(from).unwrap_or(&shelf);
            let new = to.join(inner);
            for (path, name) in blobs(&shelf)? {
                if !go_on() {
                    return Err(refused("the copying of blobs was ended"));
                }
                if let Some(bytes) = copy_one(&path, (&new, &name))? {
                    copied.count += 1;
                    copied.bytes += bytes;
                    step.at(copied.bytes);
                }
            }
            if new.is_dir() {
                sync(&new)?;
            }
        }
    }
    Ok(copied)
}

/// Copies a blob, unless it is there or was removed meanwhile.
fn copy_one(path: &Path, (shelf, name): (&Path, &str)) -> Result<Option<u64>> {
    let whole = shelf.join(name);
    if whole.is_file() {
        return Ok(None);
    }
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return no_file(path, Err(error)),
    };
    let sum = digest::digest(&digest::SHA256, &content);
    let sum: String = sum
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if sum != name {
        return Err(refused(format!(
            "{} does not hold what its name says; put it back from an older backup, or remove it",
            path.display()
        )));
    }
    if !shelf.is_dir() {
        no_file(shelf, fs::create_dir_all(shelf))?;
        private(shelf)?;
    }
    let half = shelf.join(format!("{name}.partial"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = no_file(&half, options.open(&half))?;
    no_file(&half, file.write_all(&content))?;
    no_file(&half, file.sync_all())?;
    no_file(&whole, fs::rename(&half, &whole))?;
    Ok(Some(content.len() as u64))
}

/// The folders in a folder, but those whose names are nobody's.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in no_file(folder, fs::read_dir(folder))? {
        let entry = no_file(folder, entry)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && no_file(folder, entry.file_type())?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The blobs of a shelf with their names.
fn blobs(shelf: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in no_file(shelf, fs::read_dir(shelf))? {
        let entry = no_file(shelf, entry)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_name = name.len() == NAME_CHARS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_blob = entry
            .metadata()
            .is_ok_and(|found| found.is_file() && found.len() <= BYTES_MAX);
        if is_name && is_blob {
            found.push((entry.path(), name));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    const SOUP: &str = "4cc2d4ca8d0bd4e1d7bc0b5f4ab1f4b3d8a0c3a7a2b3f1a6d9a1c5b0a3e8d7f6";

    fn put(folder: &Path, content: &[u8]) -> PathBuf {
        let sum = digest::digest(&digest::SHA256, content);
        let name: String = sum
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let shelf = folder.join("pictures-7").join(&name[..2]);
        fs::create_dir_all(&shelf).unwrap();
        fs::write(shelf.join(&name), content).unwrap();
        shelf.join(name)
    }

    #[test]
    fn only_new_blobs_are_copied_and_none_that_is_damaged() {
        let root = std::env::temp_dir().join(format!("comanda-blob-copies-{}", std::process::id()));
        let _old = fs::remove_dir_all(&root);
        let (from, to) = (root.join("from"), root.join("to"));
        let progress = Progress::shown(&Clock::real());
        let copy = || copy((&from, &to), &progress, &|| true);
        assert_eq!(
            copy().unwrap(),
            Copied::default(),
            "there is no such folder"
        );
        let soup = put(&from, b"soup");
        put(&from, b"bread");
        fs::create_dir_all(from.join(".new")).unwrap();
        fs::write(from.join(".new").join(SOUP), "half").unwrap();
        assert_eq!(copy().unwrap(), Copied { count: 2, bytes: 9 });
        put(&from, b"wine");
        fs::remove_file(&soup).unwrap();
        assert_eq!(copy().unwrap(), Copied { count: 1, bytes: 4 });
        let kept = to.join(soup.strip_prefix(&from).unwrap());
        assert_eq!(
            fs::read(kept).unwrap(),
            b"soup",
            "an older backup may name it"
        );
        fs::write(put(&from, b"salad"), b"sal4d").unwrap();
        assert!(copy().unwrap_err().to_string().contains("does not hold"));
        fs::remove_dir_all(root).unwrap();
    }
}
