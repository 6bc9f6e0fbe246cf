//! Where things lie: the checkout, and the cache outside of it.

#![allow(
    clippy::disallowed_methods,
    reason = "this is the one file of this program that reads the environment"
)]

use std::path::{Path, PathBuf};

/// The root of the checkout. Asked at run time: two checkouts that are told to build into one folder
/// may share this program.
pub(crate) fn root() -> PathBuf {
    let own = folder("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    own.parent().map_or_else(|| own.clone(), Path::to_owned)
}

/// The folder for all that can be made again: `$XDG_CACHE_HOME/comanda`, mostly `~/.cache/comanda`.
pub(crate) fn cache() -> PathBuf {
    let base = match folder("XDG_CACHE_HOME") {
        Some(cache) => cache,
        None => folder("HOME")
            .unwrap_or_else(std::env::temp_dir)
            .join(".cache"),
    };
    base.join("comanda")
}

/// The folder for what cargo builds: one for each place of a checkout, which survives the checkout.
///
/// It is not one for all, because cargo tells the crates of two checkouts apart by the age of their
/// files alone, and would take what was built from the other one.
pub(crate) fn target() -> PathBuf {
    folder("COMANDA_TARGET_DIR")
        .or_else(|| folder("CARGO_TARGET_DIR"))
        .unwrap_or_else(|| cache().join("target").join(name_of(&root())))
}

/// `/home/ada/comanda` gives `home-ada-comanda`; `.ci/run` makes the same name.
fn name_of(root: &Path) -> String {
    let path = root.display().to_string();
    path.trim_start_matches('/').replace('/', "-")
}

/// Whether the caller chose compiler flags; ours would replace them.
pub(crate) fn has_own_rustflags() -> bool {
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> PathBuf {
    folder("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The variables that `cargo run` set for this program. Build scripts of other crates watch some of
/// them and would run again and again if they got ours.
pub(crate) fn set_by_cargo_run() -> Vec<String> {
    let exact = [
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "LD_LIBRARY_PATH",
    ];
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || exact.contains(&name.as_str())
        })
        .collect()
}

/// Finds a program as a shell would, and where Debian puts servers.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

fn folder(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name)?;
    (!value.is_empty()).then(|| value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_checkout_builds_into_its_own_folder() {
        assert_eq!(name_of(Path::new("/home/ada/comanda")), "home-ada-comanda");
    }
}
