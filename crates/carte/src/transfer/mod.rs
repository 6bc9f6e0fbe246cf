//! Menus as files: written for people and their spreadsheets, and read again strictly.
//!
//! Three forms, all of which hold the whole menu: a table (CSV), a document (JSON), and a part in each line (JSON).
//! Reading goes in two steps. [`read_csv`] and its sisters say what a file says, and what is wrong in which line;
//! [`plan`] says what that means for a draft: things find each other by our ids or by external ids, what is new gets an
//! id, and what changes is an [`Edit`](super::Edit).

mod columns;
mod findings;
mod line;
mod loose;
mod names;
mod plan;
mod read_csv;
mod read_json;
mod scan;
mod table;
mod write_csv;
mod write_json;

pub use findings::{Code, Finding, Findings, KEPT_MAX};
pub use loose::Read;
pub use plan::{Count, Counts, Mode, Plan, plan};
pub use read_csv::read_csv;
pub use read_json::{read_json, read_lines};
pub use table::{CELL_BYTES_MAX, CELLS_MAX, Row, Rows, write_cell, write_row};
pub use write_csv::{Sheet, TooWide};
pub use write_json::{Document, Lines};
