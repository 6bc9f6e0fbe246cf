//! What a load came to, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::place::Placed;
use crate::Histogram;

/// The figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Seen {
    /// Orders that were accepted.
    pub accepted: u64,
    /// The same in a second, while orders were placed.
    pub accepted_per_s: f64,
    /// Orders in a second until the last of them was whole; none when one never was.
    pub whole_per_s: Option<f64>,
    /// How long the answer took for half of them, in ms, from when the request was to be sent.
    pub p50_ms: f64,
    /// For 99 of 100.
    pub p99_ms: f64,
    /// For 999 of 1,000.
    pub p999_ms: f64,
    /// How long it took until they were whole, for half of those that were followed.
    pub whole_p50_ms: f64,
    /// For 99 of 100 of them.
    pub whole_p99_ms: f64,
    /// How many were followed.
    pub followed: u64,
    /// How late requests were sent for 99 of 100, in ms: where that is much the generator is too slow.
    pub lateness_p99_ms: f64,
    /// What was no order, by its code.
    pub errors: BTreeMap<String, u64>,
}

impl Seen {
    /// Reads what became of orders that were placed for a while, and whole after another.
    #[must_use]
    pub fn of(placed: &Placed, time: Duration, until_whole: Option<Duration>) -> Self {
        let tally = &placed.tally;
        let ms = |seen: &Histogram, share| seen.per_mille(share).as_secs_f64() * 1e3;
        let each = |time: Duration| placed.accepted() as f64 / time.as_secs_f64().max(1e-9);
        Seen {
            accepted: placed.accepted(),
            accepted_per_s: tally.done_per_second(time),
            whole_per_s: until_whole.map(|more| each(placed.took.saturating_add(more))),
            p50_ms: ms(&tally.latencies, 500),
            p99_ms: ms(&tally.latencies, 990),
            p999_ms: ms(&tally.latencies, 999),
            whole_p50_ms: ms(&placed.whole, 500),
            whole_p99_ms: ms(&placed.whole, 990),
            followed: placed.whole.count(),
            lateness_p99_ms: ms(&tally.lateness, 990),
            errors: placed.errors.clone(),
        }
    }
}
