//! Compression of whole answers in memory: only what is large enough, of a kind that shrinks, and asked for.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// Smaller answers fit into one packet anyway, and compressing them costs more than answering them.
pub(crate) const BYTES_MIN: usize = 1024;

/// Larger answers would hold a thread for too long.
pub(crate) const BYTES_MAX: usize = 4 * 1024 * 1024;

/// How much work is spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effort {
    /// While somebody waits.
    Least,
    /// Once, at the start.
    Most,
}

/// The forms that a caller takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) gzip: bool,
    pub(crate) brotli: bool,
    pub(crate) zstd: bool,
}

impl Accepted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        for value in headers.get_all(ACCEPT_ENCODING) {
            for part in value.to_str().unwrap_or_default().split(',') {
                let (name, weight) = part.split_once(';').unwrap_or((part, ""));
                let weight = weight.trim().trim_start_matches("q=");
                let wanted =
                    weight.is_empty() || weight.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
                match name.trim() {
                    "gzip" | "x-gzip" => accepted.gzip = wanted,
                    "br" => accepted.brotli = wanted,
                    "zstd" => accepted.zstd = wanted,
                    _ => {}
                }
            }
        }
        accepted
    }
}

/// Compresses an answer, if it is worth it, and says how.
pub(crate) fn answer(body: &Bytes, accepted: Accepted) -> Option<(Bytes, HeaderValue)> {
    if !(BYTES_MIN..=BYTES_MAX).contains(&body.len()) {
        return None;
    }
    // While somebody waits gzip gives nearly the same size for a fraction of the time.
    match accepted {
        Accepted { gzip: true, .. } => Some((gzip(body, Effort::Least), GZIP)),
        Accepted { brotli: true, .. } => Some((brotli(body, Effort::Least), BROTLI)),
        Accepted { .. } => None,
    }
    .filter(|(smaller, _)| smaller.len() < body.len())
}

pub(crate) const GZIP: HeaderValue = HeaderValue::from_static("gzip");
pub(crate) const BROTLI: HeaderValue = HeaderValue::from_static("br");

/// Says whether a kind of content shrinks.
pub(crate) fn shrinks(media_type: &HeaderValue) -> bool {
    let text = media_type.as_bytes();
    let starts = [
        b"application/json".as_slice(),
        b"text/",
        b"application/problem+json",
        b"image/svg",
    ];
    starts.iter().any(|start| text.starts_with(start))
}

/// Compresses with gzip. Writing into memory cannot fail; if it did, nothing would be saved and the plain form is sent.
pub(crate) fn gzip(body: &Bytes, effort: Effort) -> Bytes {
    let level = match effort {
        Effort::Least => Compression::new(3),
        Effort::Most => Compression::best(),
    };
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), level);
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.map_or_else(|_| body.clone(), Bytes::from)
}

/// Compresses with brotli, as [`gzip`] does.
pub(crate) fn brotli(body: &Bytes, effort: Effort) -> Bytes {
    let (quality, window_bits) = match effort {
        Effort::Least => (3, 18),
        Effort::Most => (9, 18),
    };
    let mut smaller = Vec::with_capacity(body.len() / 3);
    let mut encoder = brotli::CompressorWriter::new(&mut smaller, 4096, quality, window_bits);
    let written = encoder.write_all(body);
    drop(encoder);
    match written {
        Ok(()) => Bytes::from(smaller),
        Err(_) => body.clone(),
    }
}

/// Compresses with zstd, as [`gzip`] does; only what is sent many times.
pub(crate) fn zstd(body: &Bytes) -> Bytes {
    /// The highest level that needs no more memory to unpack than browsers have to have.
    const LEVEL: i32 = 19;
    zstd::bulk::compress(body, LEVEL).map_or_else(|_| body.clone(), Bytes::from)
}
