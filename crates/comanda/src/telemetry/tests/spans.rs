//! Which traces are kept, and what is in them.

use std::time::Duration;

use base::{Clock, Error, Organisation, Random, codes};
use http::StatusCode;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc::{Receiver, channel};

use super::super::dispatch;
use super::super::log::{Log, Look, Writer};
use super::super::traces::{Keeping, Spans, Trace};
use super::{Buffer, clock, levels, request};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Collects the traces that are kept at this ratio.
fn kept(ratio: f64, room: usize, work: impl FnOnce(&Clock)) -> Receiver<Trace> {
    let clock = clock();
    let writer = Writer::start(Buffer::default()).unwrap();
    let log = Log {
        clock: clock.clone(),
        look: Look::Json,
        lines: writer.lines(),
    };
    let (sender, receiver) = channel(room);
    let keeping = Keeping::of(ratio, Duration::from_secs(1));
    let spans = Spans::new(keeping, sender, &clock, &Random::seeded(3));
    let dispatch = dispatch(log, &levels("off"), Some(spans)).unwrap();
    tracing::dispatcher::with_default(&dispatch, || work(&clock));
    receiver
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let found = span
        .attributes
        .iter()
        .find(|pair| pair.key.as_str() == name);
    found.map(|pair| pair.value.to_string())
}

#[test]
fn a_request_becomes_a_span_of_the_callers_trace_with_its_inner_spans() {
    let mut kept = kept(1.0, 8, |clock| {
        let observation = request(
            clock,
            &[("traceparent", PARENT), ("x-correlation-id", "abc")],
        );
        observation.belongs_to(Organisation::new(9));
        observation.within_sync(|| {
            let inner = tracing::info_span!("commit", shard = "main", secret = "no", rows = 3);
            inner.in_scope(|| clock.advance(Duration::from_millis(4)).unwrap());
        });
        observation.end(StatusCode::OK, 17);
    });
    let trace = kept.try_recv().unwrap();
    let [inner, own] = &trace[..] else {
        panic!("{trace:?}")
    };
    let trace_id = own.span_context.trace_id().to_string();
    assert_eq!(trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(own.parent_span_id.to_string(), "b7ad6b7169203331");
    assert!(own.parent_span_is_remote);
    assert_eq!(own.name, "GET /api/things/{thing}");
    assert_eq!(
        (&own.span_kind, &own.status),
        (&SpanKind::Server, &Status::Unset)
    );
    assert_eq!(attribute(own, "comanda.organisation").unwrap(), "9");
    assert_eq!(attribute(own, "comanda.correlation_id").unwrap(), "abc");
    assert_eq!(attribute(own, "http.response.status_code").unwrap(), "200");
    assert_eq!(attribute(own, "http.response.body.size").unwrap(), "17");
    assert_eq!(inner.span_context.trace_id(), own.span_context.trace_id());
    assert_eq!(inner.parent_span_id, own.span_context.span_id());
    assert_eq!(attribute(inner, "shard").unwrap(), "main");
    assert_eq!(attribute(inner, "rows").unwrap(), "3");
    assert_eq!(attribute(inner, "secret"), None);
    let took = inner.end_time.duration_since(inner.start_time).unwrap();
    assert_eq!(took, Duration::from_millis(4));
}

#[test]
fn at_ratio_zero_only_what_failed_or_was_slow_is_kept() {
    let mut kept = kept(0.0, 8, |clock| {
        request(clock, &[]).end(StatusCode::OK, 0);
        request(clock, &[]).end(StatusCode::NOT_FOUND, 0);
        let failed = request(clock, &[]);
        failed.failed(&Error::internal(codes::DAMAGED, "a page is cut"));
        failed.end(StatusCode::INTERNAL_SERVER_ERROR, 0);
        let slow = request(clock, &[]);
        clock.advance(Duration::from_secs(1)).unwrap();
        slow.end(StatusCode::OK, 0);
        let recovered = request(clock, &[]);
        recovered.within_sync(|| tracing::error!("logged, and answered all the same"));
        recovered.end(StatusCode::OK, 0);
    });
    let failed = kept.try_recv().unwrap();
    assert_eq!(failed[0].status, Status::error("damaged"));
    assert_eq!(attribute(&failed[0], "error.type").unwrap(), "damaged");
    let slow = kept.try_recv().unwrap();
    assert_eq!(
        attribute(&slow[0], "http.response.status_code").unwrap(),
        "200"
    );
    assert!(kept.try_recv().is_ok());
    assert!(kept.try_recv().is_err());
}

#[test]
fn the_ratio_is_kept_and_the_same_traces_everywhere() {
    let keeping = Keeping::of(0.25, Duration::from_secs(1));
    let random = Random::seeded(11);
    let ids = (0..10_000).map(|_| u128::from(random.u64()));
    let kept = ids
        .filter(|id| keeping.keeps(*id, Duration::ZERO, false))
        .count();
    assert!((2_300..2_700).contains(&kept), "{kept}");
    let all = Keeping::of(1.0, Duration::from_secs(1));
    assert!(all.keeps(u128::from(u64::MAX) - 1, Duration::ZERO, false));
}

#[test]
fn a_full_queue_holds_up_nobody() {
    let mut kept = kept(1.0, 2, |clock| {
        for _ in 0..5 {
            request(clock, &[]).end(StatusCode::OK, 0);
        }
    });
    assert!(kept.try_recv().is_ok() && kept.try_recv().is_ok());
    assert!(kept.try_recv().is_err());
}
