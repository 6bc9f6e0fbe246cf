//! How imports are shown.

use base::{Time, Uid};
use carte::transfer::{Count, Counts, Finding, Mode};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::ImportId;
use super::store::{Form, Import, Trial};

/// An import of a file into a draft.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MenuImport)]
pub(crate) struct ImportView {
    /// Which one it is.
    #[schema(value_type = String, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: ImportId,
    /// How far it is.
    #[schema(value_type = String, pattern = "^(receiving|waiting|applying|done|refused|cancelled|failed)$")]
    state: &'static str,
    /// The form of the file.
    #[schema(value_type = String, pattern = "^(csv|json|lines)$")]
    format: Form,
    /// What becomes of parts that are not in the file: they stay, or they go.
    #[schema(value_type = String, pattern = "^(merge|replace)$")]
    mode: Mode,
    /// Whether the file is only tried.
    dry: bool,
    /// How long the file is, in bytes.
    bytes: i64,
    /// How many parts have been put or removed.
    done: i64,
    /// How many parts are to be put or removed; 0 before the file has been read.
    total: i64,
    /// How many parts of each kind become new, other, less.
    counts: CountsView,
    /// The first changes in words, where the file is only tried.
    changes: Vec<String>,
    /// How many changes there are.
    changes_total: u64,
    /// What would keep the menu from being published then, where the file is only tried.
    problems: Vec<String>,
    /// What is wrong with the file, line by line: the first thousand.
    findings: Vec<FindingView>,
    /// How much is wrong with the file.
    findings_total: u64,
    /// Why it could not go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// Who sent the file.
    by: String,
    /// When the file came.
    #[schema(value_type = String, format = DateTime)]
    started_at: Time,
    /// When nothing more was to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
}

/// One thing that is wrong in a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MenuImportFinding)]
pub(crate) struct FindingView {
    /// The line, from 1; 0 where it is about no line.
    line: u64,
    /// The cell of a table, or the character in a line of JSON, from 1; 0 for the whole line.
    column: u64,
    /// The name of the column or field; empty for the whole line.
    field: String,
    /// What is wrong, for programs.
    code: &'static str,
    /// What is wrong, for people.
    words: String,
}

/// How many parts an import touches.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MenuImportCounts)]
pub(crate) struct CountsView {
    /// Whether what holds for the whole menu changes.
    head: bool,
    /// Categories.
    categories: CountView,
    /// Items.
    items: CountView,
    /// Groups.
    groups: CountView,
}

/// How many parts of a kind an import touches.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MenuImportCount)]
pub(crate) struct CountView {
    /// Those that are new.
    added: u64,
    /// Those that are other than before.
    changed: u64,
    /// Those that go.
    removed: u64,
    /// Those of the file that are as they were.
    same: u64,
}

impl ImportView {
    /// How an import is shown.
    pub(crate) fn of(import: Import) -> Self {
        let found = import.found;
        let findings = found.findings.kept.into_iter();
        ImportView {
            id: Uid::into(import.id),
            state: import.state.name(),
            format: import.file.form,
            mode: import.file.mode,
            dry: import.file.trial == Trial::Dry,
            bytes: import.size,
            done: import.done,
            total: import.total,
            counts: CountsView::from(found.counts),
            changes: found.changes,
            changes_total: found.changes_total,
            problems: found.problems,
            findings: findings.map(FindingView::from).collect(),
            findings_total: found.findings.total,
            trouble: Some(found.trouble).filter(|trouble| !trouble.is_empty()),
            by: import.author,
            started_at: import.started_at,
            ended_at: import.ended_at,
        }
    }
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        FindingView {
            line: finding.line,
            column: finding.column,
            field: finding.field,
            code: finding.code.name(),
            words: finding.words,
        }
    }
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        CountsView {
            head: counts.head,
            categories: counts.categories.into(),
            items: counts.items.into(),
            groups: counts.groups.into(),
        }
    }
}

impl From<Count> for CountView {
    fn from(count: Count) -> Self {
        CountView {
            added: count.added,
            changed: count.changed,
            removed: count.removed,
            same: count.same,
        }
    }
}
