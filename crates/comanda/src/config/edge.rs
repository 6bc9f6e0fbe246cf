//! `[edge]`: what the gate lets through.

use serde::Deserialize;

use super::Span;
use super::key::{Key, Section};

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
        Key::new(
            "body_within",
            "\"10s\"",
            "How long a request may take to send its body.",
        ),
        Key::new(
            "rate_api",
            "120",
            "Requests a minute that one caller may send; 0 is without limit.",
        ),
        Key::new(
            "rate_auth",
            "5",
            "The same for routes on which secrets could be guessed.",
        ),
        Key::new(
            "rate_orders",
            "10",
            "The same for routes that place orders.",
        ),
    ],
};

/// What the gate lets through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edge {
    pub(crate) cors_origins: Vec<String>,
    pub(crate) docs: bool,
    pub(crate) body_within: Span,
    pub(crate) rate_api: u32,
    pub(crate) rate_auth: u32,
    pub(crate) rate_orders: u32,
}
