//! What is noted of every request: two metrics, one line of the log, and a span where traces are exported.
//!
//! Log lines get organisation, correlation and trace id from a scope of the task, so that no span has to be made
//! for them. A span is made only where something listens to the target [`TARGET`]. Routes appear as they are
//! written in the registry; no path, query, header or body is ever noted.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Error, Organisation};
use http::{Method, StatusCode};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::Context;
use crate::registry::Served;

mod meters;

pub(crate) use meters::Meters;

/// The target of the span of a request.
pub const TARGET: &str = "edge::request";

/// The status that is noted where the caller went away before the answer.
const GONE: u16 = 499;

/// Above it, no organisation: they are numbers of 32 bits.
const NO_ORGANISATION: u64 = u64::MAX;

tokio::task_local! {
    static SCOPE: Arc<Scope>;
}

/// What every log line of a request carries.
#[derive(Debug)]
pub struct Scope {
    context: Context,
    organisation: AtomicU64,
}

impl Scope {
    /// Gives correlation id and trace.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Gives the organisation, once it is known.
    pub fn organisation(&self) -> Option<Organisation> {
        let number = u32::try_from(self.organisation.load(Ordering::Relaxed)).ok()?;
        Some(Organisation::new(number))
    }
}

/// Shows the scope of the request that the running task works on, if it works on one.
pub fn with_scope<T>(read: impl FnOnce(&Scope) -> T) -> Option<T> {
    SCOPE.try_with(|scope| read(scope)).ok()
}

/// A request under way.
#[derive(Debug)]
pub struct Observation {
    scope: Arc<Scope>,
    span: tracing::Span,
    clock: Clock,
    began: Duration,
    method: &'static str,
    route: &'static str,
    meters: Arc<Meters>,
    ended: bool,
}

impl Observation {
    /// Begins it. A request that no route answers has none; all of these are counted as one.
    pub fn begin(
        context: &Context,
        clock: &Clock,
        method: &Method,
        route: Option<&'static str>,
    ) -> Self {
        let (method, route) = (name(method), route.unwrap_or("unmatched"));
        let meters = meters::of(method, route);
        Self::with(context, clock, (method, route), meters)
    }

    /// Begins that of a request for this very route, whose metrics are found once.
    pub(crate) fn of_route(context: &Context, clock: &Clock, served: &Served) -> Self {
        let (method, route) = (name(&served.shape.method), served.shape.path);
        let meters = served.meters.get_or_init(|| meters::of(method, route));
        Self::with(context, clock, (method, route), Arc::clone(meters))
    }

    fn with(
        context: &Context,
        clock: &Clock,
        (method, route): (&'static str, &'static str),
        meters: Arc<Meters>,
    ) -> Self {
        meters.began();
        Self {
            span: span(context, method, route),
            scope: Arc::new(Scope {
                context: context.clone(),
                organisation: AtomicU64::new(NO_ORGANISATION),
            }),
            clock: clock.clone(),
            began: clock.elapsed(),
            method,
            route,
            meters,
            ended: false,
        }
    }

    /// When it began, as an age of the clock.
    pub(crate) fn began(&self) -> Duration {
        self.began
    }

    /// The span of the request; disabled where traces are not exported.
    pub fn span(&self) -> &tracing::Span {
        &self.span
    }

    /// Notes for whom the request is, as soon as it is known.
    pub fn belongs_to(&self, organisation: Organisation) {
        let number = u64::from(organisation.get());
        self.scope.organisation.store(number, Ordering::Relaxed);
        self.span.record("organisation", number);
    }

    /// Runs work so that its log lines carry the ids of the request and its spans lie within that of the request.
    pub fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        SCOPE.scope(Arc::clone(&self.scope), work.instrument(self.span.clone()))
    }

    /// Runs a short piece of work in the same way.
    pub fn within_sync<T>(&self, work: impl FnOnce() -> T) -> T {
        SCOPE.sync_scope(Arc::clone(&self.scope), || self.span.in_scope(work))
    }

    /// Writes down a failure of ours with its way through the code. The caller is never shown it.
    pub fn failed(&self, error: &Error) {
        let told = Told(error);
        self.span.record("error", error.code());
        self.within_sync(|| {
            tracing::error!(code = error.code(), trail = %told, "{}", error.message());
        });
    }

    /// Ends it: counts it and writes its line.
    pub fn end(mut self, status: StatusCode, bytes: u64) {
        self.finish(status.as_u16(), bytes);
    }

    fn finish(&mut self, status: u16, bytes: u64) {
        self.ended = true;
        let now = self.clock.elapsed();
        let took = now.saturating_sub(self.began);
        self.meters.ended(status, took, now);
        self.span.record("status", status);
        self.span.record("bytes", bytes);
        let (method, route) = (self.method, self.route);
        let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        self.within_sync(|| {
            // A target of its own lets an operator keep or drop these lines apart from all others.
            macro_rules! line {
                ($level:ident) => {
                    tracing::event!(target: "access", tracing::Level::$level,
                        method, route, status, duration_ms, bytes, "request")
                };
            }
            match status {
                500.. => line!(ERROR),
                400.. => line!(WARN),
                _ if is_probe(route) => line!(DEBUG),
                _ => line!(INFO),
            }
        });
    }
}

impl Drop for Observation {
    /// A caller that goes away ends its request without an answer.
    fn drop(&mut self) {
        if !self.ended {
            let status = if std::thread::panicking() { 500 } else { GONE };
            self.finish(status, 0);
        }
    }
}

/// What asks every second and would fill the log.
fn is_probe(route: &str) -> bool {
    route.starts_with("/api/health") || route == "/metrics"
}

/// The name of a method; those that nobody answers to share one, because anybody can invent some.
fn name(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    const NAMES: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let place = KNOWN.iter().position(|known| known == method);
    place.map_or("other", |place| NAMES[place])
}

fn span(context: &Context, method: &'static str, route: &'static str) -> tracing::Span {
    tracing::span!(
        target: TARGET,
        tracing::Level::INFO,
        "request",
        trace_id = u128::from_be_bytes(context.trace_id),
        span_id = u64::from_be_bytes(context.span_id),
        parent_id = context.parent_span.map_or(0, u64::from_be_bytes),
        correlation = &*context.correlation,
        method,
        route,
        organisation = Empty,
        status = Empty,
        bytes = Empty,
        error = Empty,
    )
}

/// The way of an error through the code. Of causes only the first line is told, as databases put values of rows
/// behind it.
struct Told<'a>(&'a Error);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, step) in self.0.trail().iter().enumerate() {
            let between = if place == 0 { "" } else { " < " };
            write!(f, "{between}{step:?}")?;
        }
        let mut cause = std::error::Error::source(self.0);
        for _ in 0..CAUSES_MAX {
            let Some(error) = cause else { break };
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            let cut = line
                .char_indices()
                .nth(CAUSE_CHARS_MAX)
                .map_or(line.len(), |(at, _)| at);
            write!(f, "; because {}", &line[..cut])?;
            cause = error.source();
        }
        Ok(())
    }
}

const CAUSES_MAX: usize = 4;
const CAUSE_CHARS_MAX: usize = 200;
