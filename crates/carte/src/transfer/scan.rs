//! Where the values of a JSON text begin and end, without reading them: so that a menu of any size is read thing by
//! thing, and what is wrong is said with its line.
//!
//! It only finds edges. Whether a piece is JSON is for the reader of the piece to say.

use super::findings::{Code, Finding};

/// A value in a text, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) line: u64,
    pub(super) column: u64,
}

/// Goes through a text from its beginning.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    line_began: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner {
            text,
            at: 0,
            line: 1,
            line_began: 0,
        }
    }

    /// The next character that is no space, without taking it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.step();
        }
        None
    }

    /// Takes the next character if it is this one.
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.step();
        }
        is_there
    }

    /// Takes the next value: a text, something in brackets, or what stands up to the next comma or bracket.
    pub(super) fn value(&mut self) -> Option<Piece<'a>> {
        let first = self.peek()?;
        let (from, line, column) = (self.at, self.line, self.column());
        match first {
            b'"' => self.pass_text(),
            b'{' | b'[' => self.pass_brackets(),
            b',' | b':' | b'}' | b']' => return None,
            _ => self.pass_word(),
        }
        let text = self.text.get(from..self.at)?;
        Some(Piece { text, line, column })
    }

    /// A finding about the place that was reached.
    pub(super) fn wrong(&self, words: &str) -> Finding {
        Finding {
            line: self.line,
            column: self.column(),
            field: String::new(),
            code: Code::Syntax,
            words: words.to_owned(),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        let is_break = self.byte() == Some(b'\n');
        self.at = self.at.saturating_add(1);
        if is_break {
            self.line = self.line.saturating_add(1);
            self.line_began = self.at;
        }
    }

    fn column(&self) -> u64 {
        let before = self.at.saturating_sub(self.line_began);
        u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn pass_text(&mut self) {
        self.step();
        while let Some(byte) = self.byte() {
            self.step();
            match byte {
                b'\\' => self.step_inside(),
                b'"' => return,
                _ => {}
            }
        }
    }

    /// Takes one more byte if there is one.
    fn step_inside(&mut self) {
        if self.byte().is_some() {
            self.step();
        }
    }

    fn pass_brackets(&mut self) {
        let mut depth: usize = 0;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.pass_text();
                    continue;
                }
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.step();
            if depth == 0 {
                return;
            }
        }
    }

    fn pass_word(&mut self) {
        while let Some(byte) = self.byte() {
            if byte.is_ascii_whitespace()
                || matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')
            {
                return;
            }
            self.step();
        }
    }
}

impl Piece<'_> {
    /// Reads the piece as what it is to be.
    pub(super) fn read<T: serde::de::DeserializeOwned>(&self, field: &str) -> Result<T, Finding> {
        serde_json::from_str(self.text).map_err(|error| {
            let line = u64::try_from(error.line()).unwrap_or(1).max(1);
            let column = u64::try_from(error.column()).unwrap_or(0);
            let (down, right) = match line {
                1 => (0, self.column.saturating_add(column).saturating_sub(1)),
                _ => (line.saturating_sub(1), column),
            };
            Finding {
                line: self.line.saturating_add(down),
                column: right,
                field: field.to_owned(),
                code: Code::Syntax,
                words: said(&error),
            }
        })
    }
}

/// What the reader says, without its own place, which counts from the piece.
fn said(error: &serde_json::Error) -> String {
    const CHARS_MAX: usize = 200;
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(said, _)| said);
    text.chars()
        .filter(|c| !c.is_control())
        .take(CHARS_MAX)
        .collect()
}
