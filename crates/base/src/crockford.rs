//! Crockford's base 32, in lower case and with one spelling only.
//!
//! Crockford also lets a reader take `O` for `0`, `I` for `1` and upper for lower case. Ids are keys of
//! caches and of idempotency records, so here each value has exactly one text.

/// How many digits spell 128 bits: 26 digits hold 130, so the first one is at most `7`.
pub(crate) const DIGITS: usize = 26;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What stands for no digit in the table of values: more than any digit has.
const NONE: u8 = 0xff;

/// The value of each byte as a digit.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Spells 128 bits in 26 digits, highest first, so that text order is number order.
pub(crate) fn encode(value: u128) -> [u8; DIGITS] {
    let (mut digits, mut rest) = ([0; DIGITS], value);
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    digits
}

/// Reads 128 bits from exactly 26 digits; nothing where anything about the text is wrong.
pub(crate) fn decode(text: &str) -> Option<u128> {
    let digits: &[u8; DIGITS] = text.as_bytes().try_into().ok()?;
    let (mut value, mut all) = (0_u128, 0);
    for byte in digits {
        let digit = VALUES[usize::from(*byte)];
        all |= digit;
        value = value << 5 | u128::from(digit);
    }
    let fits = VALUES[usize::from(digits[0])] <= 7;
    (fits && all <= 31).then_some(value)
}

/// Whether a character is a digit.
pub(crate) fn is_digit(character: char) -> bool {
    u8::try_from(character).is_ok_and(|byte| VALUES[usize::from(byte)] != NONE)
}
