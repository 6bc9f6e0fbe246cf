//! Words as they are compared: small letters without marks, so that `Crêpes` and `crepes` are the same word.
//!
//! Scripts that are written without blanks are cut into pairs of characters, in texts and in questions alike.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The most characters of a word; the rest of a longer one says nothing.
pub(crate) const WORD_CHARS_MAX: usize = 32;

/// From here on scripts are written without blanks, or nearly so; in the order of words all of them come last.
pub(super) const UNSPACED: char = '\u{3040}';

/// Calls `take` with each word of a text.
pub(crate) fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut word = Word::default();
    if text.is_ascii() {
        // Most texts are, and need no tables.
        for byte in text.bytes() {
            match byte.is_ascii_alphanumeric() {
                true => word.push(char::from(byte.to_ascii_lowercase())),
                false => word.end(&mut take),
            }
        }
    } else {
        for char in text.nfkd().filter(|char| !is_combining_mark(*char)) {
            match char.is_alphanumeric() {
                true => char.to_lowercase().for_each(|small| word.fold(small)),
                false => word.end(&mut take),
            }
        }
    }
    word.end(&mut take);
}

/// The words of a text, at most so many.
pub(crate) fn words(text: &str, max: usize) -> Vec<String> {
    let mut all = Vec::new();
    each_word(text, |word| {
        if all.len() < max {
            all.push(word.to_owned());
        }
    });
    all
}

/// A text as it is put in order: its words with one blank between them.
pub(crate) fn key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    each_word(text, |word| {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    });
    key
}

/// Whether a word is of a script that is written without blanks.
pub(super) fn is_unspaced(char: char) -> bool {
    matches!(char, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The word that is being read.
#[derive(Default)]
struct Word {
    text: String,
    chars: usize,
}

impl Word {
    fn push(&mut self, char: char) {
        if self.chars < WORD_CHARS_MAX {
            self.text.push(char);
            self.chars += 1;
        }
    }

    /// Letters that have no parts but are written with two where a keyboard lacks them.
    fn fold(&mut self, char: char) {
        match char {
            'ß' => "ss".chars().for_each(|plain| self.push(plain)),
            'æ' => "ae".chars().for_each(|plain| self.push(plain)),
            'œ' => "oe".chars().for_each(|plain| self.push(plain)),
            'ø' => self.push('o'),
            'ł' => self.push('l'),
            'đ' | 'ð' => self.push('d'),
            'þ' => "th".chars().for_each(|plain| self.push(plain)),
            'ı' => self.push('i'),
            // Greek writes the last one of a word in another way.
            'ς' => self.push('σ'),
            other => self.push(other),
        }
    }

    fn end(&mut self, take: &mut impl FnMut(&str)) {
        if self.text.is_empty() {
            return;
        }
        if self.text.contains(is_unspaced) {
            self.pairs(take);
        } else {
            take(&self.text);
        }
        self.text.clear();
        self.chars = 0;
    }

    fn pairs(&self, take: &mut impl FnMut(&str)) {
        let chars: Vec<char> = self.text.chars().collect();
        match chars.as_slice() {
            [_] => take(&self.text),
            more => {
                for pair in more.windows(2) {
                    take(&String::from_iter(pair));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_however_they_are_written() {
        for (text, expected) in [
            ("Crêpes  Suzette", "crepes suzette"),
            ("CRE\u{302}PES-suzette", "crepes suzette"),
            ("Weißwurst & Bröd", "weisswurst brod"),
            ("Smørrebrød", "smorrebrod"),
            ("ΚΑΦΕΣ καφές", "καφεσ καφεσ"),
            ("İstanbul", "istanbul"),
            ("½ Huhn", "1 2 huhn"),
            ("寿司太郎", "寿司 司太 太郎"),
            ("麺", "麺"),
            ("한식", "한식"),
            ("  ", ""),
        ] {
            let all = words(text, 9).join(" ");
            let expected: String = match text.contains('한') {
                true => expected.nfkd().collect(),
                false => expected.to_owned(),
            };
            assert_eq!(all, expected, "{text}");
        }
        assert_eq!(key(" Da  Lucia! "), "da lucia");
        assert_eq!(words(&"x".repeat(100), 9)[0].len(), WORD_CHARS_MAX);
        assert_eq!(words("a b c", 2), ["a", "b"]);
    }
}
