//! How far a long drill is, and how long it will still take.

use std::time::{Duration, Instant};

const TELL_EVERY: Duration = Duration::from_secs(20);

/// Counts what is done of something that takes long, and says so now and then.
pub(crate) struct Progress {
    what: &'static str,
    all: u32,
    done: u32,
    began: Instant,
    told: Instant,
}

impl Progress {
    pub(crate) fn of(what: &'static str, all: u32) -> Self {
        let now = Instant::now();
        Progress {
            what,
            all,
            done: 0,
            began: now,
            told: now,
        }
    }

    /// One more is done.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        if self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let (took, left) = (self.began.elapsed(), self.all - self.done);
        let left = took / self.done * left;
        println!(
            "{} {} of {} in {} s, about {} s left",
            self.done,
            self.what,
            self.all,
            took.as_secs(),
            left.as_secs()
        );
    }

    /// How many were done in a minute.
    pub(crate) fn per_minute(&self) -> f64 {
        f64::from(self.done) * 60.0 / self.began.elapsed().as_secs_f64()
    }
}
