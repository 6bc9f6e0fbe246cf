//! Errors of the disk on demand: in tests they strike when they are asked for, elsewhere never.

use rusqlite::Error;

/// When a fault may strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before the next job.
    Work,
    /// Before COMMIT: nothing of the group is stored.
    BeforeCommit,
    /// After COMMIT, as if its answer had been an error: all of the group is stored.
    AfterCommit,
}

/// The faults of one database.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    #[cfg(test)]
    armed: std::sync::Arc<std::sync::Mutex<Option<(Moment, Fault)>>>,
}

/// What happens.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The disk fails.
    Disk,
    /// Our own code panics.
    Panic,
}

#[cfg(not(test))]
impl Faults {
    #[inline]
    pub(super) const fn strike(&self, _: Moment) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
impl Faults {
    pub(super) fn arm(&self, moment: Moment, fault: Fault) {
        *self.armed.lock().unwrap() = Some((moment, fault));
    }

    pub(super) fn strike(&self, moment: Moment) -> Result<(), Error> {
        let mut armed = self.armed.lock().unwrap();
        let Some((_, fault)) = armed.take_if(|(at, _)| *at == moment) else {
            return Ok(());
        };
        drop(armed);
        assert!(fault != Fault::Panic, "a panic that a test asked for");
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        Err(Error::SqliteFailure(code, None))
    }
}
