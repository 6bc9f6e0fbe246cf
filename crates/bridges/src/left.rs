//! Notices that were verified and say nothing that we can use: they are accepted, or they would come for days, but never
//! without a word.

use rpc::providers::Notice;

use crate::said::word;

/// Why a verified notice is left alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// It is of a kind that we do not know.
    Unknown,
    /// It is of a kind that we know, and does not say what such a notice says.
    Malformed,
}

/// What a verified notice says: something, nothing that concerns us, or nothing that we can read.
pub(crate) type Told = Result<Option<Notice>, Left>;

/// The notice, if there is one; what is left alone is counted and told of.
pub(crate) fn told(provider: &'static str, kind: Option<&str>, told: Told) -> Option<Notice> {
    told.unwrap_or_else(|left| {
        let how = match left {
            Left::Unknown => "unknown_kind",
            Left::Malformed => "malformed",
        };
        let kind = kind.and_then(word).unwrap_or("nothing readable");
        tracing::warn!(provider, kind, how, "a verified notice is left alone");
        metrics::counter!("payments_notices_total", "provider" => provider, "how" => how)
            .increment(1);
        None
    })
}
