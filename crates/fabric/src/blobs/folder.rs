//! Blobs in a folder: written under a name of nobody, made durable, and only then given their own.
//!
//! `SPACE/ab/abcdef…` is a blob; `.new/…` is one that was never finished, and is removed at the next start. Whatever
//! is a link or no plain file is not ours and is not followed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::{Clock, Error, Random, Result, Time, codes};
use bytes::Bytes;

use super::away;
use super::name::{BlobId, Space};

/// Where blobs are written before they have their name.
const NEW: &str = ".new";
/// What was begun longer ago than this will never be finished: no call takes so long.
const FORSAKEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// A blob in its space.
type Key = (Space, BlobId);

/// The folder of all blobs.
pub(super) struct Folder {
    root: PathBuf,
    random: Random,
}

impl Folder {
    /// Opens the folder, makes it if it is not there, and removes what was never finished.
    pub(super) fn open(root: PathBuf, clock: &Clock, random: &Random) -> Result<Self> {
        let new = root.join(NEW);
        make(&new).map_err(|error| broken(&new, error))?;
        let folder = Folder {
            root,
            random: random.clone(),
        };
        folder
            .clear(clock.now())
            .map_err(|error| broken(&new, error))?;
        Ok(folder)
    }

    pub(super) fn put(&self, key: &Key, bytes: &[u8]) -> Result<()> {
        let path = self.path(key);
        if self.is_whole(&path, bytes) {
            return Ok(());
        }
        let half = self
            .root
            .join(NEW)
            .join(format!("{:016x}", self.random.u64()));
        let stored = store(&half, &path, bytes);
        stored.map_err(|error| {
            // The disk may be full, or the folder gone; a file that cannot be removed either is cleared at the start.
            let _left = fs::remove_file(&half);
            broken(&path, error)
        })
    }

    pub(super) fn get(&self, key: &Key, bytes_max: usize) -> Result<Option<Bytes>> {
        let path = self.path(key);
        if !self.is_file(&path)? {
            return Ok(None);
        }
        match read(&path, bytes_max) {
            Ok(bytes) => Ok(Some(bytes)),
            // Removed since it was looked at.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(broken(&path, error)),
        }
    }

    pub(super) fn exists(&self, key: &Key) -> Result<bool> {
        self.is_file(&self.path(key))
    }

    pub(super) fn delete(&self, key: &Key) -> Result<()> {
        let path = self.path(key);
        if !self.is_file(&path)? {
            return Ok(());
        }
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(broken(&path, error)),
        }
    }

    fn path(&self, (space, id): &Key) -> PathBuf {
        let name = id.to_string();
        // Few files in each folder, however many blobs there are.
        let shelf = name.get(..2).unwrap_or_default();
        self.root.join(space.as_str()).join(shelf).join(&name)
    }

    fn is_file(&self, path: &Path) -> Result<bool> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(true),
            Ok(_) => {
                let said = format!("{} is no plain file", path.display());
                Err(Error::internal(codes::DAMAGED, said))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(broken(path, error)),
        }
    }

    /// Whether the blob is there and sound, so that it needs no writing. A damaged one is written anew.
    fn is_whole(&self, path: &Path, bytes: &[u8]) -> bool {
        let there = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
        there && read(path, bytes.len()).is_ok_and(|found| found == bytes)
    }

    fn clear(&self, now: Time) -> io::Result<()> {
        let before = now.minus(FORSAKEN_AFTER).unwrap_or(Time::EPOCH);
        for entry in fs::read_dir(self.root.join(NEW))? {
            let entry = entry?;
            let changed = entry.metadata()?.modified()?;
            let since = changed.duration_since(std::time::UNIX_EPOCH);
            let at = since.ok().and_then(|since| Time::EPOCH.plus(since));
            if at.is_none_or(|at| at < before) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Writes the file, makes it durable, and gives it its name.
fn store(half: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    let shelf = path.parent().unwrap_or(path);
    make(shelf)?;
    fs::rename(half, path)?;
    // The name is durable when the folder is.
    File::open(shelf)?.sync_all()
}

/// Makes a folder and those above it, and makes their names durable.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    make(above)?;
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => File::open(above)?.sync_all(),
        // Somebody else was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn read(path: &Path, bytes_max: usize) -> io::Result<Bytes> {
    let file = File::open(path)?;
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let length = file.metadata()?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    // One more than there may be, so that a file that is too large is not taken for a whole one.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Says what is wrong with the place; whoever asked hears only that it is out of reach.
#[track_caller]
fn broken(path: &Path, error: io::Error) -> Error {
    let said = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("the disk is full: {} was not stored", path.display())
        }
        _ => format!("{} cannot be used", path.display()),
    };
    away(said).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> (Folder, PathBuf) {
        let root =
            std::env::temp_dir().join(format!("comanda-blobs-{}-{name}", std::process::id()));
        let _old = fs::remove_dir_all(&root);
        (open(&root), root)
    }

    fn open(root: &Path) -> Folder {
        Folder::open(root.to_owned(), &Clock::real(), &Random::real()).unwrap()
    }

    fn key(bytes: &[u8]) -> Key {
        (Space::parse("trial").unwrap(), BlobId::of(bytes))
    }

    #[test]
    fn what_cannot_be_stored_leaves_nothing_half() {
        let (folder, root) = folder("half");
        // Where the shelf should be there is a file, so the last step fails; that a full disk fails earlier is the same.
        fs::write(root.join("trial"), "in the way").unwrap();
        let error = folder.put(&key(b"soup"), b"soup").unwrap_err();
        assert_eq!(error.code(), codes::UNAVAILABLE);
        assert_eq!(fs::read_dir(root.join(NEW)).unwrap().count(), 0);
        fs::remove_file(root.join("trial")).unwrap();
        folder.put(&key(b"soup"), b"soup").unwrap();
        assert_eq!(folder.get(&key(b"soup"), 10).unwrap().unwrap(), "soup");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_full_disk_is_named() {
        let full = io::Error::from(ErrorKind::StorageFull);
        let error = broken(Path::new("blob"), full);
        assert!(error.message().starts_with("the disk is full"), "{error}");
        assert_eq!(error.kind(), base::Kind::Unavailable);
        // A real one: whatever is written to this device finds no room.
        let full = store_on_full().unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }

    fn store_on_full() -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .open("/dev/full")?
            .write_all(b"soup")
    }

    #[test]
    fn links_are_not_followed_and_damage_is_written_over() {
        let (folder, root) = folder("links");
        let soup = key(b"soup");
        folder.put(&soup, b"soup").unwrap();
        let path = folder.path(&soup);
        fs::write(&path, "sour").unwrap();
        folder.put(&soup, b"soup").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"soup");
        fs::remove_file(&path).unwrap();
        fs::write(root.join("secret"), "soup").unwrap();
        std::os::unix::fs::symlink(root.join("secret"), &path).unwrap();
        assert_eq!(folder.get(&soup, 10).unwrap_err().code(), codes::DAMAGED);
        assert_eq!(folder.delete(&soup).unwrap_err().code(), codes::DAMAGED);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_was_never_finished_goes_at_a_start_an_hour_later() {
        let (_, root) = folder("new");
        let half = root.join(NEW).join("half");
        fs::write(&half, "so").unwrap();
        open(&root);
        assert!(half.exists(), "somebody may be writing it");
        let old = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::options()
            .write(true)
            .open(&half)
            .unwrap()
            .set_modified(old)
            .unwrap();
        open(&root);
        assert!(!half.exists());
        fs::remove_dir_all(root).unwrap();
    }
}
