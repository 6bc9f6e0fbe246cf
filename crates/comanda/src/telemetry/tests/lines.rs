//! How lines look, which are written, and what happens when they cannot be.

use std::io::{self, Write};
use std::sync::mpsc;
use std::time::Duration;

use base::{Error, Organisation, codes};
use http::StatusCode;
use serde_json::Value;

use super::super::dispatch;
use super::super::log::{Log, Look, Writer};
use super::{Buffer, clock, levels, request, written};

/// Collects what is logged by some work.
fn logged(look: Look, wanted: &str, work: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let writer = Writer::start(buffer.clone()).unwrap();
    let log = Log {
        clock: clock(),
        look,
        lines: writer.lines(),
    };
    let dispatch = dispatch(log, &levels(wanted), None).unwrap();
    tracing::dispatcher::with_default(&dispatch, work);
    written(&writer, &buffer)
}

fn objects(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(read).collect()
}

const EVIL: &str = "a\r\n{\"level\":\"ERROR\"}\u{1b}[31m\"\\\u{85}\u{2028}\u{202e}\0";

#[test]
fn nothing_that_is_logged_begins_a_line_or_steers_a_terminal() {
    for look in [Look::Json, Look::Plain] {
        let text = logged(look, "trace", || {
            tracing::info!(field = EVIL, debug = ?EVIL, "{EVIL}");
        });
        let body = text.strip_suffix('\n').unwrap();
        let steers = |c: char| c.is_control() || "\u{2028}\u{202e}".contains(c);
        assert!(!body.contains(steers), "{look:?} {text:?}");
    }
}

#[test]
fn what_was_escaped_reads_back_as_it_was() {
    let text = logged(Look::Json, "info", || {
        tracing::warn!(
            field = EVIL,
            number = 3,
            ratio = 0.5,
            none = f64::NAN,
            target = "x",
            "{EVIL}"
        );
    });
    let [line] = &objects(&text)[..] else {
        panic!("{text}")
    };
    assert_eq!(line["message"], EVIL);
    assert_eq!(line["field"], EVIL);
    assert_eq!(line["number"], 3);
    assert_eq!(line["ratio"], 0.5);
    assert_eq!(line["none"], "NaN");
    assert_eq!(line["target_"], "x");
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["time"], "2026-11-21T08:00:00.000000Z");
    assert!(line.get("correlation_id").is_none());
}

#[test]
fn every_line_of_a_request_carries_its_ids_without_any_span() {
    let text = logged(Look::Json, "info", || {
        let clock = clock();
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let observation = request(
            &clock,
            &[("traceparent", trace), ("x-correlation-id", "abc")],
        );
        assert!(observation.span().is_disabled());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(observation.within(async {
            observation.belongs_to(Organisation::new(42));
            tokio::task::yield_now().await;
            tracing::info!("inside");
        }));
        let error = Error::internal(codes::INTERNAL, "broken").context("doing it");
        observation.failed(&error);
        clock.advance(Duration::from_millis(12)).unwrap();
        observation.end(StatusCode::INTERNAL_SERVER_ERROR, 5);
        tracing::info!("outside");
    });
    let lines = objects(&text);
    assert_eq!(lines.len(), 4, "{text}");
    for line in &lines[..3] {
        assert_eq!(line["organisation"], 42, "{line}");
        assert_eq!(line["correlation_id"], "abc");
        assert_eq!(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    }
    assert!(
        lines[1]["trail"].as_str().unwrap().contains("lines.rs"),
        "{}",
        lines[1]
    );
    assert!(
        lines[1]["trail"].as_str().unwrap().contains("doing it"),
        "{}",
        lines[1]
    );
    let access = &lines[2];
    assert_eq!(access["target"], "access");
    assert_eq!(access["level"], "ERROR");
    assert_eq!(access["route"], "/api/things/{thing}");
    assert_eq!(
        (&access["status"], &access["bytes"]),
        (&500.into(), &5.into())
    );
    assert_eq!(access["duration_ms"], 12.0);
    assert!(lines[3].get("trace_id").is_none());
}

#[test]
fn a_request_that_nobody_waits_for_ends_with_a_line_too() {
    let text = logged(Look::Json, "info", || drop(request(&clock(), &[])));
    assert_eq!(objects(&text)[0]["status"], 499);
}

#[test]
fn levels_are_told_apart_by_target() {
    let text = logged(Look::Json, "warn,store=debug,access=off", || {
        tracing::info!(target: "edge", "no");
        tracing::debug!(target: "store::postgres", "yes");
        tracing::error!(target: "access", "no");
        tracing::warn!(target: "engine", "yes");
    });
    let messages: Vec<_> = objects(&text)
        .iter()
        .map(|line| line["message"].clone())
        .collect();
    assert_eq!(messages, ["yes", "yes"]);
}

#[test]
fn a_pretty_line_has_its_parts_in_order() {
    let text = logged(Look::Plain, "info", || {
        tracing::info!(target: "edge", port = 80, "listening");
    });
    assert_eq!(
        text,
        "2026-11-21T08:00:00.000000Z INFO  edge listening port=80\n"
    );
}

/// Waits until it is let go.
struct Stuck(mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _gone = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_pipe_that_nobody_empties_holds_up_nobody_and_drops_are_counted() {
    let (release, stuck) = mpsc::sync_channel(0);
    let writer = Writer::start(Stuck(stuck)).unwrap();
    let lines = writer.lines();
    for _ in 0..10_000 {
        lines.send(b"line\n");
    }
    // One line is with the thread, the queue holds so many others.
    assert!(lines.dropped() >= 10_000 - 8_192 - 1, "{}", lines.dropped());
    drop(release);
}

#[test]
fn libraries_below_tell_no_more_than_warnings() {
    let text = logged(Look::Json, "trace", || {
        tracing::trace!(target: "h2::codec", "headers");
        tracing::warn!(target: "h2::codec", "warned");
        tracing::trace!(target: "edge::server", "ours");
    });
    let messages: Vec<_> = objects(&text)
        .iter()
        .map(|line| line["message"].clone())
        .collect();
    assert_eq!(messages, ["warned", "ours"]);
}

#[test]
fn a_panic_is_written_down_once_without_what_it_said() {
    let text = logged(Look::Json, "trace", || {
        let before = std::panic::take_hook();
        super::super::panics::install();
        let ended = std::panic::catch_unwind(|| panic!("card 4111 of {}", "somebody"));
        std::panic::set_hook(before);
        assert!(ended.is_err());
    });
    let lines = objects(&text);
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0]["file"].as_str().unwrap().ends_with("lines.rs"));
    assert!(
        !text.contains("4111") && !text.contains("somebody"),
        "{text}"
    );
}
