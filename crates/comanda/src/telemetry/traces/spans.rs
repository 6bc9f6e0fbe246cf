//! Collects the spans of a request and judges them at its end.
//!
//! The span of a request brings its ids as fields, because the answer and the log name them too. Of other spans
//! within it only fields of a short list are taken: names of ours and numbers, never what somebody sent.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base::{Clock, Random, Time};
use edge::observe::TARGET;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tokio::sync::mpsc::Sender;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::{Keeping, Trace};

/// How many spans within a request are kept; more would be a loop.
const INNER_MAX: usize = 128;

/// The fields of inner spans that are taken.
const TAKEN: [&str; 8] = [
    "table",
    "statement",
    "database",
    "shard",
    "operation",
    "rows",
    "attempt",
    "task",
];

/// Collects spans.
pub(crate) struct Spans {
    keeping: Keeping,
    queue: Sender<Trace>,
    clock: Clock,
    random: Random,
    scope: InstrumentationScope,
}

/// A span under way.
struct Open {
    collected: Arc<Mutex<Collected>>,
    trace_id: u128,
    span_id: u64,
    parent_id: u64,
    name: &'static str,
    began: Time,
    ticks: Duration,
    own: Own,
}

/// What a span says of itself.
enum Own {
    Request(Box<Request>),
    Inner(Vec<KeyValue>),
}

/// The fields of the span of a request.
#[derive(Default)]
struct Request {
    trace_id: u128,
    span_id: u64,
    parent_id: u64,
    method: String,
    route: String,
    correlation: String,
    error: String,
    organisation: Option<i64>,
    status: i64,
    bytes: i64,
}

/// What was collected for a request so far.
#[derive(Default)]
struct Collected {
    spans: Vec<SpanData>,
    failed: bool,
    left_out: u64,
}

impl Spans {
    pub(crate) fn new(
        keeping: Keeping,
        queue: Sender<Trace>,
        clock: &Clock,
        random: &Random,
    ) -> Self {
        Self {
            keeping,
            queue,
            clock: clock.clone(),
            random: random.clone(),
            scope: InstrumentationScope::builder("comanda").build(),
        }
    }

    /// Says what this layer is interested in: spans, and errors, by which a trace is kept.
    pub(crate) fn wants(metadata: &Metadata<'_>) -> bool {
        match metadata.is_span() {
            true => *metadata.level() <= Level::INFO,
            false => *metadata.level() == Level::ERROR,
        }
    }

    fn begin(&self, attributes: &Attributes<'_>, parent: Option<Parent>) -> Option<Open> {
        let metadata = attributes.metadata();
        let (began, ticks) = (self.clock.now(), self.clock.elapsed());
        if metadata.target() == TARGET {
            let mut request = Box::<Request>::default();
            attributes.record(&mut *request);
            return Some(Open {
                collected: Arc::default(),
                trace_id: request.trace_id,
                span_id: request.span_id,
                parent_id: request.parent_id,
                name: metadata.name(),
                began,
                ticks,
                own: Own::Request(request),
            });
        }
        // Work that belongs to no request is seen by its metrics.
        let parent = parent?;
        let mut fields = Taken(Vec::new());
        attributes.record(&mut fields);
        Some(Open {
            collected: parent.collected,
            trace_id: parent.trace_id,
            span_id: self.random.u64().max(1),
            parent_id: parent.span_id,
            name: metadata.name(),
            began,
            ticks,
            own: Own::Inner(fields.0),
        })
    }

    fn end(&self, open: Open) {
        let took = self.clock.elapsed().saturating_sub(open.ticks);
        let collected = Arc::clone(&open.collected);
        let mut collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Own::Inner(_) = &open.own {
            if collected.spans.len() < INNER_MAX {
                let span = self.data(open, took, 0);
                collected.spans.push(span);
            } else {
                collected.left_out += 1;
            }
            return;
        }
        let failed =
            collected.failed || matches!(&open.own, Own::Request(own) if own.status >= 500);
        if !self.keeping.keeps(open.trace_id, took, failed) {
            return;
        }
        let mut trace = std::mem::take(&mut collected.spans);
        trace.push(self.data(open, took, collected.left_out));
        if self.queue.try_send(trace).is_err() {
            metrics::counter!("traces_dropped_total", "why" => "queue").increment(1);
        }
    }

    fn data(&self, open: Open, took: Duration, left_out: u64) -> SpanData {
        let start_time = system_time(open.began);
        let context = SpanContext::new(
            TraceId::from_bytes(open.trace_id.to_be_bytes()),
            SpanId::from_bytes(open.span_id.to_be_bytes()),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        let remote = matches!(open.own, Own::Request(_)) && open.parent_id != 0;
        let (name, kind, status, attributes) = match open.own {
            Own::Inner(fields) => (open.name.into(), SpanKind::Internal, Status::Unset, fields),
            Own::Request(own) => {
                let name = format!("{} {}", own.method, own.route);
                let status = if own.status >= 500 {
                    Status::error(own.error.clone())
                } else {
                    Status::Unset
                };
                (
                    name.into(),
                    SpanKind::Server,
                    status,
                    own.attributes(left_out),
                )
            }
        };
        SpanData {
            span_context: context,
            parent_span_id: SpanId::from_bytes(open.parent_id.to_be_bytes()),
            parent_span_is_remote: remote,
            span_kind: kind,
            name,
            start_time,
            end_time: start_time + took,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

/// What a span within another one takes from it.
struct Parent {
    collected: Arc<Mutex<Collected>>,
    trace_id: u128,
    span_id: u64,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Open>().map(|open| Parent {
                collected: Arc::clone(&open.collected),
                trace_id: open.trace_id,
                span_id: open.span_id,
            })
        });
        if let Some(open) = self.begin(attributes, parent) {
            span.extensions_mut().insert(open);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            match &mut open.own {
                Own::Request(own) => values.record(&mut **own),
                Own::Inner(fields) => {
                    let mut taken = Taken(std::mem::take(fields));
                    values.record(&mut taken);
                    *fields = taken.0;
                }
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else {
            return;
        };
        if let Some(open) = span.extensions().get::<Open>() {
            let mut collected = open
                .collected
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            collected.failed = true;
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let open = context
            .span(&id)
            .and_then(|span| span.extensions_mut().remove::<Open>());
        if let Some(open) = open {
            self.end(open);
        }
    }
}

impl Request {
    /// The names are those of OpenTelemetry's conventions, and our own below `comanda`.
    fn attributes(self, left_out: u64) -> Vec<KeyValue> {
        let mut all = vec![
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("http.route", self.route),
            KeyValue::new("http.response.status_code", self.status),
            KeyValue::new("http.response.body.size", self.bytes),
            KeyValue::new("comanda.correlation_id", self.correlation),
        ];
        if let Some(organisation) = self.organisation {
            all.push(KeyValue::new("comanda.organisation", organisation));
        }
        if !self.error.is_empty() {
            all.push(KeyValue::new("error.type", self.error));
        }
        if left_out > 0 {
            let left_out = i64::try_from(left_out).unwrap_or(i64::MAX);
            all.push(KeyValue::new("comanda.spans_left_out", left_out));
        }
        all
    }
}

impl Visit for Request {
    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "trace_id" {
            self.trace_id = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let number = i64::try_from(value).unwrap_or(i64::MAX);
        match field.name() {
            "span_id" => self.span_id = value,
            "parent_id" => self.parent_id = value,
            "organisation" => self.organisation = Some(number),
            "status" => self.status = number,
            "bytes" => self.bytes = number,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let place = match field.name() {
            "method" => &mut self.method,
            "route" => &mut self.route,
            "correlation" => &mut self.correlation,
            "error" => &mut self.error,
            _ => return,
        };
        value.clone_into(place);
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

/// Takes the fields of the list.
struct Taken(Vec<KeyValue>);

impl Taken {
    fn take(&mut self, field: &Field, value: impl Into<Value>) {
        if TAKEN.contains(&field.name()) {
            self.0.push(KeyValue::new(field.name(), value.into()));
        }
    }
}

impl Visit for Taken {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

fn system_time(time: Time) -> SystemTime {
    let micros = u64::try_from(time.as_micros()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}
