//! Crockford's base 32, in lower case and with one spelling only.
//!
//! Crockford also lets a reader take `O` for `0`, `I` for `1` and upper for lower case. Ids are keys of
//! caches and of idempotency records, so here each value has exactly one text.

/// How many digits spell 128 bits: 26 digits hold 130, so the first one is at most `7`.
pub(crate) const DIGITS: usize = 26;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Spells 128 bits in 26 digits, highest first, so that text order is number order.
pub(crate) fn encode(value: u128) -> String {
    (0..DIGITS)
        .rev()
        .map(|place| char::from(ALPHABET[((value >> (place * 5)) & 31) as usize]))
        .collect()
}

/// Gives the value of one digit, or nothing when it is not of the alphabet.
pub(crate) fn digit(character: char) -> Option<u128> {
    ALPHABET
        .iter()
        .zip(0_u128..)
        .find(|(letter, _)| char::from(**letter) == character)
        .map(|(_, value)| value)
}
