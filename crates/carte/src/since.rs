//! What has changed between two menus as the public reads them, so that a phone loads no more than that.
//!
//! Whoever has the old menu takes away what is removed, puts what is changed, sorts items and groups by their ids and
//! the categories by `order` if there is one; new categories stand at the end. Then he has the new menu, exactly.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::Serialize;

use super::{CategoryId, PartId, ShownCategory, ShownGroup, ShownHead, ShownItem, ShownMenu};

/// The way from an old menu to a new one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Since<'a> {
    /// What holds for all of it, if that has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<ShownHead<'a>>,
    /// All categories in their new order, if that is not the old one without those that are gone and the new at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<CategoryId>>,
    /// What is gone.
    pub removed: Vec<PartId>,
    /// Categories that are new or different.
    pub categories: Vec<ShownCategory<'a>>,
    /// Items that are new or different.
    pub items: Vec<ShownItem<'a>>,
    /// Groups that are new or different.
    pub groups: Vec<ShownGroup<'a>>,
}

impl<'a> Since<'a> {
    /// What has changed. Both menus must be shown to the same view.
    #[must_use]
    pub fn between(old: &ShownMenu<'a>, new: &ShownMenu<'a>) -> Self {
        let categories = steps(&old.categories, &new.categories, |one| one.id);
        let items = steps(&old.items, &new.items, |one| one.id);
        let groups = steps(&old.groups, &new.groups, |one| one.id);
        let mut removed: Vec<PartId> = Vec::new();
        removed.extend(categories.gone.iter().copied().map(PartId::Category));
        removed.extend(items.gone.into_iter().map(PartId::Item));
        removed.extend(groups.gone.into_iter().map(PartId::Group));
        Self {
            head: (old.head != new.head).then(|| new.head.clone()),
            order: order(old, new, &categories.gone),
            removed,
            categories: categories.put,
            items: items.put,
            groups: groups.put,
        }
    }

    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_none()
            && self.order.is_none()
            && self.removed.is_empty()
            && self.categories.is_empty()
            && self.items.is_empty()
            && self.groups.is_empty()
    }
}

/// What is to be put and what is gone.
struct Steps<T, Id> {
    put: Vec<T>,
    gone: Vec<Id>,
}

fn steps<T, Id>(old: &[T], new: &[T], id: impl Fn(&T) -> Id) -> Steps<T, Id>
where
    T: Clone + PartialEq,
    Id: Eq + Hash,
{
    let before: HashMap<Id, &T> = old.iter().map(|one| (id(one), one)).collect();
    let after: HashSet<Id> = new.iter().map(&id).collect();
    let is_new = |one: &&T| before.get(&id(one)).is_none_or(|old| *old != *one);
    let put = new.iter().filter(is_new).cloned().collect();
    let gone = old.iter().map(&id).filter(|id| !after.contains(id));
    Steps {
        put,
        gone: gone.collect(),
    }
}

/// The new order of categories, if the old one without those that are gone and with the new ones at its end is another.
fn order(old: &ShownMenu<'_>, new: &ShownMenu<'_>, gone: &[CategoryId]) -> Option<Vec<CategoryId>> {
    let gone: HashSet<_> = gone.iter().copied().collect();
    let before: Vec<_> = old.categories.iter().map(|one| one.id).collect();
    let known: HashSet<_> = before.iter().copied().collect();
    let order: Vec<_> = new.categories.iter().map(|one| one.id).collect();
    let stayed = before.into_iter().filter(|id| !gone.contains(id));
    let added = order.iter().copied().filter(|id| !known.contains(id));
    let is_same = stayed.chain(added).eq(order.iter().copied());
    (!is_same).then_some(order)
}
