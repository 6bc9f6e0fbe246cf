//! What the disk can do: small writes, each of them made durable before the next.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use base::Clock;

const PAGE: [u8; 4096] = [0x5a; 4096];
const PAGES: u64 = 16_384;

/// Writes of 4 KiB with an fdatasync each, in a second, into a file that has its size already, as logs do.
pub(crate) fn syncs_per_second(
    clock: &Clock,
    folder: &Path,
    time: Duration,
) -> std::io::Result<f64> {
    let path = folder.join(format!("comanda-fsync-{}", std::process::id()));
    let measured = measure(clock, &path, time);
    std::fs::remove_file(&path)?;
    measured
}

fn measure(clock: &Clock, path: &Path, time: Duration) -> std::io::Result<f64> {
    let file = File::create(path)?;
    for page in 0..PAGES {
        file.write_all_at(&PAGE, offset(page))?;
    }
    file.sync_all()?;
    let (begun, mut count) = (clock.elapsed(), 0_u64);
    loop {
        file.write_all_at(&PAGE, offset(count))?;
        file.sync_data()?;
        count += 1;
        let took = clock.elapsed().saturating_sub(begun);
        if took >= time {
            return Ok(count as f64 / took.as_secs_f64());
        }
    }
}

fn offset(page: u64) -> u64 {
    page % PAGES * 4096
}
