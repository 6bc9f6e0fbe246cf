//! The disk under the data folder: room, and how many commits a second it can bring to safety.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::Clock;

use super::Report;
use crate::config::Settings;

const ROUNDS: u32 = 40;
/// On a very slow disk a few rounds tell enough.
const MEASURE_AT_MOST: Duration = Duration::from_secs(2);
const SLOW_BELOW: f64 = 100.0;
/// No disk that keeps what it was given is so quick; memory is.
const UNBELIEVABLE_FROM: f64 = 50_000.0;

const GIB: u64 = 1 << 30;

pub(super) fn look(settings: &Settings, clock: &Clock, report: &mut Report) {
    let Some(folder) = nearest_folder(&settings.storage.data) else {
        report.fail(
            "disk",
            "the data folder has no parent",
            "set `storage.data`",
        );
        return;
    };
    room(&folder, report);
    speed(&folder, clock, report);
}

/// The data folder, or the nearest one above that is there already.
fn nearest_folder(data: &Path) -> Option<PathBuf> {
    let data = std::path::absolute(data).ok()?;
    data.ancestors()
        .find(|folder| folder.is_dir())
        .map(Path::to_owned)
}

fn room(folder: &Path, report: &mut Report) {
    match rustix::fs::statvfs(folder) {
        Err(error) => report.warn("disk room", error.to_string(), "look with `df`"),
        Ok(about) => {
            let free = about.f_bavail.saturating_mul(about.f_frsize);
            let all = about.f_blocks.saturating_mul(about.f_frsize).max(1);
            let percent = free.saturating_mul(100) / all;
            let found = format!("{:.1} GiB free, {percent} %", free as f64 / GIB as f64);
            match free {
                ..GIB => report.fail(
                    "disk room",
                    found,
                    "make room: a full disk stops every write",
                ),
                _ if percent < 10 => {
                    report.warn("disk room", found, "make room before it is less than 1 GiB")
                }
                _ => report.ok("disk room", found),
            }
        }
    }
}

fn speed(folder: &Path, clock: &Clock, report: &mut Report) {
    let path = folder.join(format!(".comanda-doctor-{}", std::process::id()));
    let measured = measure(&path, clock);
    // It was made by us a moment ago; if it cannot be removed, the next line says what is wrong.
    let _ = std::fs::remove_file(&path);
    match measured {
        Err(error) => report.fail(
            "disk speed",
            format!("{} cannot be written to: {error}", folder.display()),
            "give the folder to the user who starts comanda",
        ),
        Ok(rate) if rate < SLOW_BELOW => report.warn(
            "disk speed",
            format!("{rate:.0} safe writes a second"),
            "use a disk with a cache that survives a power cut; commits are grouped, but each waits for one write",
        ),
        Ok(rate) if rate > UNBELIEVABLE_FROM => report.warn(
            "disk speed",
            format!("{rate:.0} safe writes a second"),
            "this is memory, or a disk that does not keep its word: a power cut loses what was answered",
        ),
        Ok(rate) => report.ok("disk speed", format!("{rate:.0} safe writes a second")),
    }
}

/// How often a second a small write reaches the disk.
fn measure(path: &Path, clock: &Clock) -> std::io::Result<f64> {
    let mut file = File::create_new(path)?;
    let begun = clock.elapsed();
    let mut rounds = 0;
    while rounds < ROUNDS && clock.elapsed().saturating_sub(begun) < MEASURE_AT_MOST {
        file.write_all(&[rounds as u8; 4096])?;
        file.sync_data()?;
        rounds += 1;
    }
    let took = clock.elapsed().saturating_sub(begun);
    Ok(f64::from(rounds) / took.as_secs_f64().max(1e-9))
}
