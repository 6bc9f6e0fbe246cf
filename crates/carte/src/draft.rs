//! Drafts: menus that are being written. An edit is taken whole or not at all.
//!
//! An edit is judged by what it says and by a few facts about the draft, so that a draft of 100,000 items need not be
//! read to change one of them. Whether the parts fit together is asked when the menu is to be published.

use std::collections::{BTreeMap, BTreeSet};

use super::limits::{self, Findings};
use super::{
    CATEGORIES_MAX, Category, CategoryId, Edit, ExternalId, Finding, GROUPS_MAX, Group, GroupId,
    Head, ITEMS_MAX, Item, ItemId, Menu, Part, PartId,
};

/// The most parts that one edit puts and removes.
pub const EDIT_PARTS_MAX: usize = 500;

/// A whole draft.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Draft {
    /// What holds for all of it, once it has been said.
    pub head: Option<Head>,
    /// The categories.
    pub categories: BTreeMap<CategoryId, Category>,
    /// The items.
    pub items: BTreeMap<ItemId, Item>,
    /// The groups.
    pub groups: BTreeMap<GroupId, Group>,
}

/// An external id with the kind of part that it is for: a category and an item may have the same one.
pub type Held = (&'static str, ExternalId);

/// What must be known of a draft to judge an edit of it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Standing {
    /// How many categories there are.
    pub categories: usize,
    /// How many items there are.
    pub items: usize,
    /// How many groups there are.
    pub groups: usize,
    /// Which of the parts that the edit names there are.
    pub known: BTreeSet<PartId>,
    /// Which parts have the external ids that the edit names. Whoever leaves it empty finds out when publishing.
    pub external: BTreeMap<Held, PartId>,
}

impl Edit {
    /// The ids of all parts that it puts or removes.
    pub fn names(&self) -> impl Iterator<Item = PartId> {
        let puts = self.puts.iter().filter_map(Part::id);
        puts.chain(self.removes.iter().copied())
    }

    /// The external ids that it gives, with the kinds of their parts.
    pub fn external_ids(&self) -> impl Iterator<Item = (&'static str, &ExternalId)> {
        let given = |part: &'_ Part| part.kind();
        self.puts
            .iter()
            .filter_map(move |part| Some((given(part), part.external_id()?)))
    }

    /// The same in edits of a size that is taken. Parts that go come first.
    #[must_use]
    pub fn pieces(self) -> Vec<Edit> {
        let mut pieces = Vec::new();
        for removes in self.removes.chunks(EDIT_PARTS_MAX) {
            pieces.push(Edit {
                puts: Vec::new(),
                removes: removes.to_vec(),
            });
        }
        let mut puts = self.puts.into_iter().peekable();
        while puts.peek().is_some() {
            pieces.push(Edit {
                puts: puts.by_ref().take(EDIT_PARTS_MAX).collect(),
                removes: Vec::new(),
            });
        }
        pieces
    }

    /// Whether it can be taken by a draft of which this is known.
    ///
    /// # Errors
    /// Says all that is wrong with it.
    pub fn judge(&self, standing: &Standing) -> Result<(), Vec<Finding>> {
        let mut findings = Findings::default();
        self.names_all_once(&mut findings);
        for id in &self.removes {
            if !standing.known.contains(id) {
                findings.about(Some(*id));
                findings.add("unknown", "removes", "there is no such part".to_owned());
            }
        }
        for part in &self.puts {
            limits::part(part, &mut findings);
        }
        self.leaves_room(standing, &mut findings);
        self.takes_no_external_id(standing, &mut findings);
        let findings = findings.all();
        match findings.is_empty() {
            true => Ok(()),
            false => Err(findings),
        }
    }

    fn names_all_once(&self, findings: &mut Findings) {
        let count = self.puts.len().saturating_add(self.removes.len());
        if count > EDIT_PARTS_MAX {
            let words = format!("an edit has at most {EDIT_PARTS_MAX} parts, not {count}");
            findings.add("too_many", "puts", words);
        }
        let heads = self.puts.iter().filter(|part| part.id().is_none()).count();
        if heads > 1 {
            findings.add("twice", "puts", "a menu has one head".to_owned());
        }
        let mut seen = BTreeSet::new();
        for id in self.names() {
            if !seen.insert(id) {
                findings.about(Some(id));
                findings.add("twice", "puts", "the edit names it twice".to_owned());
            }
        }
    }

    fn leaves_room(&self, standing: &Standing, findings: &mut Findings) {
        let rooms = [
            (
                "category",
                "categories",
                standing.categories,
                CATEGORIES_MAX,
            ),
            ("item", "items", standing.items, ITEMS_MAX),
            ("group", "groups", standing.groups, GROUPS_MAX),
        ];
        findings.about(None);
        for (kind, field, before, max) in rooms {
            let of_kind = |id: &PartId| id.kind() == kind;
            let is_new = |id: &PartId| !standing.known.contains(id);
            let put = self.puts.iter().filter_map(Part::id).filter(of_kind);
            let added = put.filter(is_new).count();
            let gone = self.removes.iter().copied().filter(of_kind).count();
            let after = before.saturating_add(added).saturating_sub(gone);
            if added > 0 && after > max {
                let words = format!("a menu has at most {max} {field}, not {after}");
                findings.add("too_many", field, words);
            }
        }
    }

    fn takes_no_external_id(&self, standing: &Standing, findings: &mut Findings) {
        let named: BTreeSet<PartId> = self.names().collect();
        let mut given = BTreeMap::<(&str, &ExternalId), PartId>::new();
        for part in &self.puts {
            let (Some(id), Some(external)) = (part.id(), part.external_id()) else {
                continue;
            };
            let held = (part.kind(), external.clone());
            // A holder that the edit itself puts or removes has it no longer, or gives it again below.
            let holder = standing.external.get(&held);
            let is_held = holder.is_some_and(|holder| !named.contains(holder));
            let is_given = given.insert((part.kind(), external), id).is_some();
            if is_held || is_given {
                findings.about(Some(id));
                let words = format!("another {} has the external id {external}", part.kind());
                findings.add("external_id_taken", "externalId", words);
            }
        }
    }
}

impl Draft {
    /// The draft that a menu would have been published from.
    #[must_use]
    pub fn of(menu: &Menu) -> Self {
        let mut draft = Draft {
            head: Some(Head {
                currency: menu.currency,
                language: menu.language.clone(),
                taxes_included: menu.taxes_included,
                dayparts: menu.dayparts.clone(),
                taxes: menu.taxes.clone(),
                order: menu.categories.iter().map(|category| category.id).collect(),
            }),
            ..Draft::default()
        };
        let categories = menu.categories.iter();
        draft.categories = categories.map(|one| (one.id, one.clone())).collect();
        draft.items = menu.items.iter().map(|one| (one.id, one.clone())).collect();
        draft.groups = menu
            .groups
            .iter()
            .map(|one| (one.id, one.clone()))
            .collect();
        draft
    }

    /// What must be known to judge this edit. It looks at every part once.
    #[must_use]
    pub fn standing(&self, edit: &Edit) -> Standing {
        let given: BTreeSet<Held> = edit
            .external_ids()
            .map(|(kind, external)| (kind, external.clone()))
            .collect();
        let mut standing = Standing {
            categories: self.categories.len(),
            items: self.items.len(),
            groups: self.groups.len(),
            known: edit.names().filter(|id| self.has(*id)).collect(),
            external: BTreeMap::new(),
        };
        if given.is_empty() {
            return standing;
        }
        for (id, external) in self.external_ids() {
            let held = (id.kind(), external.clone());
            if given.contains(&held) {
                standing.external.insert(held, id);
            }
        }
        standing
    }

    fn external_ids(&self) -> impl Iterator<Item = (PartId, &ExternalId)> {
        let categories = self.categories.values();
        let categories = categories
            .filter_map(|one| Some((PartId::Category(one.id), one.external_id.as_ref()?)));
        let items = self.items.values();
        let items = items.filter_map(|one| Some((PartId::Item(one.id), one.external_id.as_ref()?)));
        let groups = self.groups.values();
        let groups =
            groups.filter_map(|one| Some((PartId::Group(one.id), one.external_id.as_ref()?)));
        categories.chain(items).chain(groups)
    }

    /// Whether it has such a part.
    #[must_use]
    pub fn has(&self, id: PartId) -> bool {
        match id {
            PartId::Category(id) => self.categories.contains_key(&id),
            PartId::Item(id) => self.items.contains_key(&id),
            PartId::Group(id) => self.groups.contains_key(&id),
        }
    }

    /// Takes an edit, or leaves the draft as it is.
    ///
    /// # Errors
    /// Says all that is wrong with the edit.
    pub fn apply(&mut self, edit: Edit) -> Result<(), Vec<Finding>> {
        edit.judge(&self.standing(&edit))?;
        self.follow(edit);
        Ok(())
    }

    /// How it stands after an edit that was taken.
    pub fn follow(&mut self, edit: Edit) {
        for id in edit.removes {
            match id {
                PartId::Category(id) => drop(self.categories.remove(&id)),
                PartId::Item(id) => drop(self.items.remove(&id)),
                PartId::Group(id) => drop(self.groups.remove(&id)),
            }
        }
        for part in edit.puts {
            match part {
                Part::Head(head) => self.head = Some(head),
                Part::Category(one) => drop(self.categories.insert(one.id, one)),
                Part::Item(one) => drop(self.items.insert(one.id, one)),
                Part::Group(one) => drop(self.groups.insert(one.id, one)),
            }
        }
    }

    /// The menu as it would be published; none before the head has been said.
    #[must_use]
    pub fn menu(self) -> Option<Menu> {
        let mut head = self.head?;
        let mut rest = self.categories;
        let order = std::mem::take(&mut head.order);
        let mut categories: Vec<_> = order.iter().filter_map(|id| rest.remove(id)).collect();
        categories.extend(rest.into_values());
        Some(Menu {
            currency: head.currency,
            language: head.language,
            taxes_included: head.taxes_included,
            dayparts: head.dayparts,
            taxes: head.taxes,
            categories,
            items: self.items.into_values().collect(),
            groups: self.groups.into_values().collect(),
        })
    }

    /// What makes this draft that of a menu, such as one of an older revision; see [`Edit::pieces`].
    #[must_use]
    pub fn towards(&self, menu: &Menu) -> Edit {
        let wanted = Draft::of(menu);
        let mut edit = Edit::default();
        if self.head != wanted.head {
            edit.puts.extend(wanted.head.map(Part::Head));
        }
        let (mut puts, gone) = moved(&self.categories, wanted.categories);
        edit.puts.extend(puts.drain(..).map(Part::Category));
        edit.removes.extend(gone.into_iter().map(PartId::Category));
        let (puts, gone) = moved(&self.items, wanted.items);
        edit.puts.extend(puts.into_iter().map(Part::Item));
        edit.removes.extend(gone.into_iter().map(PartId::Item));
        let (puts, gone) = moved(&self.groups, wanted.groups);
        edit.puts.extend(puts.into_iter().map(Part::Group));
        edit.removes.extend(gone.into_iter().map(PartId::Group));
        edit
    }
}

/// What is to be put and what is to go so that the one becomes the other.
fn moved<Id: Ord + Copy, T: PartialEq>(
    from: &BTreeMap<Id, T>,
    to: BTreeMap<Id, T>,
) -> (Vec<T>, Vec<Id>) {
    let gone = from.keys().filter(|id| !to.contains_key(id));
    let gone = gone.copied().collect();
    let puts = to.into_iter().filter(|(id, one)| from.get(id) != Some(one));
    (puts.map(|(_, one)| one).collect(), gone)
}
