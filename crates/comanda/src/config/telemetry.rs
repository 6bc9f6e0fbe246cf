//! `[telemetry]`: where traces go.

use std::path::PathBuf;

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Span, refused};

pub(crate) const SECTION: Section = Section {
    name: "telemetry",
    about: "Where traces go: a collector that speaks OTLP over HTTP. Metrics are fetched from the admin address.",
    keys: &[
        Key::optional(
            "endpoint",
            "\"https://collector.example:4318/v1/traces\"",
            "The whole address that traces are sent to. Without it none are made.",
        ),
        Key::optional(
            "headers_file",
            "\"/etc/comanda/collector.headers\"",
            "A file with headers for the collector, one `name: value` a line, such as a token.",
        ),
        Key::optional(
            "certificates",
            "\"/etc/ssl/certs/ca-certificates.crt\"",
            "The file of the authorities that the collector's certificate is checked by; the system's if not set.",
        ),
        Key::new(
            "ratio",
            "0.05",
            "The part of traces that is kept, from 0 to 1. Those that failed or were slow are always kept.",
        ),
        Key::new("slow", "\"1s\"", "A request that took longer is slow."),
    ],
};

/// Where traces go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {
    pub(crate) endpoint: Option<String>,
    pub(crate) headers_file: Option<PathBuf>,
    pub(crate) certificates: Option<PathBuf>,
    pub(crate) ratio: f64,
    pub(crate) slow: Span,
}

impl Telemetry {
    /// Refuses what cannot be used.
    pub(crate) fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.ratio) {
            return Err(refused("`telemetry.ratio` must be from 0 to 1"));
        }
        let known = |endpoint: &String| {
            let parsed = endpoint.parse::<http::Uri>().ok();
            let schemes = [Some("http"), Some("https")];
            parsed.is_some_and(|uri| schemes.contains(&uri.scheme_str()) && uri.host().is_some())
        };
        if self
            .endpoint
            .as_ref()
            .is_some_and(|endpoint| !known(endpoint))
        {
            return Err(refused(
                "`telemetry.endpoint` must be like `https://collector.example:4318/v1/traces`",
            ));
        }
        Ok(())
    }
}
