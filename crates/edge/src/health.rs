//! Says whether the services of this node and what they depend on work.
//!
//! Asking is cheap by construction: an answer is kept for a second, and whoever asks meanwhile gets it, so health
//! checks cannot be used to wear out a database. Each probe has a deadline of its own. Details are sentences of
//! ours and never hold addresses or secrets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use base::Clock;
use futures_util::future::{BoxFuture, join_all};
use http::{Method, StatusCode};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::{Criticality, Json, Policy, Rate, Route};

/// How long an answer is given again.
const FRESH: Duration = Duration::from_secs(1);
/// How long a probe may take before what it asks counts as down.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It works.
    Up,
    /// It works, but not as well as it should.
    Degraded,
    /// It does not work.
    Down,
}

/// What a probe found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How it is.
    pub status: Status,
    /// What is to be known besides, in a sentence that any stranger may read.
    pub detail: Option<String>,
}

impl Finding {
    /// Finds it well.
    pub const fn up() -> Self {
        Self {
            status: Status::Up,
            detail: None,
        }
    }

    /// Finds it limping.
    pub fn degraded(detail: impl Into<String>) -> Self {
        Self {
            status: Status::Degraded,
            detail: Some(detail.into()),
        }
    }

    /// Finds it not working.
    pub fn down(detail: impl Into<String>) -> Self {
        Self {
            status: Status::Down,
            detail: Some(detail.into()),
        }
    }
}

/// Looks after one service or dependency.
pub trait Probe: Send + Sync {
    /// The name of what it looks after, such as `control` or `disk`.
    fn name(&self) -> &str;
    /// Says whether the node can do nothing useful without it.
    fn critical(&self) -> bool;
    /// Looks. The caller sees to the deadline.
    fn check(&self) -> BoxFuture<'_, Finding>;
}

/// Where a node is between its start and its end. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicU8>);

const STARTING: u8 = 0;
const READY: u8 = 1;
const STOPPING: u8 = 2;

impl Readiness {
    /// The node has just started; it is not ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// The databases are at the schema of this version and requests can be served; a stop is not taken back.
    pub fn ready(&self) {
        let _was = self
            .0
            .compare_exchange(STARTING, READY, Ordering::AcqRel, Ordering::Acquire);
    }

    /// The node is about to end; nobody should send it more.
    pub fn stopping(&self) {
        self.0.store(STOPPING, Ordering::Release);
    }

    /// Says whether requests should be sent here.
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire) == READY
    }

    fn name(&self) -> &'static str {
        match self.0.load(Ordering::Acquire) {
            STARTING => "starting",
            READY => "ready",
            _ => "stopping",
        }
    }
}

/// How the node is, with each part of it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[schema(as = Health)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `down` when something is down that nothing works without, `degraded` when anything else is not up.
    pub status: Status,
    /// Each service and dependency.
    pub checks: Vec<Check>,
}

/// How one service or dependency is.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[schema(as = HealthCheck)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Its name.
    #[schema(example = "control")]
    pub name: String,
    /// How it is.
    pub status: Status,
    /// Whether nothing works without it.
    pub critical: bool,
    /// How long it took to look, in milliseconds.
    #[schema(minimum = 0)]
    pub latency_ms: f64,
    /// What is to be known besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Where a node is between its start and its end, as it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct State {
    /// `live`, `starting`, `ready` or `stopping`.
    #[schema(value_type = String, example = "ready")]
    pub status: &'static str,
}

/// Asks all probes, at most once a second. Clones share the answer.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    probes: Vec<Arc<dyn Probe>>,
    readiness: Readiness,
    clock: Clock,
    last: Mutex<Option<(Duration, Arc<Report>)>>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.0.probes.iter().map(|probe| probe.name());
        f.debug_list().entries(names).finish()
    }
}

impl Health {
    /// Takes the probes of a node.
    pub fn new(probes: Vec<Arc<dyn Probe>>, readiness: Readiness, clock: Clock) -> Self {
        let last = Mutex::new(None);
        Self(Arc::new(Inner {
            probes,
            readiness,
            clock,
            last,
        }))
    }

    /// Says how the node is; the answer may be a second old.
    pub async fn report(&self) -> Arc<Report> {
        // Whoever comes while others ask waits for their answer here instead of asking too.
        let mut last = self.0.last.lock().await;
        if let Some((when, report)) = &*last
            && self.0.clock.elapsed().saturating_sub(*when) < FRESH
        {
            return Arc::clone(report);
        }
        let checks = self.0.probes.iter().map(|probe| self.check(&**probe));
        let checks = join_all(checks).await;
        let status = overall(&checks);
        let report = Arc::new(Report { status, checks });
        *last = Some((self.0.clock.elapsed(), Arc::clone(&report)));
        report
    }

    async fn check(&self, probe: &dyn Probe) -> Check {
        let began = self.0.clock.elapsed();
        let finding = tokio::time::timeout(PROBE_WITHIN, probe.check()).await;
        let finding = finding.unwrap_or_else(|_late| Finding::down("it gave no answer in time"));
        let took = self.0.clock.elapsed().saturating_sub(began);
        let value = match finding.status {
            Status::Up => 1.0,
            Status::Degraded => 0.5,
            Status::Down => 0.0,
        };
        metrics::gauge!("health_status", "check" => probe.name().to_owned()).set(value);
        Check {
            name: probe.name().to_owned(),
            status: finding.status,
            critical: probe.critical(),
            latency_ms: (took.as_secs_f64() * 1e6).round() / 1e3,
            detail: finding.detail,
        }
    }
}

fn overall(checks: &[Check]) -> Status {
    let weighed = checks.iter().map(|check| match check.status {
        Status::Down if check.critical => Status::Down,
        Status::Down | Status::Degraded => Status::Degraded,
        Status::Up => Status::Up,
    });
    weighed.max().unwrap_or(Status::Up)
}

/// The three questions: how is it, does it live, is it ready.
pub fn routes(health: &Health) -> Vec<Route> {
    let whole = health.clone();
    let readiness = health.0.readiness.clone();
    let all = route("/api/health", "health.show")
        .about("How this node is, service by service; 503 when it cannot work")
        .answers::<Report>(StatusCode::OK)
        .answers::<Report>(StatusCode::SERVICE_UNAVAILABLE)
        .handler(move || async move { show(&*whole.report().await) });
    let live = route("/api/health/live", "health.live")
        .about("Whether the process lives; if not, it is to be started again")
        .answers::<State>(StatusCode::OK)
        .handler(|| async { Json(State { status: "live" }) });
    let ready = route("/api/health/ready", "health.ready")
        .about("Whether requests should be sent here; 503 while it starts and while it ends")
        .answers::<State>(StatusCode::OK)
        .answers::<State>(StatusCode::SERVICE_UNAVAILABLE)
        .handler(move || async move {
            let state = Json(State {
                status: readiness.name(),
            });
            (code(readiness.is_ready()), state).into_response()
        });
    vec![all, live, ready]
}

fn show(report: &Report) -> Response {
    let works = report.status != Status::Down;
    (code(works), Json(report.clone())).into_response()
}

fn code(works: bool) -> StatusCode {
    if works {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// What all routes that tell about a node have in common.
pub(crate) fn route(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::GET, path, operation)
        .tag("operation")
        .policy(Policy::Public)
        .rate(Rate::Health)
        .criticality(Criticality::Critical)
        .deadline(2 * PROBE_WITHIN)
        .takes_nothing()
}
