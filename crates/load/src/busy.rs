//! How busy the machine and the disk were, as Linux counts it. Elsewhere everything reads as zero.

use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use base::Clock;

const SECTOR_BYTES: f64 = 512.0;

/// Looks at the counters of the kernel when a run begins.
#[derive(Debug)]
pub struct Watch {
    clock: Clock,
    device: (u64, u64),
    servers: Vec<u32>,
    before: Counters,
}

/// What the kernel counted between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Busy {
    /// The part of all processors' time that was used.
    pub machine: f64,
    /// The part that other machines on the same iron took away.
    pub stolen: f64,
    /// The part that this process used.
    pub own: f64,
    /// The part that the servers and their children used.
    pub servers: f64,
    /// The part of the time in which the disk had something to do.
    pub disk: f64,
    /// Writes a second that the disk was asked for.
    pub writes: f64,
    /// Flushes a second: what an fsync comes to.
    pub flushes: f64,
    /// Megabytes a second written.
    pub megabytes: f64,
    /// The part of the time in which some task waited for a processor.
    pub waited_for_processor: f64,
    /// The part of the time in which some task waited for the disk.
    pub waited_for_disk: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    at: Duration,
    all_ticks: f64,
    idle_ticks: f64,
    stolen_ticks: f64,
    own_ticks: f64,
    server_ticks: f64,
    writes: f64,
    sectors: f64,
    disk_ms: f64,
    flushes: f64,
    processor_wait_us: f64,
    disk_wait_us: f64,
}

impl Watch {
    /// Begins to watch the machine, the disk that holds this folder, and these servers with their children.
    #[must_use]
    pub fn start(clock: &Clock, folder: &Path, servers: &[u32]) -> Self {
        let device = std::fs::metadata(folder).map_or((0, 0), |found| split(found.dev()));
        let servers = servers.to_vec();
        let before = Counters::read(clock, device, &servers);
        Watch {
            clock: clock.clone(),
            device,
            servers,
            before,
        }
    }

    /// How busy everything was since.
    #[must_use]
    pub fn stop(&self) -> Busy {
        let (a, b) = (
            self.before,
            Counters::read(&self.clock, self.device, &self.servers),
        );
        let seconds = b.at.saturating_sub(a.at).as_secs_f64();
        let part = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let ticks = b.all_ticks - a.all_ticks;
        let idle = b.idle_ticks - a.idle_ticks;
        let stolen = b.stolen_ticks - a.stolen_ticks;
        Busy {
            machine: part(ticks - idle - stolen, ticks),
            stolen: part(stolen, ticks),
            own: part(b.own_ticks - a.own_ticks, ticks),
            servers: part(b.server_ticks - a.server_ticks, ticks),
            disk: part(b.disk_ms - a.disk_ms, seconds * 1e3),
            writes: part(b.writes - a.writes, seconds),
            flushes: part(b.flushes - a.flushes, seconds),
            megabytes: part((b.sectors - a.sectors) * SECTOR_BYTES / 1e6, seconds),
            waited_for_processor: part(b.processor_wait_us - a.processor_wait_us, seconds * 1e6),
            waited_for_disk: part(b.disk_wait_us - a.disk_wait_us, seconds * 1e6),
        }
    }
}

impl Busy {
    /// The part of the processors' time that neither this process nor the servers used.
    #[must_use]
    pub fn others(&self) -> f64 {
        (self.machine - self.own - self.servers).max(0.0)
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: f64| part * 100.0;
        write!(
            f,
            "cpu {:.0} % (we {:.0}, server {:.0}, others {:.0}, stolen {:.0}), waited for cpu {:.0} %; \
             disk {:.0} %, {:.0} writes/s, {:.0} flushes/s, {:.0} MB/s, waited for disk {:.0} %",
            percent(self.machine),
            percent(self.own),
            percent(self.servers),
            percent(self.others()),
            percent(self.stolen),
            percent(self.waited_for_processor),
            percent(self.disk),
            self.writes,
            self.flushes,
            self.megabytes,
            percent(self.waited_for_disk),
        )
    }
}

impl Counters {
    fn read(clock: &Clock, device: (u64, u64), servers: &[u32]) -> Self {
        let mut counters = Counters {
            at: clock.elapsed(),
            own_ticks: process_ticks(std::process::id()).map_or(0.0, |(_, own, _)| own),
            server_ticks: server_ticks(servers),
            processor_wait_us: pressure("cpu"),
            disk_wait_us: pressure("io"),
            ..Counters::default()
        };
        counters.read_processors();
        counters.read_disk(device);
        counters
    }

    /// user, nice, system, idle, iowait, irq, softirq, stolen; guests are counted in user already.
    fn read_processors(&mut self) {
        let text = read("/proc/stat");
        let Some(line) = text.lines().next() else {
            return;
        };
        let numbers = numbers(line);
        let at = |place: usize| numbers.get(place).copied().unwrap_or(0.0);
        self.all_ticks = numbers.iter().skip(1).take(8).sum();
        self.idle_ticks = at(4) + at(5);
        self.stolen_ticks = at(8);
    }

    /// A line begins with major, minor and name; then come eleven counts, four of discards, two of flushes.
    fn read_disk(&mut self, (major, minor): (u64, u64)) {
        for line in read("/proc/diskstats").lines() {
            let mut words = line.split_whitespace();
            let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
            if number() != Some(major) || number() != Some(minor) {
                continue;
            }
            let numbers = numbers(line);
            let at = |place: usize| numbers.get(place).copied().unwrap_or(0.0);
            self.writes = at(7);
            self.sectors = at(9);
            self.disk_ms = at(12);
            self.flushes = at(18);
        }
    }
}

fn read(path: &str) -> String {
    // What the kernel does not tell reads as zero.
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The words of a line as numbers; a word that is none becomes zero, so that places stay what they are.
fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace()
        .map(|word| word.parse().unwrap_or(0.0))
        .collect()
}

/// How long some task has waited, in microseconds.
fn pressure(of: &str) -> f64 {
    let text = read(&format!("/proc/pressure/{of}"));
    let some = text.lines().find_map(|line| line.strip_prefix("some "));
    let total = some.and_then(|line| line.split("total=").nth(1));
    total.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// A process's parent, its own time, and the time of its children that have ended, in ticks.
fn process_ticks(process: u32) -> Option<(u32, f64, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses and may hold anything, so what follows the last one is read.
    let numbers = numbers(text.rsplit_once(')')?.1);
    let parent = text.rsplit_once(')')?.1.split_whitespace().nth(1)?;
    let at = |place: usize| numbers.get(place).copied().unwrap_or(0.0);
    Some((parent.parse().ok()?, at(11) + at(12), at(13) + at(14)))
}

/// The time of the servers, of their living children and of those that have ended.
fn server_ticks(servers: &[u32]) -> f64 {
    if servers.is_empty() {
        return 0.0;
    }
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all: HashMap<u32, (u32, f64, f64)> = processes
        .filter_map(|process| Some((process, process_ticks(process)?)))
        .collect();
    let counted = all.iter().map(|(process, (parent, own, ended))| {
        if servers.contains(process) {
            own + ended
        } else if servers.contains(parent) {
            *own
        } else {
            0.0
        }
    });
    counted.sum()
}

/// Major and minor number of a device, from the one that `stat` gives.
fn split(device: u64) -> (u64, u64) {
    let major = (device >> 8) & 0xfff | (device >> 32) & !0xfff;
    let minor = device & 0xff | (device >> 12) & !0xff;
    (major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_are_split_as_linux_packs_them() {
        assert_eq!(split(0xfe00), (254, 0));
        assert_eq!(split(0x0801), (8, 1));
    }

    #[test]
    fn own_work_is_seen() {
        let clock = Clock::real();
        let watch = Watch::start(&clock, Path::new("/"), &[std::process::id()]);
        let mut sum = 0_u64;
        while clock.elapsed() < Duration::from_millis(300) {
            sum = sum.wrapping_mul(31).wrapping_add(1);
        }
        let busy = watch.stop();
        assert!(busy.own > 0.0 && busy.machine > 0.0, "{sum} {busy}");
        assert!(busy.machine <= 1.0 && busy.servers >= busy.own, "{busy}");
    }
}
