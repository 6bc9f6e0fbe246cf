//! The secrets of this machine: made once, kept in files of their own, rotated without a restart.
//!
//! They lie in `secrets` in the data folder, and no backup of data holds them. Whoever loses the master key loses
//! all personal fields, so a missing file is never made anew beside data that need it.

mod archive;
mod commands;
pub(crate) mod guarded;
mod live;
mod passphrase;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use base::{Error, KeyRing, Random, Result, Trail as _, codes};

use crate::config::refused;

pub(crate) use commands::{ABOUT, Args, run};
pub(crate) use live::Live;

/// The folder in the data folder.
const FOLDER: &str = "secrets";
/// The audit log of a machine that keeps everything in SQLite files.
const AUDIT_LOG: &str = "audit.db";

/// What a secret is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, clap::ValueEnum)]
pub(crate) enum Name {
    /// Signs what is handed out as tokens
    Token,
    /// Signs the cursors of lists
    Cursor,
    /// Goes into the hashes of sessions, keys and the set-up link
    Pepper,
    /// Wraps the keys of personal fields
    Master,
    /// Signs how far the audit log has come
    Audit,
}

impl Name {
    pub(crate) const ALL: [Self; 5] = [
        Self::Token,
        Self::Cursor,
        Self::Pepper,
        Self::Master,
        Self::Audit,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Cursor => "cursor",
            Self::Pepper => "pepper",
            Self::Master => "master",
            Self::Audit => "audit",
        }
    }

    fn file(self) -> String {
        format!("{}.key", self.word())
    }
}

/// All secrets, as their files said when they were read.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    pub(crate) token: KeyRing,
    pub(crate) cursor: KeyRing,
    pub(crate) pepper: KeyRing,
    pub(crate) master: KeyRing,
    pub(crate) audit: KeyRing,
}

impl Secrets {
    /// The folder of the secrets of a data folder.
    pub(crate) fn folder(data: &Path) -> PathBuf {
        data.join(FOLDER)
    }

    /// Reads the secrets, and makes them on the first start.
    ///
    /// # Errors
    /// Refuses looser modes, links and weak secrets, and to make new ones beside databases that had others.
    pub(crate) fn open(data: &Path, random: &Random) -> Result<Self> {
        let folder = Self::folder(data);
        if !is_there(&folder) {
            if let Some(database) = existing_database(data) {
                return Err(refused(format!(
                    "{} is missing, and {} needs it; bring it back: comanda secrets restore --from FILE",
                    folder.display(),
                    database.display()
                )));
            }
            make(&folder, random).context("making the secrets")?;
        }
        add_audit(data, &folder, random)?;
        Self::read(data)
    }

    /// Reads the secrets that are there.
    pub(crate) fn read(data: &Path) -> Result<Self> {
        let folder = Self::folder(data);
        guarded::check_folder(&folder)?;
        let [token, cursor, pepper, master, audit] = Name::ALL.map(|name| read_ring(&folder, name));
        Ok(Self {
            token: token?,
            cursor: cursor?,
            pepper: pepper?,
            master: master?,
            audit: audit?,
        })
    }

    /// Takes a step with one secret: what `change` makes of its ring is in force when this answers.
    fn change(
        data: &Path,
        name: Name,
        change: impl FnOnce(&KeyRing) -> Result<KeyRing>,
    ) -> Result<KeyRing> {
        let folder = Self::folder(data);
        guarded::check_folder(&folder)?;
        let ring = change(&read_ring(&folder, name)?)?;
        guarded::write(&folder.join(name.file()), ring.to_text().as_bytes())?;
        Ok(ring)
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// A database that was written with secrets that were here before.
fn existing_database(data: &Path) -> Option<PathBuf> {
    ["control.db", "keys.db"]
        .into_iter()
        .map(|name| data.join(name))
        .find(|path| is_there(path))
}

/// Makes the secret of the audit log where it alone is missing: installations from before it have none. One that was
/// lost is not made anew, for another key would sign what the first one did not.
fn add_audit(data: &Path, folder: &Path, random: &Random) -> Result<()> {
    guarded::check_folder(folder)?;
    let is_missing = |name: &Name| !is_there(&folder.join(name.file()));
    let missing: Vec<Name> = Name::ALL.into_iter().filter(is_missing).collect();
    if missing != [Name::Audit] {
        return Ok(());
    }
    let (file, log) = (folder.join(Name::Audit.file()), data.join(AUDIT_LOG));
    if is_there(&log) {
        return Err(refused(format!(
            "{} is missing, and {} was signed with it; bring it back: comanda secrets restore --from FILE",
            file.display(),
            log.display()
        )));
    }
    let ring = KeyRing::draw(random).to_text();
    guarded::write(&file, ring.as_bytes()).context("making the secret of the audit log")
}

fn read_ring(folder: &Path, name: Name) -> Result<KeyRing> {
    let path = folder.join(name.file());
    let text = guarded::read(&path)?;
    KeyRing::from_text(&text).map_err(|error| refused(format!("{}: {error}", path.display())))
}

/// Makes all secrets in a folder beside, which takes its name when it is whole.
fn make(folder: &Path, random: &Random) -> Result<()> {
    let rings = Name::ALL.map(|name| (name.file(), KeyRing::draw(random).to_text()));
    let files: Vec<(String, &[u8])> = rings
        .iter()
        .map(|(name, text)| (name.clone(), text.as_bytes()))
        .collect();
    put_folder(folder, &files)
}

/// Writes a folder of secrets whole or not at all.
fn put_folder(folder: &Path, files: &[(String, &[u8])]) -> Result<()> {
    let mut beside = folder.as_os_str().to_owned();
    beside.push(format!(".new-{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let failed = |error: std::io::Error| {
        let text = format!("{} cannot be made: {error}", folder.display());
        Error::unavailable(codes::UNAVAILABLE, text)
    };
    guarded::make_folder(&beside).map_err(failed)?;
    for (name, content) in files {
        guarded::write(&beside.join(name), content)?;
    }
    std::fs::rename(&beside, folder).map_err(failed)?;
    guarded::sync_folder(folder.parent().unwrap_or(Path::new("."))).map_err(failed)
}
