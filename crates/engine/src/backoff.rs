//! How long to wait before the next try: twice as long each time, and never all at the same moment.

use std::time::Duration;

use base::Random;

/// A row of growing waits with a ceiling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// The wait before the second try.
    pub(crate) first: Duration,
    /// The longest wait.
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The wait after so many failures in a row: between half of the full wait and all of it.
    pub(crate) fn wait(self, failures: u32, random: &Random) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let half = full.checked_div(2).unwrap_or_default();
        let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX);
        half.saturating_add(Duration::from_micros(
            random.below(spread.saturating_add(1)),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let backoff = Backoff {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(3),
        };
        let random = Random::seeded(7);
        for (failures, full) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (5, 1_600),
            (6, 3_000),
            (90, 3_000),
        ] {
            let drawn: Vec<Duration> = (0..50).map(|_| backoff.wait(failures, &random)).collect();
            let full = Duration::from_millis(full);
            assert!(drawn.iter().all(|wait| *wait >= full / 2 && *wait <= full));
            assert!(
                drawn.iter().any(|wait| wait != &drawn[0]),
                "all waits are alike"
            );
        }
    }
}
