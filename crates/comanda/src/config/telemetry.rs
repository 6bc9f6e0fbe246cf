//! `[telemetry]`: where traces go.

use serde::Deserialize;

use super::key::Section;

pub(crate) const SECTION: Section = Section {
    name: "telemetry",
    about: "Where traces go.",
    keys: &[],
};

/// Where traces go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {}
