//! The folder in which a restore is made before it gets its place: a new one, or one that is empty.

use std::fs;
use std::path::{Path, PathBuf};

use base::Result;

use crate::backup::target::sync;
use crate::backup::{line, no_file};
use crate::databases::make_folder;

/// Within the new folder, so that it is on the same disk; gone when all is well.
const NAME: &str = ".restoring";

/// A restore under way. It is left as it is when it fails, and removed by the next one.
pub(crate) struct Staging {
    data: PathBuf,
    folder: PathBuf,
}

impl Staging {
    /// Begins; what an interrupted restore has left is removed. `stays` are the names of files that may be there.
    pub(crate) fn begin(data: &Path, stays: &[&str], clear: impl Fn(&Path)) -> Result<Self> {
        make_folder(data)?;
        let data = no_file(data, data.canonicalize())?;
        for entry in no_file(&data, fs::read_dir(&data))? {
            let name = no_file(&data, entry)?.file_name();
            if name != NAME && !stays.iter().any(|stays| name == *stays) {
                return Err(line(format!(
                    "{} is not empty; a backup is restored to a new folder, never over anything",
                    data.display()
                )));
            }
        }
        let folder = data.join(NAME);
        if folder.exists() {
            clear(&folder);
            no_file(&folder, fs::remove_dir_all(&folder))?;
        }
        make_folder(&folder)?;
        Ok(Staging { data, folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts everything into place.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        sync(&self.folder)?;
        for entry in no_file(&self.folder, fs::read_dir(&self.folder))? {
            let entry = no_file(&self.folder, entry)?;
            let place = self.data.join(entry.file_name());
            no_file(&place, fs::rename(entry.path(), &place))?;
        }
        no_file(&self.folder, fs::remove_dir(&self.folder))?;
        sync(&self.data)?;
        Ok(self.data)
    }
}
