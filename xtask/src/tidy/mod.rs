//! `cargo xtask tidy`, and the same as a test: what the workspace keeps to and the compiler does not check.
//!
//! Sizes keep files and functions readable; the table of who may use whom keeps the architecture.

mod code;
mod depends;
mod files;
mod functions;
mod lock;
mod planted;
mod sizes;
mod words;

use crate::workspace::Workspace;
use crate::{Outcome, place, table};

/// Prints the sizes of every crate, and each thing that is against the rules.
pub(crate) fn tidy() -> Outcome {
    let workspace = Workspace::read()?;
    let report = inspect(&workspace)?;
    let head = [
        "crate",
        "files",
        "lines",
        "largest file",
        "longest function",
        "most parameters",
    ];
    table::print(head, &report.rows);
    for complaint in &report.complaints {
        eprintln!("  {complaint}");
    }
    match report.complaints.len() {
        0 => Ok(()),
        count => Err(format!(
            "{count} things are against the rules of the workspace"
        )),
    }
}

struct Report {
    rows: Vec<[String; 6]>,
    complaints: Vec<String>,
}

fn inspect(workspace: &Workspace) -> Outcome<Report> {
    let mut rows = Vec::new();
    let mut complaints = depends::check(&workspace.members);
    for member in &workspace.members {
        let sources = files::read(&member.folder, &["rs"])?;
        let measured = sizes::measure(&member.name, &sources);
        rows.push(measured.row);
        complaints.extend(measured.complaints);
    }
    for source in files::read(&place::root(), &["rs", "sql", "toml", "sh", "yml", "yaml"])? {
        complaints.extend(words::check(&source));
        complaints.extend(planted::check(&source));
    }
    let lock = place::root().join("Cargo.lock");
    let text = std::fs::read_to_string(&lock).map_err(|error| format!("Cargo.lock: {error}"))?;
    complaints.extend(lock::check(&text));
    Ok(Report { rows, complaints })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let report = inspect(&Workspace::read().unwrap()).unwrap();
        assert_eq!(report.complaints, [] as [String; 0]);
    }
}
