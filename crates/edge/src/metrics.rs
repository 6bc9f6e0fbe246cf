//! The figures of a node: a short form for people at `/api/metrics`, and all of them for Prometheus at `/metrics`.
//!
//! Labels are routes, methods, classes of statuses and names of parts: never a tenant, a person or a raw path, so
//! that the number of series has a limit that the program sets.

mod totals;

use std::sync::Arc;

use base::Clock;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Json, Route, health};

pub(crate) use totals::TOTALS;

/// Reads what is recorded.
pub trait Readings: Send + Sync {
    /// Gives the sum of a counter or gauge over all of its labels; nothing while nobody has recorded it.
    fn sum(&self, name: &str) -> Option<f64>;
    /// Writes everything in the text format of Prometheus.
    fn text(&self) -> String;
}

/// The short form.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[schema(as = Metrics)]
pub struct Short {
    /// Requests that were answered since the start.
    #[schema(minimum = 0)]
    pub http_requests_total: u64,
    /// The mean time of an answer in milliseconds.
    #[schema(minimum = 0)]
    pub http_request_duration_avg_ms: f64,
    /// Half of the answers of the last two minutes took at most so many milliseconds.
    #[schema(minimum = 0)]
    pub http_request_duration_p50_ms: f64,
    /// 95 of 100 took at most so long.
    #[schema(minimum = 0)]
    pub http_request_duration_p95_ms: f64,
    /// 99 of 100 took at most so long.
    #[schema(minimum = 0)]
    pub http_request_duration_p99_ms: f64,
    /// Answers with a status of 400 to 499.
    #[schema(minimum = 0)]
    pub http_4xx_total: u64,
    /// Answers with a status of 500 and above.
    #[schema(minimum = 0)]
    pub http_5xx_total: u64,
    /// The part of look-ups that the caches answered, from 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub cache_hit_rate: f64,
    /// Orders that are neither done nor cancelled.
    #[schema(minimum = 0)]
    pub active_orders: u64,
    /// For how many seconds the process runs.
    #[schema(minimum = 0)]
    pub uptime_seconds: u64,
}

fn short(readings: &dyn Readings, clock: &Clock) -> Short {
    let now = clock.elapsed();
    let sums = TOTALS.sums(now);
    let sum = |name| readings.sum(name).unwrap_or(0.0);
    let (hits, misses) = (sum("cache_hits_total"), sum("cache_misses_total"));
    let [p50, p95, p99] = sums.percentiles_ms;
    Short {
        http_requests_total: sums.requests,
        http_request_duration_avg_ms: sums.average_ms,
        http_request_duration_p50_ms: p50,
        http_request_duration_p95_ms: p95,
        http_request_duration_p99_ms: p99,
        http_4xx_total: sums.client_errors,
        http_5xx_total: sums.server_errors,
        cache_hit_rate: if hits > 0.0 {
            hits / (hits + misses)
        } else {
            0.0
        },
        // A gauge that counts up and down may be seen below zero for a moment; a cast then gives zero.
        active_orders: sum("active_orders") as u64,
        uptime_seconds: now.as_secs(),
    }
}

/// The route of the short form.
pub fn routes(readings: &Arc<dyn Readings>, clock: &Clock) -> Vec<Route> {
    let (readings, clock) = (Arc::clone(readings), clock.clone());
    let route = health::route("/api/metrics", "metrics.show")
        .about("The figures of this node in short")
        .answers::<Short>(StatusCode::OK)
        .handler(move || async move { Json(short(&*readings, &clock)) });
    vec![route]
}

/// The route for Prometheus, for the address of those who operate.
pub fn admin_routes(readings: &Arc<dyn Readings>) -> Vec<Route> {
    const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
    let readings = Arc::clone(readings);
    let route = health::route("/metrics", "metrics.prometheus")
        .about("All figures of this node in the text format of Prometheus")
        .answers_text(MEDIA_TYPE)
        .handler(
            move || async move { ([(http::header::CONTENT_TYPE, MEDIA_TYPE)], readings.text()) },
        );
    vec![route]
}
