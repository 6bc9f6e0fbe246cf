//! Finds functions in blanked source: how long they are and how many parameters they take.

use super::code::{is_word, word_end};

/// A function with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) line: usize,
    /// From its `fn` to its closing brace.
    pub(crate) lines: usize,
    /// With `self`, as clippy counts.
    pub(crate) parameters: usize,
}

/// All functions with bodies; those inside of others count for both.
pub(crate) fn find(code: &[char]) -> Vec<Function> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while at < code.len() {
        if code[at] == '\n' {
            line += 1;
        }
        if !is_word(code[at]) {
            at += 1;
            continue;
        }
        let end = word_end(code, at);
        if code[at..end] == ['f', 'n'] {
            found.extend(function(code, at, end, line));
        }
        at = end;
    }
    found
}

/// Reads a function from its `fn`. None for function types and for declarations without a body.
fn function(code: &[char], start: usize, after_fn: usize, line: usize) -> Option<Function> {
    let name_at = skip_space(code, after_fn);
    let name_end = word_end(code, name_at);
    if name_end == name_at {
        return None;
    }
    let mut at = skip_space(code, name_end);
    if code.get(at) == Some(&'<') {
        at = skip_space(code, angles_end(code, at)?);
    }
    if code.get(at) != Some(&'(') {
        return None;
    }
    let parameters_end = group_end(code, at)?;
    let parameters = count_parameters(&code[at + 1..parameters_end - 1]);
    let body = body_start(code, parameters_end)?;
    let end = group_end(code, body)?;
    let newlines = code[start..end].iter().filter(|c| **c == '\n').count();
    Some(Function {
        name: code[name_at..name_end].iter().collect(),
        line,
        lines: newlines + 1,
        parameters,
    })
}

fn skip_space(code: &[char], start: usize) -> usize {
    let length = code[start..]
        .iter()
        .take_while(|c| c.is_whitespace())
        .count();
    start + length
}

/// The end of `<…>`. The `>` of an arrow does not close it.
fn angles_end(code: &[char], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for at in start..code.len() {
        match code[at] {
            '<' => depth += 1,
            '>' if code[at - 1] != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The end of a group in round, square or curly brackets that begins here.
fn group_end(code: &[char], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in code.iter().enumerate().skip(start) {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The brace that opens the body, past the result type and the `where` clause.
fn body_start(code: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    while at < code.len() {
        match code[at] {
            '{' => return Some(at),
            ';' => return None,
            '(' | '[' => at = group_end(code, at)?,
            _ => at += 1,
        }
    }
    None
}

/// Counts what stands between commas that are in no bracket of any kind.
fn count_parameters(inside: &[char]) -> usize {
    let mut depth = 0_i64;
    let mut count = 0;
    let mut is_empty = true;
    for (at, character) in inside.iter().enumerate() {
        let is_arrow = *character == '>' && at > 0 && inside[at - 1] == '-';
        match character {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if !is_arrow => depth -= 1,
            ',' if depth == 0 => {
                count += 1;
                is_empty = true;
                continue;
            }
            _ => {}
        }
        is_empty &= character.is_whitespace();
    }
    count + usize::from(!is_empty)
}

#[cfg(test)]
mod tests {
    use super::super::code::blank;
    use super::*;

    fn measured(text: &str) -> Vec<(String, usize, usize, usize)> {
        let functions = find(&blank(text)).into_iter();
        functions
            .map(|f| (f.name, f.line, f.lines, f.parameters))
            .collect()
    }

    #[test]
    fn lines_and_parameters_are_counted() {
        let text = "\n/// fn no(\npub fn one(&self, a: u8,) -> u8 {\n    a\n}\n";
        assert_eq!(measured(text), [("one".to_owned(), 3, 3, 2)]);
    }

    #[test]
    fn generics_patterns_and_arrows_do_not_confuse() {
        let text = "fn f<F: Fn(u8, u8) -> u8, const N: usize>(
            map: HashMap<K, V>, (a, b): (u8, u8), call: impl Fn(u8) -> Vec<u8>, list: [u8; 3],
        ) -> [u8; 3] where F: Fn([u8; 2]) -> u8 { let x = \"}\"; }";
        assert_eq!(measured(text), [("f".to_owned(), 1, 3, 4)]);
    }

    #[test]
    fn types_and_declarations_are_no_functions() {
        assert_eq!(
            measured("trait T { fn f(&self); } type F = fn(u8) -> u8;"),
            []
        );
        assert_eq!(measured("macro_rules! m { () => { fn $name() {} } }"), []);
    }

    #[test]
    fn inner_functions_count_for_both() {
        let text = "fn outer() {\n    fn inner() {\n    }\n}";
        let names = measured(text);
        assert_eq!(
            names,
            [("outer".to_owned(), 1, 4, 0), ("inner".to_owned(), 2, 2, 0)]
        );
    }
}
