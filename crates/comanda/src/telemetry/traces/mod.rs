//! Traces for a collector: what a request did, kept when it was drawn, failed or was slow.
//!
//! Spans of a request are collected in memory and judged when it ends, because only then is it known whether it
//! failed. What is kept goes through a bounded queue to a task that sends it; what finds no room is dropped and
//! counted, and nobody ever waits. Without an endpoint nothing of this exists and no span is made.

mod client;
mod export;
mod spans;

#[cfg(test)]
pub(crate) use client::Client;
pub(crate) use export::Export;
#[cfg(test)]
pub(crate) use export::read_headers;
pub(crate) use spans::Spans;

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Random, Result};
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;

use crate::config::telemetry::Telemetry;

/// How many kept traces may wait to be sent.
const WAITING_MAX: usize = 1_024;

/// The spans of one request, its own one last.
pub(crate) type Trace = Vec<SpanData>;

/// Which traces are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    /// Traces whose id is below are kept, so that all nodes keep the same ones.
    pub(crate) below: u64,
    /// Longer ones are kept.
    pub(crate) slow: Duration,
}

impl Keeping {
    pub(super) fn of(ratio: f64, slow: Duration) -> Self {
        // The cast ends at the largest number, which keeps all but one of 2^64.
        let below = (ratio * u64::MAX as f64) as u64;
        Self { below, slow }
    }

    pub(super) fn keeps(self, trace_id: u128, took: Duration, failed: bool) -> bool {
        // The low half is the random one by the standard.
        failed || took >= self.slow || (trace_id as u64) < self.below
    }
}

/// Makes both ends, if there is a collector.
pub(crate) fn connect(
    settings: &Telemetry,
    clock: &Clock,
    random: &Random,
) -> Result<Option<(Spans, Arc<Export>)>> {
    let Some(endpoint) = &settings.endpoint else {
        return Ok(None);
    };
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let keeping = Keeping::of(settings.ratio, settings.slow.0);
    let spans = Spans::new(keeping, sender, clock, random);
    let export = Export::new(endpoint, settings, receiver)?;
    Ok(Some((spans, Arc::new(export))))
}
