//! `[retention]`: how long what was done is kept.

use serde::Deserialize;

use super::Span;
use super::key::{Key, Section};

pub(crate) const SECTION: Section = Section {
    name: "retention",
    about: "How long what was done is kept.",
    keys: &[
        Key::new(
            "log",
            "\"90d\"",
            "Events; every consumer must have seen them by then.",
        ),
        Key::new(
            "idempotency",
            "\"24h\"",
            "Answers kept for requests that are sent again.",
        ),
        Key::new(
            "dead_letters",
            "\"30d\"",
            "Events that a consumer could not handle.",
        ),
    ],
};

/// How long what was done is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    pub(crate) log: Span,
    pub(crate) idempotency: Span,
    pub(crate) dead_letters: Span,
}
