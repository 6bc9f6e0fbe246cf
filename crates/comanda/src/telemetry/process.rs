//! What the process takes of the machine, as Linux tells it; other systems tell nothing here.

use edge::info::Usage;

/// Reads it. It costs some ten microseconds and one for each open file.
pub(crate) fn usage() -> Usage {
    let status = read("/proc/self/status");
    let limits = read("/proc/self/limits");
    let files = std::fs::read_dir("/proc/self/fd").ok();
    Usage {
        memory_bytes: number_after(&status, "VmRSS:").map(|kilobytes| kilobytes * 1024),
        threads: number_after(&status, "Threads:"),
        // One of them is the folder that is being read.
        open_files: files.map(|files| (files.count() as u64).saturating_sub(1)),
        open_files_max: number_after(&limits, "Max open files"),
        cpu_seconds: cpu_seconds(&read("/proc/self/stat")),
    }
}

/// What the machine has; `None` where the system does not say.
pub(crate) struct Machine {
    pub(crate) cpus: Option<u64>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) available_bytes: Option<u64>,
}

/// Reads it.
pub(crate) fn machine() -> Machine {
    let memory = read("/proc/meminfo");
    let bytes = |word| number_after(&memory, word).map(|kilobytes| kilobytes * 1024);
    let cpus = std::thread::available_parallelism().ok();
    Machine {
        cpus: cpus.map(|cpus| cpus.get() as u64),
        memory_bytes: bytes("MemTotal:"),
        available_bytes: bytes("MemAvailable:"),
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn number_after(text: &str, word: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The time in user mode and in the kernel stand 12th and 13th after the name, in hundredths of a second.
fn cpu_seconds(stat: &str) -> Option<f64> {
    // The name stands in brackets and may hold anything, brackets too.
    let (_, after) = stat.rsplit_once(')')?;
    let mut numbers = after.split_whitespace().skip(11);
    let user: u64 = numbers.next()?.parse().ok()?;
    let kernel: u64 = numbers.next()?.parse().ok()?;
    Some((user + kernel) as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_all_of_it() {
        let usage = usage();
        assert!(usage.memory_bytes.unwrap() > 1 << 20);
        assert!(usage.threads.unwrap() >= 1);
        assert!(usage.open_files.unwrap() >= 3);
        assert!(usage.open_files_max.unwrap() >= usage.open_files.unwrap());
        assert!(usage.cpu_seconds.is_some());
        let machine = machine();
        assert!(machine.cpus.unwrap() >= 1);
        assert!(machine.available_bytes.unwrap() <= machine.memory_bytes.unwrap());
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_numbers() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
    }
}
