//! Rust source with all that is not code blanked out, so that counting braces is enough to measure it.

/// Replaces comments and the insides of strings and characters by spaces; lines stay where they are.
pub(crate) fn blank(text: &str) -> Vec<char> {
    let source: Vec<char> = text.chars().collect();
    let mut out = source.clone();
    let mut at = 0;
    while at < source.len() {
        let end = match token(&source, at) {
            Some(end) => {
                wipe(&mut out, at, end);
                end
            }
            // A whole word at once, so that the `r` of `for` does not begin a raw string.
            None if is_word(source[at]) => word_end(&source, at),
            None => at + 1,
        };
        at = end.max(at + 1);
    }
    out
}

/// Whether a character is part of a name or keyword.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Where the word that begins here ends.
pub(crate) fn word_end(source: &[char], start: usize) -> usize {
    let length = source[start..].iter().take_while(|c| is_word(**c)).count();
    start + length
}

fn wipe(out: &mut [char], start: usize, end: usize) {
    let end = end.min(out.len());
    for character in &mut out[start..end] {
        if *character != '\n' {
            *character = ' ';
        }
    }
}

/// The end of the comment, string or character that begins here, if one does.
fn token(source: &[char], at: usize) -> Option<usize> {
    let next = |offset: usize| source.get(at + offset).copied();
    match (source[at], next(1)) {
        ('/', Some('/')) => Some(find(source, at, |c| c == '\n')),
        ('/', Some('*')) => Some(block_comment(source, at)),
        ('"', _) => Some(quoted(source, at + 1, '"')),
        ('b' | 'c', Some('"')) => Some(quoted(source, at + 2, '"')),
        ('r', Some('"' | '#')) => raw(source, at + 1),
        ('b' | 'c', Some('r')) if matches!(next(2), Some('"' | '#')) => raw(source, at + 2),
        ('b', Some('\'')) => Some(quoted(source, at + 2, '\'')),
        ('\'', Some('\\')) => Some(quoted(source, at + 1, '\'')),
        // Anything else after a quote is a lifetime.
        ('\'', Some(_)) if next(2) == Some('\'') => Some(at + 3),
        _ => None,
    }
}

fn find(source: &[char], start: usize, is_end: impl Fn(char) -> bool) -> usize {
    let length = source[start..].iter().take_while(|c| !is_end(**c)).count();
    start + length
}

fn block_comment(source: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at + 1 < source.len() {
        match (source[at], source[at + 1]) {
            ('/', '*') => {
                depth += 1;
                at += 2;
            }
            ('*', '/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    source.len()
}

fn quoted(source: &[char], inside: usize, quote: char) -> usize {
    let mut at = inside;
    while at < source.len() && source[at] != quote {
        at += if source[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// A raw string ends at a quote and as many hashes as it began with. No quote after the hashes: a raw name.
fn raw(source: &[char], hashes_at: usize) -> Option<usize> {
    let quote_at = find(source, hashes_at, |c| c != '#');
    if source.get(quote_at) != Some(&'"') {
        return None;
    }
    let hashes = &source[hashes_at..quote_at];
    let mut at = quote_at + 1;
    while at < source.len() {
        if source[at] == '"' && source[at + 1..].starts_with(hashes) {
            return Some(at + 1 + hashes.len());
        }
        at += 1;
    }
    Some(source.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        let blanked: String = blank(text).into_iter().collect();
        assert_eq!(blanked.lines().count(), text.lines().count());
        blanked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_go() {
        assert_eq!(kept("a // {\nb /* { /* { */ } */ c"), "a b c");
    }

    #[test]
    fn strings_and_characters_go() {
        assert_eq!(
            kept(r#"a("{\"{", '{', '\'', b'{', b"{") }"#),
            "a( , , , , ) }"
        );
        assert_eq!(kept("a(r#\"{\"{\"#, br\"{\", r\"\\\") b"), "a( , , ) b");
    }

    #[test]
    fn lifetimes_raw_names_and_words_stay() {
        assert_eq!(
            kept("fn a<'a>(r#type: &'a str) {}"),
            "fn a<'a>(r#type: &'a str) {}"
        );
        assert_eq!(kept("for x in bar {}"), "for x in bar {}");
    }
}
