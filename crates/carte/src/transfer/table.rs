//! Tables as spreadsheets write them: the lines and cells of a file, and the same way back.
//!
//! Read strictly: UTF-8, one separator in the whole file, quotation marks only around a whole cell. A line that cannot
//! be read is said and passed over, so that one broken line does not hide what is wrong with the others.

use super::findings::{Code, Finding, shown};

/// How many bytes a cell may have; spreadsheets hold no more either.
pub const CELL_BYTES_MAX: usize = 32 * 1024;
/// How many cells a line may have.
pub const CELLS_MAX: usize = 1_024;

const BOM: &[u8] = &[0xEF, 0xBB, 0xBF];
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// One line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file in which it begins, from 1.
    pub line: u64,
    /// Its cells.
    pub cells: Vec<String>,
}

impl Row {
    /// Says whether nothing is in it; such lines mean nothing.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// Reads the rows of a file one after the other.
#[derive(Debug)]
pub struct Rows<'a> {
    rest: &'a [u8],
    line: u64,
    separator: u8,
}

/// How a cell ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Another cell follows.
    Cell,
    /// The row is at its end.
    Row,
}

/// Why a cell cannot be read.
struct Broken {
    code: Code,
    words: &'static str,
}

impl<'a> Rows<'a> {
    /// Begins to read. The separator is the first of `,`, `;` and tab outside quotation marks.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let rest = bytes.strip_prefix(BOM).unwrap_or(bytes);
        Rows {
            rest,
            line: 1,
            separator: separator(rest),
        }
    }

    fn row(&mut self) -> Result<Row, Finding> {
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            let cell_line = self.line;
            let read = match cells.len() < CELLS_MAX {
                true => self.cell(),
                false => Err(Broken {
                    code: Code::TooLarge,
                    words: "the line has more cells than may be",
                }),
            };
            match read {
                Ok((cell, end)) => {
                    cells.push(cell);
                    if end == End::Row {
                        return Ok(Row { line, cells });
                    }
                }
                Err(broken) => {
                    self.pass_over();
                    return Err(Finding {
                        line: cell_line,
                        column: u64::try_from(cells.len()).unwrap_or(0).saturating_add(1),
                        field: String::new(),
                        code: broken.code,
                        words: broken.words.to_owned(),
                    });
                }
            }
        }
    }

    fn cell(&mut self) -> Result<(String, End), Broken> {
        match self.rest.strip_prefix(b"\"") {
            Some(rest) => {
                self.rest = rest;
                self.quoted()
            }
            None => self.plain(),
        }
    }

    /// A cell without quotation marks: up to the separator or the end of the line.
    fn plain(&mut self) -> Result<(String, End), Broken> {
        let separator = self.separator;
        let ends = |byte: &u8| matches!(*byte, b'"' | b'\n' | b'\r') || *byte == separator;
        let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (cell, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        if rest.first() == Some(&b'"') {
            return Err(Broken {
                code: Code::Quote,
                words: "a quotation mark stands inside of a cell that does not begin with one",
            });
        }
        self.rest = rest;
        let cell = text(cell.to_vec())?;
        Ok((cell, self.end()?))
    }

    /// A cell in quotation marks, in which two of them mean one.
    fn quoted(&mut self) -> Result<(String, End), Broken> {
        let mut cell = Vec::new();
        loop {
            let Some(length) = self.rest.iter().position(|byte| *byte == b'"') else {
                self.rest = &[];
                return Err(Broken {
                    code: Code::Quote,
                    words: "the quotation mark that closes the cell is missing",
                });
            };
            let (piece, rest) = self
                .rest
                .split_at_checked(length)
                .unwrap_or((self.rest, &[]));
            self.line = self.line.saturating_add(breaks(piece));
            cell.extend_from_slice(piece);
            self.rest = rest.get(1..).unwrap_or_default();
            match self.rest.strip_prefix(b"\"") {
                Some(rest) if cell.len() <= CELL_BYTES_MAX => {
                    cell.push(b'"');
                    self.rest = rest;
                }
                _ => break,
            }
        }
        let cell = text(cell)?;
        Ok((cell, self.end()?))
    }

    /// What follows a cell: a separator, the end of the line, or the end of the file.
    fn end(&mut self) -> Result<End, Broken> {
        let after = |rest: &'a [u8], count: usize| rest.get(count..).unwrap_or_default();
        match self.rest {
            [] => Ok(End::Row),
            [first, ..] if *first == self.separator => {
                self.rest = after(self.rest, 1);
                Ok(End::Cell)
            }
            [b'\r', b'\n', ..] => {
                self.rest = after(self.rest, 2);
                self.line = self.line.saturating_add(1);
                Ok(End::Row)
            }
            [b'\n' | b'\r', ..] => {
                self.rest = after(self.rest, 1);
                self.line = self.line.saturating_add(1);
                Ok(End::Row)
            }
            _ => Err(Broken {
                code: Code::Quote,
                words: "something follows the quotation mark that closes the cell",
            }),
        }
    }

    /// Goes to the next line.
    fn pass_over(&mut self) {
        let at = self
            .rest
            .iter()
            .position(|byte| matches!(*byte, b'\n' | b'\r'));
        let Some(at) = at else {
            self.rest = &[];
            return;
        };
        let ends_with_both = self.rest.get(at..at.saturating_add(2)) == Some(b"\r\n");
        let next = at.saturating_add(if ends_with_both { 2 } else { 1 });
        self.rest = self.rest.get(next..).unwrap_or_default();
        self.line = self.line.saturating_add(1);
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Finding>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(self.row())
    }
}

/// The first separator outside of quotation marks in the first line that has something in it.
fn separator(bytes: &[u8]) -> u8 {
    let mut is_quoted = false;
    for byte in bytes {
        match *byte {
            b'"' => is_quoted = !is_quoted,
            byte if !is_quoted && SEPARATORS.contains(&byte) => return byte,
            _ => {}
        }
    }
    b','
}

/// How many lines end in a piece; `\r\n` ends one.
fn breaks(piece: &[u8]) -> u64 {
    let mut breaks: u64 = 0;
    let mut before = 0;
    for byte in piece {
        let ends = match *byte {
            b'\n' => before != b'\r',
            b'\r' => true,
            _ => false,
        };
        breaks = breaks.saturating_add(u64::from(ends));
        before = *byte;
    }
    breaks
}

fn text(bytes: Vec<u8>) -> Result<String, Broken> {
    if bytes.len() > CELL_BYTES_MAX {
        return Err(Broken {
            code: Code::TooLarge,
            words: "the cell is longer than 32 KiB",
        });
    }
    let broken = |words| Broken {
        code: Code::Encoding,
        words,
    };
    let text = String::from_utf8(bytes).map_err(|_| broken("the cell is no text in UTF-8"))?;
    if text.contains('\0') {
        return Err(broken("the cell has a character that no text has"));
    }
    Ok(unmarked(text))
}

/// Says whether a spreadsheet would calculate with a cell instead of showing it.
fn is_formula(cell: &str) -> bool {
    let begins = [
        '=', '+', '-', '@', '\t', '\r', '|', '%', '＝', '＋', '－', '＠',
    ];
    cell.starts_with(begins) || cell.trim_start().starts_with(begins)
}

/// Says whether a mark in front of a cell is ours and no part of it.
fn wants_mark(cell: &str) -> bool {
    is_formula(cell.trim_start_matches('\''))
}

/// Takes the mark away that [`write_cell`] puts in front.
fn unmarked(cell: String) -> String {
    match cell.strip_prefix('\'') {
        Some(rest) if wants_mark(rest) => rest.to_owned(),
        _ => cell,
    }
}

/// Writes a cell. What a spreadsheet would take for a formula gets a mark in front that makes it a text; the reader
/// takes the mark away again.
pub fn write_cell(out: &mut String, cell: &str) {
    let mark = if wants_mark(cell) { "'" } else { "" };
    let needs_quotes =
        cell.contains([',', ';', '\t', '"', '\n', '\r']) || cell.starts_with('\u{feff}');
    if !needs_quotes {
        out.push_str(mark);
        out.push_str(cell);
        return;
    }
    out.push('"');
    out.push_str(mark);
    for piece in cell.split_inclusive('"') {
        out.push_str(piece);
        if piece.ends_with('"') {
            out.push('"');
        }
    }
    out.push('"');
}

/// Writes a row with its end.
pub fn write_row<'a>(out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (number, cell) in cells.into_iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push_str("\r\n");
}

/// A finding about a cell of a row; `column` counts from 0 here.
pub(super) fn about(
    row: &Row,
    (column, field): (usize, &str),
    code: Code,
    words: String,
) -> Finding {
    Finding {
        line: row.line,
        column: u64::try_from(column).unwrap_or(u64::MAX).saturating_add(1),
        field: field.to_owned(),
        code,
        words,
    }
}

/// A finding about a value that is none.
pub(super) fn no_value(row: &Row, at: (usize, &str), text: &str, wanted: &str) -> Finding {
    let words = match text.is_empty() {
        true => format!("here must be {wanted}"),
        false => format!("{} is not {wanted}", shown(text)),
    };
    let code = if text.is_empty() {
        Code::Missing
    } else {
        Code::Value
    };
    about(row, at, code, words)
}
