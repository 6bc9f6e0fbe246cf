//! `[log]`: what is written down.

use serde::Deserialize;

use super::key::Section;

pub(crate) const SECTION: Section = Section {
    name: "log",
    about: "What is written down.",
    keys: &[],
};

/// What is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {}
