//! Files and folders that only their owner may read: refused when anybody else could.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use base::{Error, Result, codes};
use zeroize::Zeroizing;

use crate::config::refused;

/// No secret of ours is larger.
const BYTES_MAX: u64 = 64 << 10;

/// Reads a text that is secret.
///
/// # Errors
/// Refuses a link, a file of somebody else, and one that others may read, and says what to do.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>> {
    let named = std::fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
    check(path, &named, Expected::File)?;
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let opened = file.metadata().map_err(|error| unreadable(path, &error))?;
    // Somebody may have put another file there between the two looks.
    if (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
        return Err(refused(format!(
            "{} was exchanged while it was opened",
            path.display()
        )));
    }
    if opened.len() > BYTES_MAX {
        return Err(refused(format!(
            "{} is too large for a secret",
            path.display()
        )));
    }
    let mut text = Zeroizing::new(String::with_capacity(opened.len() as usize + 1));
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(path, &error))?;
    Ok(text)
}

/// Writes a file so that it is there whole or not at all, even after a power cut.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let written = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let new = folder.join(format!(".{name}.new"));
        // What a crash left there was never in force.
        if new.symlink_metadata().is_ok() {
            std::fs::remove_file(&new)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        sync_folder(folder)
    };
    written().map_err(|error| {
        let text = format!("{} cannot be written: {error}", path.display());
        Error::unavailable(codes::UNAVAILABLE, text)
    })
}

/// Makes a folder for its owner alone.
pub(crate) fn make_folder(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// Brings the names in a folder to the disk.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

/// Refuses a folder that others may look into.
pub(crate) fn check_folder(path: &Path) -> Result<()> {
    let metadata = std::fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
    check(path, &metadata, Expected::Folder)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    File,
    Folder,
}

fn check(path: &Path, metadata: &Metadata, expected: Expected) -> Result<()> {
    let place = path.display();
    let (kind, mode, is_right) = match expected {
        Expected::File => ("file", "600", metadata.is_file()),
        Expected::Folder => ("folder", "700", metadata.is_dir()),
    };
    if !is_right {
        return Err(refused(format!(
            "{place} must be a {kind} itself, not a link or anything else"
        )));
    }
    // The owner of our own process, which the standard library does not tell otherwise.
    let own = std::fs::metadata("/proc/self").map(|process| process.uid());
    if own.is_ok_and(|own| own != metadata.uid()) {
        return Err(refused(format!(
            "{place} belongs to another user; give it to the one who starts comanda: chown"
        )));
    }
    if metadata.mode() & 0o077 != 0 {
        let found = metadata.mode() & 0o777;
        return Err(refused(format!(
            "{place} has mode {found:o}, so that others may read it; say: chmod {mode} {place}"
        )));
    }
    Ok(())
}

#[track_caller]
fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    refused(format!("{} cannot be read: {error}", path.display()))
}
