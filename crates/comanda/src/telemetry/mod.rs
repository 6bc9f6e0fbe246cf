//! Logs, metrics and traces of the process: what is made in all crates ends here.
//!
//! [`Telemetry::install`] is called once, before anything else works; [`Telemetry::start`] once tasks can run.
//! `docs/observing.md` names every line, metric and span.

mod log;
mod panics;
pub(crate) mod probes;
mod process;
mod recorder;
mod traces;

#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;
use std::sync::Arc;

use base::{Clock, Error, Random, Result, codes};
use edge::Route;
use edge::info::Build;
use edge::metrics::Readings;
use engine::Tasks;
use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use crate::config;
use log::{Log, Look, Writer};
use recorder::Recorder;
use traces::{Export, Spans};

/// What runs here.
pub(crate) const BUILD: Build = Build {
    name: "comanda",
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("COMANDA_COMMIT"),
};

/// Holds what keeps logs and traces going; dropped last, it writes what is left.
pub(crate) struct Telemetry {
    clock: Clock,
    recorder: Recorder,
    export: Option<Arc<Export>>,
    _writer: Writer,
}

impl Telemetry {
    /// Takes the log, the metrics and the panics of the process from here on. Logs go to standard error.
    pub(crate) fn install(
        log: &config::log::Log,
        telemetry: &config::telemetry::Telemetry,
        clock: &Clock,
        random: &Random,
    ) -> Result<Self> {
        telemetry.check()?;
        let recorder = Recorder::install(clock, BUILD)?;
        let writer = Writer::start(std::io::stderr())?;
        let (spans, export) = match traces::connect(telemetry, clock, random)? {
            Some((spans, export)) => (Some(spans), Some(export)),
            None => (None, None),
        };
        let layer = Log {
            clock: clock.clone(),
            look: look(log.format),
            lines: writer.lines(),
        };
        let dispatch = dispatch(layer, log, spans)?;
        tracing::dispatcher::set_global_default(dispatch).map_err(|error| {
            Error::internal(codes::INTERNAL, "the log is taken already").caused_by(error)
        })?;
        panics::install();
        Ok(Self {
            clock: clock.clone(),
            recorder,
            export,
            _writer: writer,
        })
    }

    /// Starts what sums up metrics and sends traces.
    pub(crate) fn start(&self, tasks: &Tasks) {
        let recorder = self.recorder.clone();
        tasks.spawn("metrics", move |stop| {
            let recorder = recorder.clone();
            async move {
                recorder.keep_up(&stop).await;
                Ok(())
            }
        });
        if let Some(export) = self.export.clone() {
            tasks.spawn("traces", move |stop| {
                let export = Arc::clone(&export);
                async move { export.run(&stop).await }
            });
        }
    }

    /// The routes that tell about the process, for everybody: `/api/metrics` and `/api/info`.
    pub(crate) fn routes(&self) -> Vec<Route> {
        let mut routes = edge::metrics::routes(&self.readings(), &self.clock);
        let usage = Arc::new(process::usage);
        routes.extend(edge::info::routes(BUILD, self.clock.clone(), usage));
        routes
    }

    /// The route `/metrics`, for the address of those who operate.
    pub(crate) fn admin_routes(&self) -> Vec<Route> {
        edge::metrics::admin_routes(&self.readings())
    }

    fn readings(&self) -> Arc<dyn Readings> {
        Arc::new(self.recorder.clone())
    }
}

fn look(format: config::log::Format) -> Look {
    use config::log::Format;
    let terminal = std::io::stderr().is_terminal();
    match format {
        Format::Json => Look::Json,
        Format::Auto if !terminal => Look::Json,
        Format::Auto | Format::Pretty if terminal => Look::Coloured,
        Format::Auto | Format::Pretty => Look::Plain,
    }
}

/// Puts both together. The log never asks for spans, so without an exporter none are made; an empty layer in its
/// place would ask for all of them.
///
/// Of the libraries below us only warnings are written: what they tell at finer levels may quote what was sent.
fn dispatch(layer: Log, log: &config::log::Log, spans: Option<Spans>) -> Result<Dispatch> {
    let events = filter_fn(|metadata| metadata.is_event() && may_tell(metadata)).and(log.levels()?);
    let lines = Registry::default().with(layer.with_filter(events));
    Ok(match spans {
        Some(spans) => lines
            .with(spans.with_filter(filter_fn(Spans::wants)))
            .into(),
        None => lines.into(),
    })
}

/// The crates and targets of ours, whose lines are written with care.
const OURS: [&str; 17] = [
    "access",
    "backoffice",
    "base",
    "bridges",
    "catalogue",
    "comanda",
    "commerce",
    "edge",
    "engine",
    "fabric",
    "feeds",
    "fulfilment",
    "insight",
    "panic",
    "platform",
    "search",
    "store",
];

fn may_tell(metadata: &Metadata<'_>) -> bool {
    let from = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::WARN || OURS.contains(&from)
}
