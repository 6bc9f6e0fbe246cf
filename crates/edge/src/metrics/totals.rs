//! The sums that the short form of the metrics shows: counts since the start, percentiles of the last minutes.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Every power of two of microseconds is cut into so many parts, so a percentile is at most an eighth too high.
const PARTS: usize = 8;
/// From below 8 µs to above a minute.
const BUCKETS: usize = 26 * PARTS;
/// One slot fills while the one before is still read; the third is the next one to be filled.
const SLOTS: usize = 3;
const SLOT_SECONDS: u64 = 60;

/// The sums of all requests of this process.
pub(crate) static TOTALS: Totals = Totals::new();

/// Sums of requests.
pub(crate) struct Totals {
    requests: AtomicU64,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    micros: AtomicU64,
    slots: [Slot; SLOTS],
}

struct Slot {
    /// The number of the minute that it holds, counted from one so that zero is an empty slot.
    minute: AtomicU64,
    counts: [AtomicU64; BUCKETS],
}

/// The sums at one moment.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) requests: u64,
    pub(crate) client_errors: u64,
    pub(crate) server_errors: u64,
    pub(crate) average_ms: f64,
    /// The 50th, 95th and 99th percentile of the last one to two minutes.
    pub(crate) percentiles_ms: [f64; 3],
}

impl Totals {
    pub(crate) const fn new() -> Self {
        Self {
            requests: AtomicU64::new(0),
            client_errors: AtomicU64::new(0),
            server_errors: AtomicU64::new(0),
            micros: AtomicU64::new(0),
            slots: [const {
                Slot {
                    minute: AtomicU64::new(0),
                    counts: [const { AtomicU64::new(0) }; BUCKETS],
                }
            }; SLOTS],
        }
    }

    /// Adds a request that was answered when the clock was so old.
    pub(crate) fn note(&self, status: u16, took: Duration, now: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        match status {
            500.. => self.server_errors.fetch_add(1, Ordering::Relaxed),
            400.. => self.client_errors.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        let minute = minute(now);
        let slot = &self.slots[place(minute)];
        // Whoever sees the new minute first empties the slot. A few counts may be lost in that moment.
        let is_new = slot.minute.load(Ordering::Relaxed) != minute;
        if is_new && slot.minute.swap(minute, Ordering::Relaxed) != minute {
            for count in &slot.counts {
                count.store(0, Ordering::Relaxed);
            }
        }
        slot.counts[bucket(micros)].fetch_add(1, Ordering::Relaxed);
    }

    /// Reads them when the clock is so old.
    pub(crate) fn sums(&self, now: Duration) -> Sums {
        let requests = self.requests.load(Ordering::Relaxed);
        let micros = self.micros.load(Ordering::Relaxed);
        Sums {
            requests,
            client_errors: self.client_errors.load(Ordering::Relaxed),
            server_errors: self.server_errors.load(Ordering::Relaxed),
            average_ms: micros as f64 / 1e3 / requests.max(1) as f64,
            percentiles_ms: self.percentiles_ms(now),
        }
    }

    fn percentiles_ms(&self, now: Duration) -> [f64; 3] {
        let minute = minute(now);
        let fresh = |slot: &&Slot| slot.minute.load(Ordering::Relaxed) + 1 >= minute;
        let slots = || self.slots.iter().filter(fresh);
        let counts: [u64; BUCKETS] = array::from_fn(|place| {
            let count = |slot: &Slot| slot.counts[place].load(Ordering::Relaxed);
            slots().map(count).sum()
        });
        let all: u64 = counts.iter().sum();
        [50, 95, 99].map(|percent| {
            let rank = (all * percent).div_ceil(100).max(1);
            let mut seen = 0;
            let reached = counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            reached.map_or(0.0, |place| limit_micros(place) as f64 / 1e3)
        })
    }
}

fn minute(now: Duration) -> u64 {
    // Two more than the minute of the clock, so that an empty slot is never one of the last two.
    now.as_secs() / SLOT_SECONDS + 2
}

fn place(minute: u64) -> usize {
    usize::try_from(minute % SLOTS as u64).unwrap_or(0)
}

/// The bucket of a duration: its power of two, and the part of it.
fn bucket(micros: u64) -> usize {
    let micros = micros.max(PARTS as u64);
    let power = micros.ilog2() as usize - 3;
    let part = usize::try_from(micros >> power).unwrap_or(0) - PARTS;
    (power * PARTS + part).min(BUCKETS - 1)
}

/// The shortest duration above a bucket.
fn limit_micros(bucket: usize) -> u64 {
    ((PARTS + bucket % PARTS + 1) as u64) << (bucket / PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_lies_below_their_limit_and_not_an_eighth_less() {
        for micros in [
            8, 9, 15, 16, 17, 999, 1_000, 1_001, 65_535, 65_536, 30_000_000,
        ] {
            let limit = limit_micros(bucket(micros));
            assert!(micros < limit, "{micros} {limit}");
            assert!(limit - micros <= micros / 8 + 1, "{micros} {limit}");
        }
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_forget_what_is_older_than_two_minutes() {
        let totals = Totals::new();
        let at = Duration::from_secs;
        for _ in 0..98 {
            totals.note(200, Duration::from_millis(1), at(10));
        }
        totals.note(404, Duration::from_millis(500), at(10));
        totals.note(500, Duration::from_millis(500), at(10));
        let [p50, p95, p99] = totals.sums(at(70)).percentiles_ms;
        assert!(
            (1.0..1.2).contains(&p50) && (1.0..1.2).contains(&p95),
            "{p50} {p95}"
        );
        assert!((500.0..570.0).contains(&p99), "{p99}");
        let later = totals.sums(at(200));
        assert_eq!(later.percentiles_ms, [0.0; 3]);
        let counts = (later.requests, later.client_errors, later.server_errors);
        assert_eq!(counts, (100, 1, 1));
        assert!(
            (later.average_ms - 10.98).abs() < 0.01,
            "{}",
            later.average_ms
        );
    }
}
