//! What is wrong with a file, said where it is wrong, so that whoever made the file can mend it.

use serde::{Deserialize, Serialize};

/// How many findings are kept; those beyond are counted.
pub const KEPT_MAX: usize = 1_000;

/// How much of a text from a file is repeated in words about it.
const REPEATED_CHARS_MAX: usize = 40;

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The line, from 1.
    pub line: u64,
    /// In a table the number of the cell in its line, in JSON the character in its line; from 1, 0 for the whole line.
    pub column: u64,
    /// What of the thing it is about: the name of a column or of a field; empty for the whole line.
    pub field: String,
    /// What is wrong, for programs.
    pub code: Code,
    /// What is wrong, for people.
    pub words: String,
}

/// Makes the codes and their names at once, so that neither can be without the other.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal;)+) => {
        /// What can be wrong with a file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $name)] $code,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Code] = &[$(Code::$code),+];

            /// The name by which programs know it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Code::$code => $name,)+
                }
            }
        }
    };
}

codes! {
    /// Two things of one kind have the same key or id.
    Ambiguous = "ambiguous";
    /// A line, cell or list is larger than may be.
    TooLarge = "too_large";
    /// A column is there twice.
    ColumnTwice = "column_twice";
    /// A column is not known.
    ColumnUnknown = "column_unknown";
    /// It is not text in UTF-8, or has characters that no text has.
    Encoding = "encoding";
    /// Something that must be said is not said.
    Missing = "missing";
    /// A cell is filled that does not belong to things of this kind.
    NotOfKind = "not_of_kind";
    /// A quotation mark stands where none may, or one that closes is missing.
    Quote = "quote";
    /// It names something that is neither in the file nor in the draft.
    Reference = "reference";
    /// It is no JSON, or not of the form of a menu.
    Syntax = "syntax";
    /// Something is said twice.
    Twice = "twice";
    /// A value is none of those that may stand there.
    Value = "value";
}

/// All that is wrong with a file: the first findings, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// The first ones, in the order of the file.
    pub kept: Vec<Finding>,
    /// How many there are, also those that are not kept.
    pub total: u64,
}

impl Findings {
    /// Says whether the file may be taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        self.total = self.total.saturating_add(1);
        if self.kept.len() < KEPT_MAX {
            self.kept.push(finding);
        }
    }

    /// Puts them in the order of the file.
    pub fn sort(&mut self) {
        self.kept.sort_by_key(|one| (one.line, one.column));
    }
}

/// A piece of a file's text to be repeated in words: cut, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut chars = text.chars().filter(|c| !c.is_control());
    let mut piece: String = chars.by_ref().take(REPEATED_CHARS_MAX).collect();
    if chars.next().is_some() {
        piece.push('…');
    }
    format!("“{piece}”")
}
