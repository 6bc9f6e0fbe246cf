//! The metrics of requests, by route and method. Their handles are looked up once and kept.
//!
//! Routes and methods come from the program, so the table cannot grow without end. What it holds is made with the
//! recorder of the process: the recorder is installed before the first request.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

use crate::metrics::TOTALS;

type Table = RwLock<HashMap<(&'static str, &'static str), Arc<Meters>>>;

static TABLE: LazyLock<Table> = LazyLock::new(Table::default);

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The metrics of one method of one route.
pub(crate) struct Meters {
    requests: [Counter; 5],
    duration: Histogram,
    in_flight: Gauge,
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}

impl Meters {
    fn new(method: &'static str, route: &'static str) -> Self {
        let requests = CLASSES.map(|status| {
            metrics::counter!("http_requests_total",
                "route" => route, "method" => method, "status" => status)
        });
        Self {
            requests,
            duration: metrics::histogram!("http_request_duration_seconds", "route" => route),
            in_flight: metrics::gauge!("http_requests_in_flight"),
        }
    }

    pub(super) fn began(&self) {
        self.in_flight.increment(1.0);
    }

    /// Counts an answer; `now` is the age of the clock.
    pub(super) fn ended(&self, status: u16, took: Duration, now: Duration) {
        self.in_flight.decrement(1.0);
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.requests[class].increment(1);
        self.duration.record(took.as_secs_f64());
        TOTALS.note(status, took, now);
    }
}

/// Finds the metrics of a route, and makes them on its first request.
pub(super) fn of(method: &'static str, route: &'static str) -> Arc<Meters> {
    // The table is whole after every step, so a poisoned lock spoils nothing.
    let known = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(meters) = known.get(&(method, route)) {
        return Arc::clone(meters);
    }
    drop(known);
    let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
    let meters = table.entry((method, route));
    Arc::clone(meters.or_insert_with(|| Arc::new(Meters::new(method, route))))
}
