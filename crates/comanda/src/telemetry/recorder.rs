//! The recorder of metrics: everything that any part counts ends here, and is read in the format of Prometheus.

use std::time::Duration;

use base::{Clock, Error, Result, codes};
use edge::info::Build;
use edge::metrics::Readings;
use engine::Stop;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::process;

/// From half a millisecond to ten seconds; the goals of 50, 100 and 500 ms and 2 s are limits of buckets.
const SECONDS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 10.0,
];
/// How often what was recorded is summed up, so that it does not pile up where nobody fetches it.
const SUM_UP_EVERY: Duration = Duration::from_secs(5);

/// Reads what is recorded.
#[derive(Clone)]
pub(crate) struct Recorder {
    handle: PrometheusHandle,
    clock: Clock,
}

impl Recorder {
    /// Makes the recorder of this process. Do it once, before anything is counted.
    pub(crate) fn install(clock: &Clock, build: Build) -> Result<Self> {
        let refused = |error: &dyn std::fmt::Display| {
            let text = format!("the metrics cannot be recorded: {error}");
            Error::internal(codes::INTERNAL, text)
        };
        let builder = PrometheusBuilder::new()
            .set_buckets(&SECONDS)
            .map_err(|error| refused(&error))?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|error| refused(&error))?;
        describe(build);
        let clock = clock.clone();
        Ok(Self { handle, clock })
    }

    /// Sums up now and then until the end.
    pub(crate) async fn keep_up(&self, stop: &Stop) {
        loop {
            self.handle.run_upkeep();
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(SUM_UP_EVERY) => {}
            }
        }
    }

    fn note_process(&self) {
        let usage = process::usage();
        let set = |name: &'static str, value: Option<f64>| {
            if let Some(value) = value {
                metrics::gauge!(name).set(value);
            }
        };
        let number = |value: Option<u64>| value.map(|value| value as f64);
        set("process_resident_memory_bytes", number(usage.memory_bytes));
        set("process_open_fds", number(usage.open_files));
        set("process_max_fds", number(usage.open_files_max));
        set("process_threads", number(usage.threads));
        if let Some(seconds) = usage.cpu_seconds {
            metrics::counter!("process_cpu_seconds_total").absolute(seconds as u64);
        }
        let machine = process::machine();
        set("machine_cpus", number(machine.cpus));
        set("machine_memory_bytes", number(machine.memory_bytes));
        set(
            "machine_memory_available_bytes",
            number(machine.available_bytes),
        );
        set(
            "process_uptime_seconds",
            Some(self.clock.elapsed().as_secs_f64()),
        );
    }
}

impl Readings for Recorder {
    fn sum(&self, name: &str) -> Option<f64> {
        sum(&self.handle.render(), name)
    }

    fn text(&self) -> String {
        self.note_process();
        self.handle.render()
    }
}

/// Adds up the lines of one metric, whatever their labels.
fn sum(text: &str, name: &str) -> Option<f64> {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let own = rest.starts_with('{') || rest.starts_with(' ');
        let (_, value) = rest.rsplit_once(' ').filter(|_| own)?;
        value.parse::<f64>().ok()
    });
    values.fold(None, |sum: Option<f64>, value| {
        Some(sum.unwrap_or(0.0) + value)
    })
}

fn describe(build: Build) {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("http_requests_total", "Requests that were answered");
    describe_histogram!(
        "http_request_duration_seconds",
        "Time from the head of a request to its answer"
    );
    describe_gauge!(
        "http_requests_in_flight",
        "Requests that are being worked on"
    );
    describe_gauge!("health_status", "1 up, 0.5 degraded, 0 down, as last asked");
    describe_counter!(
        "log_lines_dropped_total",
        "Lines of the log that found no room"
    );
    describe_counter!(
        "traces_dropped_total",
        "Traces that found no room or did not reach the collector"
    );
    describe_counter!("spans_exported_total", "Spans that the collector took");
    describe_counter!("panics_total", "Panics, wherever they were caught");
    describe_gauge!(
        "process_resident_memory_bytes",
        "Memory that is really held"
    );
    describe_gauge!("process_open_fds", "Open files and connections");
    describe_gauge!(
        "process_max_fds",
        "How many files and connections may be open"
    );
    describe_gauge!("process_threads", "Threads");
    describe_counter!(
        "process_cpu_seconds_total",
        "Processor time since the start"
    );
    describe_gauge!("machine_cpus", "Processors that the process may use");
    describe_gauge!("machine_memory_bytes", "Memory of the machine");
    describe_gauge!(
        "machine_memory_available_bytes",
        "Memory that programs could still get"
    );
    describe_gauge!("process_uptime_seconds", "Time since the start");
    describe_gauge!("build_info", "Always 1; its labels say what runs");
    let commit = build.commit.unwrap_or("unknown");
    metrics::gauge!("build_info", "version" => build.version, "commit" => commit).set(1.0);
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn a_sum_takes_all_labels_of_a_name_and_of_no_other() {
        let text = "# TYPE hits counter\nhits{cache=\"a\"} 3\nhits{cache=\"b c\"} 4\nhits_of_others 9\n\nbare 2\n";
        assert_eq!(sum(text, "hits"), Some(7.0));
        assert_eq!(sum(text, "bare"), Some(2.0));
        assert_eq!(sum(text, "active_orders"), None);
    }
}
