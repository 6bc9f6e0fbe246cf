//! A lane: how long one kind of work takes, and how long it takes at best.
//!
//! The best is not the quickest request ever seen, because a route that answers half its requests from a cache
//! would then seem to wait for ever. It is the lowest mean of several requests in a row, and it is forgotten after
//! a while, so that work that has become slower for good is believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A mean of fewer requests than this says too little to be the best; looks are short and make do with fewer.
const SAMPLES_MIN: u64 = 8;
const SAMPLES_LOOKING: u64 = 3;

/// For how many looks a best is remembered.
const BESTS: usize = 3;

/// One kind of work, measured by itself.
#[derive(Clone, Debug)]
pub struct Lane(pub(super) Arc<Best>);

/// What a lane has seen. Only the turn of a window writes what is not the window's own.
#[derive(Debug, Default)]
pub(super) struct Best {
    window_us: AtomicU64,
    window_count: AtomicU64,
    dropped_us: AtomicU64,
    dropped_count: AtomicU64,
    /// What was added up for the next mean, over as many windows as it takes.
    mean_us: AtomicU64,
    mean_count: AtomicU64,
    /// The best means since the last look and between the looks before, the newest first; zero is none.
    bests_us: [AtomicU64; BESTS],
}

/// What one window, or one lane in it, has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Seen {
    /// How many requests ended whose lane has a best.
    pub(super) count: u64,
    /// How long they took together.
    pub(super) took_us: u64,
    /// How long they would have taken at best.
    pub(super) best_us: u64,
}

impl Seen {
    pub(super) fn add(&mut self, more: Seen) {
        self.count = self.count.saturating_add(more.count);
        self.took_us = self.took_us.saturating_add(more.took_us);
        self.best_us = self.best_us.saturating_add(more.best_us);
    }
}

impl Best {
    pub(super) fn note(&self, took_us: u64) {
        self.window_us.fetch_add(took_us, Ordering::Relaxed);
        self.window_count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_dropped(&self, took_us: u64) {
        self.dropped_us.fetch_add(took_us, Ordering::Relaxed);
        self.dropped_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes what the window has seen. While the limit is held low for a look, few samples are enough.
    pub(super) fn turn(&self, looking: bool) -> Seen {
        let (took, count) = take(&self.window_us, &self.window_count);
        let (dropped, dropped_count) = take(&self.dropped_us, &self.dropped_count);
        if count.saturating_add(dropped_count) == 0 {
            return Seen::default();
        }
        let least = if looking {
            SAMPLES_LOOKING
        } else {
            SAMPLES_MIN
        };
        self.learn(took, count, least);
        let Some(best) = self.best() else {
            return Seen::default();
        };
        // What was given up after less than its best time says nothing; after more, it waited.
        let (dropped, dropped_count) = match dropped > best.saturating_mul(dropped_count) {
            true => (dropped, dropped_count),
            false => (0, 0),
        };
        let count = count.saturating_add(dropped_count);
        Seen {
            count,
            took_us: took.saturating_add(dropped),
            best_us: best.saturating_mul(count),
        }
    }

    fn learn(&self, took: u64, count: u64, least: u64) {
        let sum = self.mean_us.load(Ordering::Relaxed).saturating_add(took);
        let number = self
            .mean_count
            .load(Ordering::Relaxed)
            .saturating_add(count);
        if number < least {
            self.mean_us.store(sum, Ordering::Relaxed);
            self.mean_count.store(number, Ordering::Relaxed);
            return;
        }
        self.forget_mean();
        let mean = (sum / number).max(1);
        let newest = self.bests_us[0].load(Ordering::Relaxed);
        if newest == 0 || mean < newest {
            self.bests_us[0].store(mean, Ordering::Relaxed);
        }
    }

    /// Begins the mean anew, when what was measured before is not like what comes.
    pub(super) fn forget_mean(&self) {
        self.mean_us.store(0, Ordering::Relaxed);
        self.mean_count.store(0, Ordering::Relaxed);
    }

    /// Makes room for a new best and forgets the oldest, unless that would leave none.
    pub(super) fn age(&self) {
        if self.bests_us[0].load(Ordering::Relaxed) == 0 {
            return;
        }
        for index in (1..BESTS).rev() {
            let younger = self.bests_us[index - 1].load(Ordering::Relaxed);
            self.bests_us[index].store(younger, Ordering::Relaxed);
        }
        self.bests_us[0].store(0, Ordering::Relaxed);
    }

    fn best(&self) -> Option<u64> {
        let bests = self
            .bests_us
            .iter()
            .map(|best| best.load(Ordering::Relaxed));
        bests.filter(|best| *best > 0).min()
    }
}

fn take(us: &AtomicU64, count: &AtomicU64) -> (u64, u64) {
    (
        us.swap(0, Ordering::Relaxed),
        count.swap(0, Ordering::Relaxed),
    )
}
