//! Recovery codes: sixteen letters for who has lost telephone and passkey, each good for once.

use base::Random;
use zeroize::Zeroizing;

/// How many somebody gets.
pub(crate) const CODES: usize = 10;
/// How many letters one has, of five bits each.
const LETTERS: usize = 16;
/// Without letters that are taken for others.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Draws a code.
pub(crate) fn draw(random: &Random) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; LETTERS]);
    random.fill(&mut *bytes);
    let letters = bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    Zeroizing::new(letters.collect())
}

/// The code as people read it, in groups of four.
pub(crate) fn shown(code: &str) -> Zeroizing<String> {
    let mut shown = Zeroizing::new(String::with_capacity(LETTERS + LETTERS / 4));
    for (place, letter) in code.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            shown.push('-');
        }
        shown.push(letter);
    }
    shown
}

/// The code that was meant by what was typed.
pub(crate) fn read(typed: &str) -> Option<Zeroizing<String>> {
    let mut code = Zeroizing::new(String::with_capacity(LETTERS));
    for letter in typed.chars().filter(|letter| !" -".contains(*letter)) {
        let letter = match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        let is_known = u8::try_from(letter).is_ok_and(|byte| ALPHABET.contains(&byte));
        if !is_known || code.len() >= LETTERS {
            return None;
        }
        code.push(letter);
    }
    (code.len() == LETTERS).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = draw(&Random::seeded(1));
        let (shown, loud) = (shown(&code), code.to_uppercase());
        for typed in [
            code.as_str(),
            shown.as_str(),
            &loud,
            &format!(" {} ", shown.replace('-', " ")),
        ] {
            assert_eq!(*read(typed).unwrap(), *code);
        }
        assert_eq!(*read("OIL0-0000-0000-0000").unwrap(), "0110000000000000");
        for wrong in [
            "",
            "0000-0000-0000-000",
            "0000-0000-0000-00000",
            "u000-0000-0000-0000",
            "é000000000000000",
        ] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
