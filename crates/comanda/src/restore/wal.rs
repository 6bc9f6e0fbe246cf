//! Whether the write-ahead log that was kept goes on where a backup ends, and has no hole.

use std::fs;
use std::path::{Path, PathBuf};

use base::Result;

use crate::backup::archive::Contact;
use crate::backup::tools::Account;
use crate::backup::{no_file, refused};
use crate::databases::make_folder;

/// A piece that is still being written has this at the end of its name.
const PARTIAL: &str = ".partial";
/// The log is numbered in units of so many bytes.
const UNIT: u64 = 1 << 32;

/// The kept log of one server.
pub(crate) struct Wal {
    folder: PathBuf,
    /// Up to when it is complete, if that is known.
    pub(crate) contact: Option<Contact>,
    /// How many pieces there are to read.
    pub(crate) pieces: u64,
}

impl Wal {
    /// Looks at the log of a server beside its restored files, which have pieces of so many bytes.
    pub(crate) fn look(folder: &Path, data: &Path, piece_bytes: u64) -> Result<Self> {
        let folder = no_file(folder, folder.canonicalize())?;
        let own = numbers(&data.join("pg_wal"), piece_bytes)?;
        let last = own.last().copied().unwrap_or(0);
        let kept = numbers(&folder, piece_bytes)?;
        let kept: Vec<u64> = kept.into_iter().filter(|number| *number >= last).collect();
        let Some(first) = kept.first() else {
            return Err(refused(format!(
                "the log in {} ends before the backup does",
                folder.display()
            )));
        };
        if *first > last + 1
            || kept
                .windows(2)
                .any(|pair| pair.last() > pair.first().map(|n| n + 1).as_ref())
        {
            return Err(refused(format!(
                "the log in {} has a hole after the backup; what comes behind it cannot be reached",
                folder.display()
            )));
        }
        Ok(Wal {
            contact: Contact::read(&folder).ok(),
            pieces: kept.len() as u64,
            folder,
        })
    }

    /// The words by which PostgreSQL fetches a piece. A server that runs as another user gets a copy of the log.
    pub(crate) fn command(&self, account: Account, copies: &Path) -> Result<String> {
        let folder = match account {
            Account::Own => self.folder.clone(),
            Account::Postgres { .. } => {
                make_folder(copies)?;
                for entry in no_file(&self.folder, fs::read_dir(&self.folder))? {
                    let path = no_file(&self.folder, entry)?.path();
                    let name = path.file_name().unwrap_or_default();
                    no_file(&path, fs::copy(&path, copies.join(name)))?;
                }
                account.owns(copies)?;
                copies.to_owned()
            }
        };
        let text = folder.display().to_string();
        if text.contains(['\'', '%']) {
            return Err(refused(format!(
                "{text} has signs in its name that PostgreSQL cannot bear"
            )));
        }
        // The name of a piece changes when it is full, which may be between two of these.
        let whole = format!("cp '{text}/%f' '%p'");
        Ok(format!(
            "{whole} || cp '{text}/%f{PARTIAL}' '%p' || {whole}"
        ))
    }
}

/// The numbers of the pieces of log in a folder, on any timeline, in order.
fn numbers(folder: &Path, piece_bytes: u64) -> Result<Vec<u64>> {
    let per_unit = UNIT / piece_bytes.clamp(1, UNIT);
    let mut numbers = Vec::new();
    for entry in no_file(folder, fs::read_dir(folder))? {
        let name = no_file(folder, entry)?.file_name();
        let name = name.to_string_lossy();
        let name = name.strip_suffix(PARTIAL).unwrap_or(&name);
        numbers.extend(number(name, per_unit));
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The number of a piece by its name: eight digits each of timeline, unit and place within the unit.
fn number(name: &str, per_unit: u64) -> Option<u64> {
    if name.len() != 24 {
        return None;
    }
    let digits = |at: std::ops::Range<usize>| u64::from_str_radix(name.get(at)?, 16).ok();
    Some(digits(8..16)? * per_unit + digits(16..24)?)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn pieces_are_numbered_across_units_and_timelines() {
        let at = |name| number(name, 256);
        assert_eq!(at("0000000100000000000000FF"), Some(255));
        assert_eq!(at("000000020000000100000000"), Some(256));
        assert_eq!(at("00000002.history"), None);
        assert_eq!(at("contact.json"), None);
    }
}
