//! `[log]`: what is written down, and how.

use serde::Deserialize;
use tracing_subscriber::filter::Targets;

use base::Result;

use super::key::{Key, Section};
use super::refused;

pub(crate) const SECTION: Section = Section {
    name: "log",
    about: "What is written down, and how. Lines go to standard error.",
    keys: &[
        Key::new(
            "format",
            "\"auto\"",
            "`json`, one object a line; `pretty`, for people; `auto` is pretty on a terminal and JSON elsewhere.",
        ),
        Key::new(
            "levels",
            "\"info\"",
            "How much: off, error, warn, info, debug or trace, and by part of the program, as in `info,store=debug,access=off`.",
        ),
    ],
};

/// What is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: Format,
    levels: String,
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Auto,
    Json,
    Pretty,
}

impl Log {
    /// Reads which lines are written.
    pub(crate) fn levels(&self) -> Result<Targets> {
        read_levels(&self.levels)
    }
}

/// Reads levels by part of the program.
pub(crate) fn read_levels(text: &str) -> Result<Targets> {
    text.parse::<Targets>().map_err(|_| {
        refused(format!(
            "`log.levels` cannot be used: `{text}` is not like `info,store=debug`"
        ))
    })
}
