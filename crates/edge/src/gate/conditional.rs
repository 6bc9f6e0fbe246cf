//! Validators: an answer that the caller has already is not sent again.

use std::hash::{DefaultHasher, Hasher};

use http::HeaderValue;

use crate::context::write_hex;
use crate::packed::Encoding;

/// What the longest tag takes: two quotes, sixteen digits, a dash, and the name of a form.
const TAG_BYTES_MAX: usize = 32;

/// What a content is known by: the same for the same bytes, on every node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tag(u64);

impl Tag {
    pub(crate) fn of(content: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(content);
        Self(hasher.finish())
    }

    /// The strong tag of the content in one form, as a header says it: forms are different bytes, so each has its own.
    pub(crate) fn value(self, encoding: Encoding) -> Option<HeaderValue> {
        let name = encoding.name().as_bytes();
        // The quotes are there from the beginning. It is written for each answer, so by hand.
        let mut text = [b'"'; TAG_BYTES_MAX];
        write_hex(&self.0.to_be_bytes(), &mut text[1..17]);
        text[17] = b'-';
        let end = 18 + name.len();
        text[18..end].copy_from_slice(name);
        HeaderValue::from_bytes(&text[..=end]).ok()
    }

    /// The weak tag of the content, whatever form it travels in.
    pub(crate) fn weak_value(self) -> Option<HeaderValue> {
        HeaderValue::try_from(format!("W/\"{:016x}\"", self.0)).ok()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_as_the_general_way_writes_them() {
        for number in [0, 7, 0x00ab_cdef, u64::MAX, 0x0123_4567_89ab_cdef] {
            for encoding in Encoding::ALL {
                let wanted = format!("\"{number:016x}-{}\"", encoding.name());
                assert_eq!(Tag(number).value(encoding).unwrap(), wanted);
            }
        }
    }
}
