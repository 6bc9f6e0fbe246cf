//! Validators: an answer that the caller has already is not sent again.

use std::hash::{DefaultHasher, Hasher};

use http::HeaderValue;

/// Gives the tag of a content, in quotes.
pub(crate) fn tag(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    format!("\"{:016x}\"", hasher.finish())
}

/// Makes a tag weak: same meaning, other bytes.
pub(crate) fn weak(tag: &HeaderValue) -> HeaderValue {
    if tag.as_bytes().starts_with(b"W/") {
        return tag.clone();
    }
    let weak = [b"W/", tag.as_bytes()].concat();
    HeaderValue::from_bytes(&weak).unwrap_or_else(|_| tag.clone())
}

/// Says whether the caller has what this tag names; as RFC 9110 compares for `If-None-Match`.
pub(crate) fn is_known(asked: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(asked), Ok(tag)) = (asked.to_str(), tag.to_str()) else {
        return false;
    };
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = bare(tag);
    asked.trim() == "*" || asked.split(',').any(|one| bare(one) == tag)
}
