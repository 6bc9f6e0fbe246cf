//! The task that sends kept traces to the collector, in batches.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use base::{Error, Result, codes};
use engine::Stop;
use http::{HeaderName, HeaderValue, Uri};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;

use super::Trace;
use super::client::{Client, SEND_WITHIN};
use crate::config::telemetry::Telemetry;

/// How many traces are sent at once.
const BATCH_TRACES_MAX: usize = 256;
/// How long a batch fills.
const FILL: Duration = Duration::from_millis(500);
/// How long nothing is sent after a failure.
const REST: Duration = Duration::from_secs(2);
/// How much of a file of headers is read.
const HEADERS_BYTES_MAX: u64 = 16 * 1024;

/// Sends traces.
pub(crate) struct Export {
    exporter: SpanExporter,
    /// The task may be started again, and then goes on with the same queue.
    queue: Mutex<Receiver<Trace>>,
}

impl Export {
    pub(super) fn new(
        endpoint: &str,
        settings: &Telemetry,
        queue: Receiver<Trace>,
    ) -> Result<Self> {
        let uri: Uri = endpoint.parse().map_err(|_| {
            Error::invalid(codes::LINE_MALFORMED, "`telemetry.endpoint` is no address")
        })?;
        let client = Client::for_endpoint(&uri, settings.certificates.as_deref())?;
        let headers = settings.headers_file.as_deref().map(read_headers);
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(endpoint)
            .with_timeout(SEND_WITHIN)
            .with_headers(headers.transpose()?.unwrap_or_default())
            .build()
            .map_err(|error| {
                let text = format!("traces cannot be exported: {error}");
                Error::invalid(codes::LINE_MALFORMED, text)
            })?;
        let attributes = [
            KeyValue::new("service.name", "comanda"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("process.pid", i64::from(std::process::id())),
        ];
        exporter.set_resource(
            &Resource::builder_empty()
                .with_attributes(attributes)
                .build(),
        );
        let queue = Mutex::new(queue);
        Ok(Self { exporter, queue })
    }

    /// Sends until the end, and then what is left.
    pub(crate) async fn run(&self, stop: &Stop) -> Result<()> {
        let mut queue = self.queue.lock().await;
        let mut traces = Vec::with_capacity(BATCH_TRACES_MAX);
        while !stop.is_stopping() {
            tokio::select! {
                () = stop.stopped() => break,
                _ = queue.recv_many(&mut traces, 1) => {}
            }
            tokio::select! {
                () = stop.stopped() => {}
                () = tokio::time::sleep(FILL) => {}
            }
            while traces.len() < BATCH_TRACES_MAX
                && let Ok(trace) = queue.try_recv()
            {
                traces.push(trace);
            }
            if !self.send(&mut traces).await {
                tokio::select! {
                    () = stop.stopped() => break,
                    () = tokio::time::sleep(REST) => {}
                }
            }
        }
        while let Ok(trace) = queue.try_recv() {
            traces.push(trace);
        }
        if !traces.is_empty() {
            self.send(&mut traces).await;
        }
        Ok(())
    }

    /// Sends a batch once. What the collector does not take is dropped: it is not worth to be waited for.
    async fn send(&self, traces: &mut Vec<Trace>) -> bool {
        let count = traces.len() as u64;
        let spans: Vec<SpanData> = traces.drain(..).flatten().collect();
        let sent = spans.len() as u64;
        let exported = tokio::time::timeout(2 * SEND_WITHIN, self.exporter.export(spans)).await;
        if matches!(exported, Ok(Ok(()))) {
            metrics::counter!("spans_exported_total").increment(sent);
            return true;
        }
        metrics::counter!("traces_dropped_total", "why" => "collector").increment(count);
        // The error may name the address with what stands in it; that it failed is all there is to do about.
        tracing::warn!(traces = count, "the collector did not take the traces");
        false
    }
}

/// Reads `name: value` line by line. Values are secrets, so no message repeats one.
pub(crate) fn read_headers(file: &Path) -> Result<HashMap<String, String>> {
    use std::io::Read as _;
    let refused = |text: String| Error::invalid(codes::LINE_MALFORMED, text);
    let place = file.display();
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(HEADERS_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| refused(format!("{place} cannot be read: {error}")))?;
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let (name, value) = line.split_once(':').unwrap_or_default();
            let (name, value) = (name.trim(), value.trim());
            let sound = name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok();
            let pair = (name.to_owned(), value.to_owned());
            let line = number + 1;
            sound
                .then_some(pair)
                .ok_or_else(|| refused(format!("{place}: line {line} is not `name: value`")))
        })
        .collect()
}
