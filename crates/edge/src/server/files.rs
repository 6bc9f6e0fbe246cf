//! Open files: a connection is one, and so is each database and each log; the first must not eat up the others.

/// What is kept free for databases, logs, certificates and pipes.
const RESERVE: u64 = 512;

/// How many files the process may have open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenFiles {
    /// The bound that held when the process was started.
    pub before: u64,
    /// The bound that holds now.
    pub now: u64,
}

impl OpenFiles {
    /// How many connections there may be, if this many are wished: never so many that nothing else could be opened.
    pub fn connections_max(&self, wished: u32) -> u32 {
        let reserve = RESERVE.min(self.now / 2);
        let room = self.now.saturating_sub(reserve);
        wished.min(u32::try_from(room).unwrap_or(u32::MAX)).max(1)
    }
}

/// Raises the soft bound on open files to the hard one.
///
/// # Errors
///
/// When the system does not tell the bounds or refuses the change; the old bound holds then.
pub fn raise_open_files() -> std::io::Result<OpenFiles> {
    let (before, hard) = rlimit::Resource::NOFILE.get()?;
    if before < hard {
        rlimit::Resource::NOFILE.set(hard, hard)?;
    }
    Ok(OpenFiles {
        before,
        now: hard.max(before),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_a_reserve() {
        let files = |now| OpenFiles { before: 1, now };
        assert_eq!(files(65_536).connections_max(10_000), 10_000);
        assert_eq!(files(4096).connections_max(10_000), 4096 - 512);
        assert_eq!(files(256).connections_max(10_000), 128);
        assert_eq!(files(0).connections_max(0), 1);
        let raised = raise_open_files().unwrap();
        assert!(raised.now >= raised.before);
    }
}
