//! Base 64 in the alphabet for addresses (RFC 4648, section 5), without padding.
//!
//! Reading is strict: leftover bits must be zero, so that every text has one meaning and every
//! meaning one text.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes the bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut padded = [0; 4];
        padded[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(padded);
        for place in 0..=chunk.len() {
            let letter = (bits >> (18 - 6 * place)) & 63;
            text.push(char::from(ALPHABET[letter as usize]));
        }
    }
    text
}

/// Reads the text back, or gives nothing when it was not written by [`encode`].
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        // One letter alone holds six bits, which is not yet a byte.
        let whole_bytes = chunk.len().checked_sub(1).filter(|count| *count > 0)?;
        let mut bits = 0_u32;
        for (place, letter) in chunk.iter().enumerate() {
            bits |= value(*letter)? << (18 - 6 * place);
        }
        let [_, decoded @ ..] = bits.to_be_bytes();
        let (kept, leftover) = decoded.split_at(whole_bytes);
        if leftover.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    Some(bytes)
}

fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn the_vectors_of_the_rfc_hold_without_their_padding() {
        let vectors: [(&[u8], &str); 8] = [
            (b"", ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"fooba", "Zm9vYmE"),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff], "-_8"),
        ];
        for (bytes, text) in vectors {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn other_spellings_of_the_same_bytes_are_refused() {
        for text in ["Zh", "Zg==", "Zm9", "Z", "Zm9vY", "Zm 9v", "+/8", "ä"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
