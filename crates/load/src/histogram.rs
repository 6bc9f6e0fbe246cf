//! How long things took: counts in buckets that are a thirty-second part of their size wide.

use std::time::Duration;

/// Buckets between a power of two and the next.
const PARTS: u64 = 32;
const PARTS_BITS: u32 = PARTS.ilog2();

/// Counts of durations, exact to about 3 %. Histograms of many clients are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: Duration,
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, time: Duration) {
        let index = index(nanos(time));
        if self.buckets.len() <= index {
            self.buckets.resize(index.saturating_add(1), 0);
        }
        if let Some(bucket) = self.buckets.get_mut(index) {
            *bucket = bucket.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.longest = self.longest.max(time);
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Histogram) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket = bucket.saturating_add(*more);
        }
        self.count = self.count.saturating_add(other.count);
        self.longest = self.longest.max(other.longest);
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest of them.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The duration that so many in a thousand do not exceed: 500 is the median. Zero when nothing was counted.
    #[must_use]
    pub fn per_mille(&self, share: u64) -> Duration {
        let wanted = u128::from(self.count)
            .saturating_mul(share.into())
            .div_ceil(1000);
        let mut seen: u128 = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen = seen.saturating_add(u128::from(*count));
            if seen >= wanted && *count > 0 {
                return Duration::from_nanos(upper_end(index)).min(self.longest);
            }
        }
        self.longest
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Small values have a bucket each; above, the five bits after the highest one choose.
fn index(value: u64) -> usize {
    let shift = value.max(PARTS).ilog2().saturating_sub(PARTS_BITS);
    let index = u64::from(shift)
        .saturating_mul(PARTS)
        .saturating_add(value >> shift);
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn upper_end(index: usize) -> u64 {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    let shift = (index / PARTS).saturating_sub(1);
    let part = index.saturating_sub(shift.saturating_mul(PARTS));
    let end = (u128::from(part).saturating_add(1) << shift).saturating_sub(1);
    u64::try_from(end).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_buckets_are_narrow() {
        let mut values: Vec<u64> = (0..4096).collect();
        values.extend((6..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]));
        values.push(u64::MAX);
        for value in values {
            let (at, end) = (index(value), upper_end(index(value)));
            assert!(
                value <= end && end - value <= value / PARTS,
                "{value} {at} {end}"
            );
            if let Some(next) = end.checked_add(1) {
                assert_eq!(index(next), at + 1);
            }
        }
    }

    #[test]
    fn shares_are_found_in_merged_counts() {
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        for millis in 1..=50 {
            one.record(Duration::from_millis(millis));
            other.record(Duration::from_millis(50 + millis));
        }
        one.merge(&other);
        assert_eq!(one.count(), 100);
        let about = |share, millis: f64| {
            let found = one.per_mille(share).as_secs_f64() * 1000.0;
            assert!(
                (millis..millis * 1.04).contains(&found),
                "{share}: {found} ms"
            );
        };
        about(500, 50.0);
        about(990, 99.0);
        assert_eq!(one.per_mille(1000), Duration::from_millis(100));
        assert_eq!(Histogram::default().per_mille(500), Duration::ZERO);
    }
}
