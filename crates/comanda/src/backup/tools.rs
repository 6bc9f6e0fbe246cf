//! The programs of PostgreSQL that do the work there: where they are, and whom they run as.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base::{Error, Result, codes};

use super::{line, no_file, refused};
use crate::progress::Step;

/// Where Debian and its kin put the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Words of a failed program that are worth repeating.
const SAID_MAX: usize = 2_000;

/// The programs of one version of PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    folders: Vec<PathBuf>,
}

impl Tools {
    /// The programs of the newest version that is here.
    pub(crate) fn newest() -> Self {
        let mut numbered: Vec<(u32, PathBuf)> = std::fs::read_dir(VERSIONS)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let number = entry.file_name().to_str()?.parse().ok()?;
                Some((number, entry.path().join("bin")))
            })
            .collect();
        numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let folders = numbered.into_iter().map(|(_, folder)| folder);
        Tools {
            folders: folders.chain(path()).collect(),
        }
    }

    /// The programs of this version: only they can start a server of it.
    pub(crate) fn of(major: u32) -> Self {
        let own = Path::new(VERSIONS).join(major.to_string()).join("bin");
        Tools {
            folders: std::iter::once(own).chain(path()).collect(),
        }
    }

    /// A command of this program.
    pub(crate) fn command(&self, name: &str) -> Result<Command> {
        let found = self.folders.iter().map(|folder| folder.join(name));
        let found = found.into_iter().find(|path| path.is_file());
        let program = found.ok_or_else(|| {
            line(format!(
                "the program {name} is needed and is not here; it comes with PostgreSQL"
            ))
        })?;
        let mut command = Command::new(program);
        // A folder that whoever runs the program may enter, and no questions at the terminal.
        command
            .current_dir("/")
            .stdin(Stdio::null())
            .env("LC_MESSAGES", "C");
        Ok(command)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the PATH is where the system says which programs it has"
)]
fn path() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

/// Runs a command to its end, and answers what it said.
pub(crate) fn said(mut command: Command, name: &str) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| line(format!("{name} cannot be run: {error}")))?;
    checked(&output, name)
}

/// The same, showing the percents that it tells on its way.
pub(crate) fn said_with_percents(mut command: Command, name: &str, step: &Step) -> Result<()> {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| line(format!("{name} cannot be run: {error}")))?;
    let mut text = Vec::new();
    if let Some(mut said) = child.stderr.take() {
        let mut piece = [0; 4_096];
        while let Ok(count @ 1..) = said.read(&mut piece) {
            text.extend_from_slice(piece.get(..count).unwrap_or_default());
            let late = text.len().saturating_sub(SAID_MAX);
            text.drain(..late);
            if let Some(percent) = percent(&String::from_utf8_lossy(&text)) {
                step.at(percent);
            }
        }
    }
    let status = no_file(Path::new(name), child.wait())?;
    let output = Output {
        status,
        stdout: Vec::new(),
        stderr: text,
    };
    checked(&output, name).map(|_| ())
}

fn checked(output: &Output, name: &str) -> Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.split(['\n', '\r']).filter(|line| !line.contains("%)"));
    let lines: Vec<&str> = lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let text: String = lines.join("; ").chars().take(SAID_MAX).collect();
    Err(Error::unavailable(
        codes::UNAVAILABLE,
        format!("{name} failed: {text}"),
    ))
}

/// The last number before a percent sign.
fn percent(text: &str) -> Option<u64> {
    let (before, _) = text.rsplit_once('%')?;
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Whom a server runs as. PostgreSQL refuses to run as root.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Account {
    /// As whoever runs us.
    Own,
    /// As the user that PostgreSQL has on this machine.
    Postgres { uid: u32, gid: u32 },
}

impl Account {
    /// By who owns this process.
    pub(crate) fn pick() -> Result<Self> {
        let process = Path::new("/proc/self");
        let owner = no_file(process, std::fs::metadata(process))?.uid();
        if owner != 0 {
            return Ok(Self::Own);
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user = users.lines().find_map(|user| {
            let mut fields = user.split(':');
            let is_postgres = fields.next()? == "postgres";
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            is_postgres.then_some(Self::Postgres { uid, gid })
        });
        user.ok_or_else(|| {
            refused("PostgreSQL does not run as root, and there is no user `postgres`; run this as the user that owns the server")
        })
    }

    /// Makes a command run as it.
    pub(crate) fn runs(self, command: &mut Command) {
        if let Self::Postgres { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// Gives it a folder, and not what is inside.
    pub(crate) fn owns_only(self, path: &Path) -> Result<()> {
        let Self::Postgres { uid, gid } = self else {
            return Ok(());
        };
        no_file(path, std::os::unix::fs::lchown(path, Some(uid), Some(gid)))
    }

    /// Whether it may pass through a folder.
    pub(crate) fn may_enter(self, path: &Path) -> Result<bool> {
        let Self::Postgres { uid, gid } = self else {
            return Ok(true);
        };
        let folder = no_file(path, std::fs::metadata(path))?;
        let bit = match (folder.uid() == uid, folder.gid() == gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        Ok(folder.mode() & bit != 0)
    }

    /// Gives it a folder with everything inside.
    pub(crate) fn owns(self, path: &Path) -> Result<()> {
        self.owns_only(path)?;
        if matches!(self, Self::Own) {
            return Ok(());
        }
        if path.is_dir() && !path.is_symlink() {
            for entry in no_file(path, std::fs::read_dir(path))? {
                self.owns(&no_file(path, entry)?.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_read_from_the_end() {
        let text = "  123/4567 kB (2%), 0/1 tablespace\r  999/4567 kB (21%), 0/1 tablespace\r";
        assert_eq!(percent(text), Some(21));
        assert_eq!(percent("waiting for checkpoint"), None);
    }
}
