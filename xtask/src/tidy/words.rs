//! Words that must not be committed.

use super::files::Source;

/// In pieces, so that this file may contain them.
const FORBIDDEN: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// An open end belongs into an issue, where somebody sees it.
pub(crate) fn check(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|word| FORBIDDEN.contains(word)) {
            let path = source.path.display();
            let number = index + 1;
            complaints.push(format!("{path}:{number}: {word}; open an issue instead"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_end_is_refused_but_not_a_word_that_contains_it() {
        let word = FORBIDDEN[0];
        let source = Source {
            path: "a.rs".into(),
            text: format!("fn a() {{}}\n// {word}: later\nlet {word}S = 1;\n"),
        };
        assert_eq!(
            check(&source),
            [format!("a.rs:2: {word}; open an issue instead")]
        );
    }
}
