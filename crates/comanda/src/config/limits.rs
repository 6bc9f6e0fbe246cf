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
        Key::new(
            "connections_per_address_max",
            "1000",
            "Those of one address; without meaning behind a proxy, which is one address.",
        ),
        Key::new(
            "head_max",
            "\"32KiB\"",
            "The longest head of a request; at least 8KiB.",
        ),
        Key::new(
            "lame_duck",
            "\"3s\"",
            "Behind a proxy: how long requests are still taken after health says that no more should come.",
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
    pub(crate) connections_max: u32,
    pub(crate) connections_per_address_max: u32,
    pub(crate) head_max: Size,
    pub(crate) lame_duck: Span,
    pub(crate) stop_within: Span,
}

impl Limits {
    /// Refuses numbers that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        if self.connections_max == 0 || self.connections_per_address_max == 0 {
            return Err(refused(
                "`limits.connections_max` and its sister must be at least 1",
            ));
        }
        if !(8 << 10..=1 << 20).contains(&self.head_max.0) {
            return Err(refused("`limits.head_max` must be from 8KiB to 1MiB"));
        }
        if self.stop_within.0.as_secs() > 300 || self.stop_within <= self.lame_duck {
            return Err(refused(
                "`limits.stop_within` must be longer than `limits.lame_duck`, and at most 5m",
            ));
        }
        Ok(())
    }
}
