//! The folder that backups go to: one backup at a time, each in a folder of its own that appears when it is whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use base::{Result, Time};

use super::manifest::{Kind, Manifest};
use super::{line, no_file, refused};

const LOCK: &str = ".comanda-backup.lock";
const PARTIAL: &str = ".partial";

/// A folder of backups that nobody else writes to while this value is there.
pub(crate) struct Target {
    folder: PathBuf,
    _lock: File,
}

/// A backup that is being made. Dropped before it is finished, it is removed.
pub(crate) struct Partial {
    folder: PathBuf,
    whole: PathBuf,
    finished: bool,
}

impl Target {
    /// Makes the folder if it is needed, keeps others out, and removes what an interrupted run has left.
    pub(crate) fn open(folder: &Path, apart_from: &[&Path]) -> Result<Self> {
        let is_new = !folder.exists();
        fs::create_dir_all(folder)
            .map_err(|error| line(format!("{} cannot be made: {error}", folder.display())))?;
        let folder = no_file(folder, folder.canonicalize())?;
        for data in apart_from {
            if data
                .canonicalize()
                .is_ok_and(|data| folder.starts_with(data))
            {
                if is_new {
                    no_file(&folder, fs::remove_dir(&folder))?;
                }
                return Err(line(format!(
                    "{} lies within the data; whatever happens to the one would happen to the other",
                    folder.display()
                )));
            }
        }
        let lock = File::create(folder.join(LOCK))
            .map_err(|error| line(format!("{} cannot be written: {error}", folder.display())))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(refused(format!(
                    "another backup to {} is under way",
                    folder.display()
                )));
            }
            Err(TryLockError::Error(error)) => return no_file(&folder, Err(error)),
        }
        let target = Target {
            folder,
            _lock: lock,
        };
        for name in target.names()? {
            if name.strip_suffix(PARTIAL).is_some_and(is_ours) {
                let path = target.folder.join(name);
                no_file(&path, fs::remove_dir_all(&path))?;
            }
        }
        Ok(target)
    }

    /// Where all backups are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a backup of this moment.
    pub(crate) fn begin(&self, at: Time) -> Result<Partial> {
        let name = name(at);
        let folder = self.folder.join(format!("{name}{PARTIAL}"));
        no_file(&folder, fs::create_dir(&folder))?;
        private(&folder)?;
        Ok(Partial {
            folder,
            whole: self.folder.join(name),
            finished: false,
        })
    }

    /// Removes the oldest backups of this kind, except for so many.
    pub(crate) fn prune(&self, kind: Kind, keep: usize) -> Result<usize> {
        let mut same: Vec<PathBuf> = self
            .backups(kind)?
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        same.sort();
        let old = same.len().saturating_sub(keep);
        for path in same.iter().take(old) {
            no_file(path, fs::remove_dir_all(path))?;
        }
        Ok(old)
    }

    /// When the newest backup of this kind was made.
    pub(crate) fn newest(&self, kind: Kind) -> Result<Option<Time>> {
        Ok(self.backups(kind)?.into_iter().map(|(_, at)| at).max())
    }

    fn backups(&self, kind: Kind) -> Result<Vec<(PathBuf, Time)>> {
        let mut found = Vec::new();
        for name in self.names()?.iter().filter(|name| is_ours(name)) {
            let path = self.folder.join(name);
            // What cannot be read is not ours to remove.
            if let Ok(manifest) = Manifest::read(&path)
                && manifest.kind == kind
            {
                found.push((path, manifest.at));
            }
        }
        Ok(found)
    }

    fn names(&self) -> Result<Vec<String>> {
        let entries = no_file(&self.folder, fs::read_dir(&self.folder))?;
        let names = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        Ok(names.collect())
    }
}

impl Partial {
    /// Where it is being made.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives it its name, once everything in it is on the disk.
    pub(crate) fn finish(mut self) -> Result<PathBuf> {
        sync(&self.folder)?;
        no_file(&self.whole, fs::rename(&self.folder, &self.whole))?;
        self.finished = true;
        self.whole.parent().map_or(Ok(()), sync)?;
        Ok(self.whole.clone())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed now is removed by the next run.
            let _left = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Makes a file or the names of a folder durable.
pub(crate) fn sync(path: &Path) -> Result<()> {
    no_file(path, File::open(path).and_then(|file| file.sync_all()))
}

/// Lets nobody but the owner look into a folder.
pub(crate) fn private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    no_file(
        folder,
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)),
    )
}

/// A moment as the name of a folder: `2026-11-21T08-00-00.123Z`. Names sort like moments.
fn name(at: Time) -> String {
    let text = at.to_string().replace(':', "-");
    format!("{}Z", text.get(..23).unwrap_or(&text))
}

fn is_ours(name: &str) -> bool {
    name.len() == 24
        && name.char_indices().all(|(at, c)| match at {
            4 | 7 | 13 | 16 => c == '-',
            10 => c == 'T',
            19 => c == '.',
            23 => c == 'Z',
            _ => c.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_moments() {
        let at: Time = "2026-11-21T08:00:00.123456Z".parse().unwrap();
        assert_eq!(name(at), "2026-11-21T08-00-00.123Z");
        assert!(is_ours(&name(at)));
        for other in [
            "2026-11-21",
            "2026-11-21T08-00-00.123Z.partial",
            "photos of my holiday 12",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
