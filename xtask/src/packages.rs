//! The Debian packages that tests need. Installs what is missing and says so; touches nothing else.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, place};

/// Installs without starting services: tests start their own servers, and a package's own would take
/// the usual ports. The packages go through a folder of our own, because a second installation on the
/// machine may empty the shared one.
const SCRIPT: &str = r#"
set -eu
policy=/usr/sbin/policy-rc.d
archives=$(mktemp -d)
chmod 755 "$archives"
trap 'rm -rf "$archives"' EXIT
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -rf "$archives" "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dir::Cache::archives="$archives" "$@"
"#;

struct Package {
    name: &'static str,
    purpose: &'static str,
    is_there: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "gcc",
        purpose: "links, and compiles the bundled SQLite",
        is_there: || place::find("cc").is_some(),
    },
    Package {
        name: "libc6-dev",
        purpose: "the C library's headers for it",
        is_there: || Path::new("/usr/include/stdio.h").is_file(),
    },
    Package {
        name: "util-linux",
        purpose: "`setpriv`: the test servers never run as root",
        is_there: || place::find("setpriv").is_some(),
    },
    Package {
        name: "mold",
        purpose: "links several times faster",
        is_there: || {
            place::find("mold")
                .or_else(|| place::find("ld.lld"))
                .is_some()
        },
    },
    Package {
        name: "postgresql",
        purpose: "tests run on it and on SQLite",
        is_there: has_postgresql,
    },
    Package {
        name: "pgbouncer",
        purpose: "many installations stand behind it",
        is_there: || place::find("pgbouncer").is_some(),
    },
    Package {
        name: "python3-venv",
        purpose: "tools from PyPI live in environments of their own",
        is_there: || has_module("ensurepip"),
    },
    Package {
        name: "nodejs",
        purpose: "runs a real OpenID provider, and steers the browser",
        is_there: || place::find("node").is_some(),
    },
    Package {
        name: "npm",
        purpose: "installs what it runs",
        is_there: || place::find("npm").is_some(),
    },
    Package {
        name: "chromium",
        purpose: "a real browser, with passkeys",
        is_there: || place::find("chromium").is_some(),
    },
    Package {
        name: "nginx-light",
        purpose: "sends menus from files, beside ours, in the bench",
        is_there: || place::find("nginx").is_some() || Path::new("/usr/sbin/nginx").is_file(),
    },
    Package {
        name: "slowhttptest",
        purpose: "plays clients that are slow on purpose",
        is_there: || place::find("slowhttptest").is_some(),
    },
];

/// Makes sure that everything is there. Needs no root, and does nothing, when it is.
pub(crate) fn prepare() -> Outcome {
    let missing: Vec<&Package> = PACKAGES.iter().filter(|p| !(p.is_there)()).collect();
    if missing.is_empty() {
        println!("all {} packages that tests need are there", PACKAGES.len());
        return Ok(());
    }
    println!("installing from Debian, without starting any service:");
    for package in &missing {
        println!("  {:12} {}", package.name, package.purpose);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    install(&names)?;
    match missing.iter().find(|package| !(package.is_there)()) {
        None => Ok(()),
        Some(package) => Err(format!("{} is installed but not found", package.name)),
    }
}

fn install(names: &[&str]) -> Outcome {
    if place::find("apt-get").is_none() {
        let list = names.join(", ");
        return Err(format!(
            "no apt-get here; install what these Debian packages hold: {list}"
        ));
    }
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut command = match (is_root, place::find("sudo")) {
        (true, _) => Command::new("sh"),
        (false, Some(sudo)) => {
            let mut command = Command::new(sudo);
            command.arg("sh");
            command
        }
        (false, None) => {
            let list = names.join(" ");
            return Err(format!(
                "not root and no sudo here; run: apt-get install {list}"
            ));
        }
    };
    command.args(["-c", SCRIPT, "install"]).args(names);
    let status = command.status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("installing {} failed ({status})", names.join(" "))),
        Err(error) => Err(format!("cannot start the installation: {error}")),
    }
}

fn has_module(name: &str) -> bool {
    let import = Command::new("python3")
        .args(["-c", &format!("import {name}")])
        .output();
    import.is_ok_and(|output| output.status.success())
}

/// Debian keeps the server's programs out of the `PATH`, in a folder per version.
fn has_postgresql() -> bool {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return place::find("initdb").is_some();
    };
    versions
        .flatten()
        .any(|version| version.path().join("bin/initdb").is_file())
}
