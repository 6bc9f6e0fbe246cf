//! `[limits]`: how much of this machine the platform takes.

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Size, Span, refused};

pub(crate) const SECTION: Section = Section {
    name: "limits",
    about: "How much of this machine the platform takes.",
    keys: &[
        Key::new(
            "connections_max",
            "10000",
            "Connections that may be open at once.",
        ),
        Key::new("cache_max", "\"64MiB\"", "Memory for caches."),
        Key::new(
            "open_files_reserve",
            "256",
            "Open files that connections never take: they are for databases, logs and certificates.",
        ),
        Key::new(
            "stop_within",
            "\"30s\"",
            "How long requests under way may take after the signal to stop.",
        ),
    ],
};

/// How much of this machine the platform takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) connections_max: usize,
    pub(crate) cache_max: Size,
    pub(crate) open_files_reserve: u64,
    pub(crate) stop_within: Span,
}

impl Limits {
    /// Refuses numbers that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        if self.connections_max == 0 {
            return Err(refused("`limits.connections_max` must be at least 1"));
        }
        if self.stop_within.0.as_secs() > 300 {
            return Err(refused("`limits.stop_within` must be at most 5m"));
        }
        Ok(())
    }
}
