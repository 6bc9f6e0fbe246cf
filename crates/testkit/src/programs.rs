//! Finding the servers' programs, and running them as somebody other than root.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Finds a program in the folders given, then in the `PATH`.
pub(crate) fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the PATH is where the system says which programs it has; no setting of ours"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders
        .iter()
        .cloned()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// The folders in which Debian puts PostgreSQL's own programs, newest version first.
pub(crate) fn postgres_folders() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return Vec::new();
    };
    let mut numbered: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, entry.path().join("bin")))
        })
        .collect();
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    numbered.into_iter().map(|(_, folder)| folder).collect()
}

/// A program of a tool from PyPI, where `cargo xtask test` puts it.
///
/// # Panics
/// It is not there.
#[must_use]
#[track_caller]
pub fn tool(tool: &str, program: &str) -> PathBuf {
    #[allow(
        clippy::disallowed_methods,
        reason = "where caches lie is said by the system, not by a setting of ours"
    )]
    let folder = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = || {
        folder("HOME")
            .unwrap_or_else(std::env::temp_dir)
            .join(".cache")
    };
    let cache = folder("XDG_CACHE_HOME").unwrap_or_else(home);
    require(
        program,
        &[cache.join("comanda/tools").join(tool).join("bin")],
    )
}

/// Panics with what to do when a program is not there.
#[track_caller]
pub(crate) fn require(name: &str, folders: &[PathBuf]) -> PathBuf {
    find(name, folders).unwrap_or_else(|| {
        panic!("`{name}` is not installed; run `cargo xtask test`, which installs what tests need")
    })
}

/// Who runs the servers. PostgreSQL and PgBouncer refuse to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The tests do not run as root, so the servers run as whoever runs the tests.
    Own,
    /// The tests run as root, so the servers run as this user and group.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Picks the account by who owns this process.
    #[track_caller]
    pub(crate) fn pick() -> Self {
        let process = std::fs::metadata("/proc/self").expect("no /proc: tests need Linux");
        if process.uid() != 0 {
            return Self::Own;
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| find_user(&users, name))
            .expect("neither a user `postgres` nor `nobody` to run servers as; root may not")
    }

    /// Gives a folder to the account.
    pub(crate) fn give(self, folder: &Path) {
        if let Self::Other { uid, gid } = self {
            std::os::unix::fs::chown(folder, Some(uid), Some(gid))
                .unwrap_or_else(|error| panic!("cannot give away {}: {error}", folder.display()));
        }
    }

    /// The words before a command line that make it run under the account and die with its parent.
    pub(crate) fn prefix(self) -> Vec<String> {
        let mut words = vec![require("setpriv", &[]).display().to_string()];
        if let Self::Other { uid, gid } = self {
            words.push(format!("--reuid={uid}"));
            words.push(format!("--regid={gid}"));
            words.push("--clear-groups".to_owned());
        }
        words.push("--pdeathsig=QUIT".to_owned());
        words
    }

    /// Runs a command to its end under the account; panics with its output when it fails.
    #[track_caller]
    pub(crate) fn run(self, program: &Path, arguments: &[String]) {
        let prefix = self.prefix();
        let output = Command::new(&prefix[0])
            .args(&prefix[1..])
            .arg(program)
            .args(arguments)
            .current_dir("/")
            .output()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
        assert!(
            output.status.success(),
            "{} failed: {}{}",
            program.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
    }
}

fn find_user(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account::Other { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:a,b:/:/bin/sh\n";
        assert_eq!(
            find_user(passwd, "postgres"),
            Some(Account::Other { uid: 101, gid: 104 })
        );
        assert_eq!(find_user(passwd, "nobody"), None);
    }

    #[test]
    #[should_panic(expected = "cargo xtask test")]
    fn a_missing_program_says_what_to_run() {
        require("no-such-program-anywhere", &[]);
    }
}
