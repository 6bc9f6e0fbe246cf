//! Whether the disk has room for what is built: better said at once than by the linker a quarter of an hour later.

use std::path::Path;
use std::process::Command;

use crate::{Outcome, place};

/// What a build from nothing takes with its tests, and what those write meanwhile.
const NEEDED_GIB: u64 = 12;
/// What is left to write when everything is built already.
const SPARE_GIB: u64 = 4;

/// Says what to do where there is too little room.
pub(crate) fn room() -> Outcome {
    let target = place::target();
    let needed = match target.join("ci").is_dir() {
        true => SPARE_GIB,
        false => NEEDED_GIB,
    };
    let free = free_gib(&target)?;
    match free >= needed {
        true => Ok(()),
        false => Err(format!(
            "{needed} GiB are needed below {}, and {free} are free; what other checkouts built may be removed from {}",
            target.display(),
            place::cache().join("target").display(),
        )),
    }
}

fn free_gib(target: &Path) -> Outcome<u64> {
    // The folder itself may not be there yet.
    let there = target.ancestors().find(|path| path.is_dir());
    let asked = Command::new("df")
        .args(["--output=avail", "--block-size=1G"])
        .arg(there.unwrap_or(target))
        .output()
        .map_err(|error| format!("cannot start `df`: {error}"))?;
    parse(&String::from_utf8_lossy(&asked.stdout))
}

fn parse(text: &str) -> Outcome<u64> {
    let free = text.lines().nth(1).map(str::trim);
    free.and_then(|free| free.parse().ok())
        .ok_or_else(|| format!("`df` answered what is no number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_line_is_the_room() {
        assert_eq!(parse("Avail\n   55\n"), Ok(55));
        assert!(parse("df: no such file").unwrap_err().contains("df"));
        assert!(free_gib(Path::new("/proc/self/nowhere/at/all")).is_ok());
    }
}
