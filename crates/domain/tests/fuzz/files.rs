//! Files of menus: whatever stands in them, there is an answer, and what was taken can be written and read again.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use carte::transfer::{
    Document, Lines, Mode, Plan, Read, Sheet, plan, read_csv, read_json, read_lines,
};
use carte::{Draft, Menu};

use crate::bytes::change;
use crate::engine::Target;
use crate::menus::{Chance, OURS};

pub(crate) const CSV: Target = Target {
    name: "csv",
    corpus: || corpus(|menu| Sheet::new(menu).unwrap().collect()),
    change,
    run: |bytes| run(bytes, |bytes| read_csv(bytes, "EUR".parse().ok())),
};

pub(crate) const JSON: Target = Target {
    name: "json",
    corpus: || corpus(|menu| Document::new(menu).collect()),
    change,
    run: |bytes| run(bytes, read_json),
};

pub(crate) const LINES: Target = Target {
    name: "lines",
    corpus: || corpus(|menu| Lines::new(menu).collect()),
    change,
    run: |bytes| run(bytes, read_lines),
};

/// What reads a file of one form.
type Reader = fn(&[u8]) -> Read;

/// Real exports, and a table as an owner writes it.
pub(crate) fn corpus(write: fn(Arc<Menu>) -> String) -> Vec<Vec<u8>> {
    let menus = (0..40).map(|seed| Arc::new(Chance::new(seed).menu(6)));
    let mut files: Vec<Vec<u8>> = menus.map(|menu| write(menu).into_bytes()).collect();
    files.push(b"kind;key;name;name:de;price;price:pickup;category;tax;taxes\nitem;a;A;;9,5;;c;t;\ncategory;c;C;;;;;;".to_vec());
    files.push(Vec::new());
    files
}

fn planned(read: Read, draft: &Draft, mode: Mode) -> Option<Plan> {
    let chance = Chance::new(1);
    plan(read, draft, mode, OURS, &mut || chance.uid()).ok()
}

/// Tries a file over nothing and over a draft, and says what kind of answers there were.
pub(crate) fn run(bytes: &[u8], read: impl Fn(&[u8]) -> Read) -> u64 {
    let found = read(bytes);
    assert!(found.findings.kept.len() <= 1_000);
    let breaks = bytes
        .iter()
        .filter(|byte| matches!(byte, b'\n' | b'\r'))
        .count();
    for finding in &found.findings.kept {
        assert!(
            finding.line <= breaks as u64 + 1,
            "{finding:?} of {breaks} lines"
        );
    }
    let mut kinds: BTreeSet<(u8, &str, String)> = BTreeSet::new();
    for finding in &found.findings.kept {
        kinds.insert((0, finding.code.name(), finding.field.clone()));
    }
    let there = Draft::of(&Chance::new(7).menu(5));
    for (number, (draft, mode)) in
        (1_u8..).zip([(Draft::default(), Mode::Replace), (there, Mode::Merge)])
    {
        let Some(plan) = planned(read(bytes), &draft, mode) else {
            kinds.insert((number, "refused", String::new()));
            continue;
        };
        let counts = plan.counts;
        for (kind, count) in [
            ("c", counts.categories),
            ("i", counts.items),
            ("g", counts.groups),
        ] {
            let size = |count: u64| count.min(3);
            let told = format!(
                "{} {} {}",
                size(count.added),
                size(count.changed),
                size(count.removed)
            );
            kinds.insert((number, kind, told));
        }
        follow(draft, plan);
    }
    let mut hasher = DefaultHasher::new();
    kinds.hash(&mut hasher);
    hasher.finish()
}

/// Does what a plan says, as an import does it, and sees that what is there can be moved in all forms.
fn follow(mut draft: Draft, plan: Plan) {
    for edit in plan.edit.pieces() {
        let standing = draft.standing(&edit);
        // What is the draft's own fault is not the file's: what it holds is told when it is published.
        if let Err(findings) = edit.judge(&standing) {
            let codes: BTreeSet<&str> = findings.iter().map(|one| one.code).collect();
            assert!(
                codes.iter().all(|code| *code == "external_id_taken"),
                "{findings:?}"
            );
        }
        draft.follow(edit);
    }
    let Some(menu) = draft.menu() else { return };
    let menu = Arc::new(menu);
    let forms: [(String, Reader); 3] = [
        (Sheet::new(menu.clone()).unwrap().collect(), |bytes| {
            read_csv(bytes, None)
        }),
        (Document::new(menu.clone()).collect(), read_json),
        (Lines::new(menu.clone()).collect(), read_lines),
    ];
    for (text, read) in forms {
        match planned(read(text.as_bytes()), &Draft::default(), Mode::Replace) {
            Some(plan) => {
                let mut again = Draft::default();
                again.follow(plan.edit);
                assert_eq!(again.menu().as_ref(), Some(&*menu), "{text}");
            }
            // Parts of the draft before may name what has gone, and have keys twice.
            None => assert!(!is_whole(&menu), "{text}"),
        }
    }
}

/// Whether all that is named is there, and no key leads to two things.
fn is_whole(menu: &Menu) -> bool {
    let items: BTreeSet<_> = menu.items.iter().map(|one| one.id).collect();
    let groups: BTreeSet<_> = menu.groups.iter().map(|one| one.id).collect();
    let mut named = menu.categories.iter().flat_map(|one| &one.items);
    let mut chosen = menu.groups.iter().flat_map(|one| &one.choices);
    let mut offered = menu.items.iter().flat_map(|one| &one.groups);
    let keys = |all: Vec<Option<&str>>| {
        let mut seen = BTreeSet::new();
        all.into_iter().flatten().all(|key| seen.insert(key))
    };
    named.all(|id| items.contains(id))
        && chosen.all(|choice| items.contains(&choice.item))
        && offered.all(|id| groups.contains(id))
        && keys(
            menu.items
                .iter()
                .map(|one| one.external_id.as_ref().map(|id| id.as_str()))
                .collect(),
        )
        && keys(
            menu.groups
                .iter()
                .map(|one| one.external_id.as_ref().map(|id| id.as_str()))
                .collect(),
        )
        && keys(
            menu.categories
                .iter()
                .map(|one| one.external_id.as_ref().map(|id| id.as_str()))
                .collect(),
        )
}
