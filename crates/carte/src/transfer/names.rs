//! Which thing of a file is which of the draft, and what the others are called by from now on.

use std::collections::{BTreeMap, BTreeSet};

use base::{Organisation, Uid};

use super::findings::{Code, Finding, Findings, shown};
use super::loose::{At, Called, Name, Read};
use super::plan::Mode;
use crate::{Category, CategoryId, Draft, ExternalId, Group, GroupId, Item, ItemId, PartId};

/// The things of one kind, by id and by key.
#[derive(Debug, Default)]
pub(super) struct Things {
    /// The ids of those in the file, in its order.
    pub(super) file: Vec<Uid>,
    in_file: BTreeMap<Uid, At>,
    file_keys: BTreeMap<ExternalId, Uid>,
    /// Those of the draft.
    present: BTreeSet<Uid>,
    /// Those of the draft by key; a key that several have leads to none.
    present_keys: BTreeMap<ExternalId, Option<Uid>>,
}

/// All things, of the file and of the draft.
#[derive(Debug)]
pub(super) struct Known<'a> {
    draft: &'a Draft,
    pub(super) categories: Things,
    pub(super) items: Things,
    pub(super) groups: Things,
}

/// What it takes to tell things apart.
struct Telling<'a> {
    mode: Mode,
    organisation: Organisation,
    new_id: &'a mut dyn FnMut() -> Uid,
    findings: &'a mut Findings,
}

impl<'a> Known<'a> {
    pub(super) fn find(
        read: &Read,
        draft: &'a Draft,
        (mode, organisation): (Mode, Organisation),
        new_id: &mut dyn FnMut() -> Uid,
        findings: &mut Findings,
    ) -> Self {
        let mut telling = Telling {
            mode,
            organisation,
            new_id,
            findings,
        };
        let categories = draft.categories.values();
        let categories = categories.map(|one| (one.id.uid(), one.external_id.as_ref()));
        let items = draft.items.values();
        let items = items.map(|one| (one.id.uid(), one.external_id.as_ref()));
        let groups = draft.groups.values();
        let groups = groups.map(|one| (one.id.uid(), one.external_id.as_ref()));
        let mut of_categories = Things::of(categories);
        let mut of_items = Things::of(items);
        let mut of_groups = Things::of(groups);
        of_categories.tell(read.categories.iter().map(|one| &one.called), &mut telling);
        of_items.tell(read.items.iter().map(|one| &one.called), &mut telling);
        of_groups.tell(read.groups.iter().map(|one| &one.called), &mut telling);
        Known {
            draft,
            categories: of_categories,
            items: of_items,
            groups: of_groups,
        }
    }

    /// Where a part stands in the file.
    pub(super) fn at(&self, id: PartId) -> Option<At> {
        let things = match id {
            PartId::Category(_) => &self.categories,
            PartId::Item(_) => &self.items,
            PartId::Group(_) => &self.groups,
        };
        things.in_file.get(&id.uid()).copied()
    }

    /// The category of the draft with this id.
    pub(super) fn category(&self, id: Uid) -> Option<&'a Category> {
        self.draft.categories.get(&CategoryId::from(id))
    }

    /// The item of the draft with this id.
    pub(super) fn item(&self, id: Uid) -> Option<&'a Item> {
        self.draft.items.get(&ItemId::from(id))
    }

    /// The group of the draft with this id.
    pub(super) fn group(&self, id: Uid) -> Option<&'a Group> {
        self.draft.groups.get(&GroupId::from(id))
    }
}

impl Things {
    fn of<'a>(present: impl Iterator<Item = (Uid, Option<&'a ExternalId>)>) -> Self {
        let mut things = Things::default();
        for (id, key) in present {
            things.present.insert(id);
            if let Some(key) = key {
                let seen = things.present_keys.entry(key.clone());
                seen.and_modify(|one| *one = None).or_insert(Some(id));
            }
        }
        things
    }

    /// Gives every thing of the file its id.
    fn tell<'a>(&mut self, file: impl Iterator<Item = &'a Called>, telling: &mut Telling<'_>) {
        for called in file {
            let id = match self.which(called, telling) {
                Ok(id) => id,
                Err((code, words)) => {
                    telling.findings.add(Finding {
                        line: called.at.line,
                        column: called.at.column,
                        field: called.at.field.to_owned(),
                        code,
                        words,
                    });
                    (telling.new_id)()
                }
            };
            self.file.push(id);
            self.in_file.insert(id, called.at);
        }
    }

    fn which(&mut self, called: &Called, telling: &mut Telling<'_>) -> Result<Uid, (Code, String)> {
        let key = called.key.as_ref().and_then(Option::as_ref);
        let id = match (called.id, key) {
            (Some(id), _) if id.organisation() != telling.organisation => {
                let words = "the id belongs to another organisation; leave the ids out";
                return Err((Code::Value, words.to_owned()));
            }
            (Some(id), _) => id,
            (None, Some(key)) => match self.present_keys.get(key) {
                Some(Some(id)) => *id,
                Some(None) => {
                    let words =
                        format!("several in the draft have the key {}", shown(key.as_str()));
                    return Err((Code::Ambiguous, words));
                }
                None => (telling.new_id)(),
            },
            (None, None) if telling.mode == Mode::Merge => {
                let words = "a thing that is merged has a key or an id";
                return Err((Code::Missing, words.to_owned()));
            }
            (None, None) => (telling.new_id)(),
        };
        if self.in_file.contains_key(&id) {
            return Err((
                Code::Twice,
                "the same thing is in the file before".to_owned(),
            ));
        }
        if let Some(key) = key
            && self.file_keys.insert(key.clone(), id).is_some()
        {
            let words = format!("the key {} is in the file before", shown(key.as_str()));
            return Err((Code::Twice, words));
        }
        Ok(id)
    }

    /// The id that a name leads to.
    pub(super) fn find(&self, name: &Name, mode: Mode) -> Option<Uid> {
        let in_draft = mode == Mode::Merge;
        match name {
            Name::Id(id) => {
                let is_there = self.is_in_file(*id) || (in_draft && self.present.contains(id));
                is_there.then_some(*id)
            }
            Name::Key(key) => {
                let draft = || {
                    self.present_keys
                        .get(key)
                        .copied()
                        .flatten()
                        .filter(|_| in_draft)
                };
                self.file_keys.get(key).copied().or_else(draft)
            }
        }
    }

    pub(super) fn is_in_file(&self, id: Uid) -> bool {
        self.in_file.contains_key(&id)
    }
}
