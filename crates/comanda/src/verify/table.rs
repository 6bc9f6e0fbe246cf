//! What `verify` found, as people and as programs read it.

use base::{Error, Result, codes};
use serde::Serialize;
use store::verify::{Finding, Verified};

/// Findings that are printed; the count tells of the others.
const SHOWN_MAX: usize = 100;
const HEADS: [&str; 5] = ["database", "table", "key", "where", "what"];

/// For programs.
#[derive(Serialize)]
struct Report<'v> {
    sound: bool,
    events: u64,
    records: u64,
    folded: u64,
    notes: &'v [String],
    findings: Vec<Line<'v>>,
    /// Findings that were not kept.
    more: u64,
}

#[derive(Serialize)]
struct Line<'v> {
    database: &'v str,
    table: &'v str,
    key: &'v str,
    file: Option<String>,
    offset: Option<u64>,
    what: &'v str,
}

/// Everything as JSON.
pub(crate) fn json(verified: &Verified) -> Result<String> {
    let file = |finding: &Finding| finding.file.as_ref().map(|file| file.display().to_string());
    let findings = verified.findings.iter().map(|finding| Line {
        database: &finding.database,
        table: &finding.table,
        key: &finding.key,
        file: file(finding),
        offset: finding.offset,
        what: &finding.what,
    });
    let report = Report {
        sound: verified.is_sound(),
        events: verified.events,
        records: verified.records,
        folded: verified.folded,
        notes: &verified.notes,
        findings: findings.collect(),
        more: verified.more,
    };
    serde_json::to_string_pretty(&report)
        .map_err(|error| Error::internal(codes::INTERNAL, error.to_string()))
}

/// Everything as a table.
pub(crate) fn print(verified: &Verified) {
    println!(
        "{} events, {} commits and answers, {} folded rows were read",
        verified.events, verified.records, verified.folded
    );
    for note in &verified.notes {
        println!("  {note}");
    }
    if verified.is_sound() {
        println!("nothing is damaged");
        return;
    }
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(verified.findings.iter().take(SHOWN_MAX).map(row));
    let mut widths = [0; HEADS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("{}", cells.join("  ").trim_end());
    }
    let count = verified.findings.len() as u64 + verified.more;
    println!("{count} findings");
}

fn row(finding: &Finding) -> [String; HEADS.len()] {
    let word = |word: &str| match word {
        "" => "-".to_owned(),
        word => word.to_owned(),
    };
    let file = finding.file.as_ref().map(|file| file.display().to_string());
    let place = match (file, finding.offset) {
        (Some(file), Some(offset)) => format!("{file} at byte {offset}"),
        (Some(file), None) => file,
        (None, _) => "-".to_owned(),
    };
    [
        finding.database.clone(),
        word(&finding.table),
        word(&finding.key),
        place,
        finding.what.clone(),
    ]
}
