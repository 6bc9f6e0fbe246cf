//! `[edge]`: what the gate lets through.

use serde::Deserialize;

use super::key::{Key, Section};
use super::{Size, Span};

pub(crate) const SECTION: Section = Section {
    name: "edge",
    about: "What the gate lets through.",
    keys: &[
        Key::new(
            "cors_origins",
            "[]",
            "Origins of other sites whose pages may call the API, such as \"https://shop.example.com\".",
        ),
        Key::new("docs", "true", "Whether /docs shows the API to everybody."),
        Key::new("body_max", "\"256KiB\"", "The largest JSON body."),
        Key::new(
            "deadline",
            "\"10s\"",
            "How long a request may take where its route says nothing else.",
        ),
    ],
};

/// What the gate lets through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edge {
    pub(crate) cors_origins: Vec<String>,
    pub(crate) docs: bool,
    pub(crate) body_max: Size,
    pub(crate) deadline: Span,
}
