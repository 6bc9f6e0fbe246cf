//! `[retention]`: how long what was done is kept.

use serde::Deserialize;

use super::Span;
use super::key::{Key, Section};

pub(crate) const SECTION: Section = Section {
    name: "retention",
    about: "How long what was done is kept.",
    keys: &[
        Key::optional(
            "log",
            "\"3650d\"",
            "Events. For ever when nothing is said: tables can be made again from them.",
        ),
        Key::new(
            "answers",
            "\"30d\"",
            "Answers kept for requests that are sent again. Less than 30 days counts as 30 days, here and below.",
        ),
        Key::new(
            "commits",
            "\"30d\"",
            "Ids of stored commits, by which a commit that is sent again is known.",
        ),
        Key::optional(
            "dead_letters",
            "\"365d\"",
            "Events that a consumer could not handle. For ever when nothing is said.",
        ),
    ],
};

/// How long what was done is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    pub(crate) log: Option<Span>,
    pub(crate) answers: Span,
    pub(crate) commits: Span,
    pub(crate) dead_letters: Option<Span>,
}
