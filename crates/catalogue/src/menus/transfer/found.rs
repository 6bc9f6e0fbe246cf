//! What reading a file has brought: what is wrong with it, or what it changes, in numbers and words.

use base::{Organisation, Uid};
use carte::transfer::{Counts, Findings, Plan, Read, plan, read_csv, read_json, read_lines};
use carte::{Draft, EDIT_PARTS_MAX, Edit, Menu, check, difference};
use serde::{Deserialize, Serialize};

use super::store::{File, Form, Trial};

/// How many changes, and how many things that would keep the menu from being published, are told in words.
const TOLD_MAX: usize = 200;

/// What is known of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Found {
    /// What is wrong with it, line by line.
    pub(crate) findings: Findings,
    /// How many things become new, other, less.
    pub(crate) counts: Counts,
    /// The first changes in words, when it is only tried.
    pub(crate) changes: Vec<String>,
    /// How many changes there are in all.
    pub(crate) changes_total: u64,
    /// What would keep the menu from being published then, when it is only tried.
    pub(crate) problems: Vec<String>,
    /// Why it could not go on.
    pub(crate) trouble: String,
}

/// What is known of a file, and what is to be done.
pub(super) struct Reading {
    pub(super) found: Found,
    /// Nothing where something is wrong or it was only tried.
    pub(super) plan: Option<Plan>,
}

impl Reading {
    /// What is to be done, in edits of a size that is taken; in one, if it fits.
    pub(super) fn edits(plan: Option<Plan>) -> Vec<Edit> {
        let edit = plan.map(|plan| plan.edit).unwrap_or_default();
        match edit.puts.len().saturating_add(edit.removes.len()) {
            0 => Vec::new(),
            1..=EDIT_PARTS_MAX => vec![edit],
            _ => edit.pieces(),
        }
    }
}

/// Reads a file against a draft. It takes seconds for large ones, so it is called beside the tasks that answer.
pub(super) fn read(
    bytes: &[u8],
    file: File,
    (draft, organisation): (&Draft, Organisation),
    new_id: &mut dyn FnMut() -> Uid,
) -> Reading {
    let currency = draft.head.as_ref().map(|head| head.currency);
    let read: Read = match file.form {
        Form::Csv => read_csv(bytes, currency),
        Form::Json => read_json(bytes),
        Form::Lines => read_lines(bytes),
    };
    let planned = plan(read, draft, file.mode, organisation, new_id);
    match planned {
        Err(findings) => Reading {
            found: Found {
                findings,
                ..Found::default()
            },
            plan: None,
        },
        Ok(plan) => {
            let mut found = Found {
                counts: plan.counts,
                ..Found::default()
            };
            match file.trial {
                Trial::Real => Reading {
                    found,
                    plan: Some(plan),
                },
                Trial::Dry => {
                    told(draft, plan, &mut found);
                    Reading { found, plan: None }
                }
            }
        }
    }
}

/// Tells what would be if the plan were followed.
fn told(draft: &Draft, plan: Plan, found: &mut Found) {
    let mut after = draft.clone();
    after.follow(plan.edit);
    let Some(after) = after.menu() else { return };
    let before = draft.clone().menu().unwrap_or_else(|| empty(&after));
    let changes = difference(&before, &after);
    found.changes_total = u64::try_from(changes.len()).unwrap_or(u64::MAX);
    let words = changes.into_iter().take(TOLD_MAX);
    found.changes = words.map(|change| change.words).collect();
    let problems = check(&after).into_iter().take(TOLD_MAX);
    found.problems = problems
        .map(|finding| match finding.part {
            Some(part) => format!("{part}, {}: {}", finding.field, finding.words),
            None => format!("{}: {}", finding.field, finding.words),
        })
        .collect();
}

/// What there was before anything was said.
fn empty(after: &Menu) -> Menu {
    Menu {
        currency: after.currency,
        language: after.language.clone(),
        taxes_included: after.taxes_included,
        dayparts: Vec::new(),
        taxes: Vec::new(),
        categories: Vec::new(),
        items: Vec::new(),
        groups: Vec::new(),
    }
}
