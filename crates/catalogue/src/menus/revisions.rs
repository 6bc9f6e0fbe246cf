//! Revisions: listed, read, compared, made current again, loaded into the draft.

use std::sync::Arc;

use base::{Error, Page, Result, Trail as _, codes};
use carte::{Change, Head, Menu, Part, RevisionNumber, difference};
use slice::{Ask, Turn};
use store::Call;

use super::app::{App, Tries, changed, late, missing, outrun};
use super::packed::{aside, unpack};
use super::place::Place;
use super::publish::New;
use super::store::{self as rows, DraftHead, Revision};
use super::view::RevisionView;

impl App {
    /// Lists the revisions of a place, the newest first.
    pub(super) async fn revisions(&self, place: Place, turn: &Turn) -> Result<Page<RevisionView>> {
        self.find_place(place).await?;
        let scope = format!("revisions of {place}");
        let before = match &turn.cursor {
            Some(cursor) => i64::from_be_bytes(self.0.cursors.open(&scope, cursor)?),
            None => i64::MAX,
        };
        let (uid, limit) = (place.uid(), turn.limit.get());
        let more = i64::from(turn.limit).saturating_add(1);
        let calls = vec![
            Call::new(&rows::READ_HEAD, [uid.into()]),
            Call::new(
                &rows::LIST_REVISIONS,
                [uid.into(), before.into(), more.into()],
            ),
        ];
        let [head, found] = self.read(place, calls).await?;
        let head = head.first().map(rows::read_head).transpose().at()?;
        let current = head.unwrap_or_default().revision;
        let more = found.len() > limit;
        let found = found.iter().take(limit).map(rows::read_revision);
        let found: Vec<Revision> = found.collect::<Result<_, _>>().at()?;
        let last = found.last().filter(|_| more);
        let next = last.map(|last| self.0.cursors.seal(&scope, &last.number.to_be_bytes()));
        let view = |revision: &Revision| RevisionView::of(revision, current);
        Ok(Page {
            next,
            items: found.iter().map(view).collect(),
        })
    }

    /// A revision, but for what is in it.
    pub(super) async fn revision_of(
        &self,
        place: Place,
        number: RevisionNumber,
    ) -> Result<RevisionView> {
        self.find_place(place).await?;
        let calls = vec![
            Call::new(&rows::READ_HEAD, [place.uid().into()]),
            Call::new(&rows::READ_REVISION, [place.uid().into(), number.into()]),
        ];
        let [head, found] = self.read(place, calls).await?;
        let head = head.first().map(rows::read_head).transpose().at()?;
        let found = found.first().map(rows::read_revision).transpose().at()?;
        let found = found.ok_or_else(missing)?;
        Ok(RevisionView::of(&found, head.unwrap_or_default().revision))
    }

    /// The menu of a revision; nothing where there is no such revision.
    pub(crate) async fn menu_of(
        &self,
        place: Place,
        number: RevisionNumber,
    ) -> Result<Option<Arc<Menu>>> {
        self.0
            .memory
            .menu((place, number), async || {
                let params = [place.uid().into(), number.into()];
                let found = self
                    .0
                    .db
                    .rows(place.organisation(), &rows::READ_PACKED, params);
                let found = found.await.at()?;
                let Some(row) = found.first() else {
                    return Ok(None);
                };
                let packed = rows::read_packed(row).at()?;
                let size = usize::try_from(packed.size).unwrap_or_default();
                Ok(Some((unpack(packed).await?, size)))
            })
            .await
    }

    /// The same, for one that must be there.
    pub(super) async fn menu_at(&self, place: Place, number: RevisionNumber) -> Result<Arc<Menu>> {
        self.find_place(place).await?;
        self.menu_of(place, number).await?.ok_or_else(missing)
    }

    /// Some parts of a revision, from this one on, and how many it has.
    pub(super) async fn parts_of(
        &self,
        place: Place,
        (number, from, limit): (RevisionNumber, usize, usize),
    ) -> Result<(Vec<Part>, usize)> {
        let menu = self.menu_at(place, number).await?;
        let count = [menu.categories.len(), menu.groups.len(), menu.items.len()];
        let count = count.iter().sum::<usize>().saturating_add(1);
        let until = from.saturating_add(limit).min(count);
        Ok((
            (from..until).filter_map(|at| part_at(&menu, at)).collect(),
            count,
        ))
    }

    /// Says in words what changed from one revision to another.
    pub(super) async fn changes(
        &self,
        place: Place,
        (from, to): (RevisionNumber, RevisionNumber),
    ) -> Result<Vec<Change>> {
        let (from, to) = (
            self.menu_at(place, from).await?,
            self.menu_at(place, to).await?,
        );
        aside(move || Ok(difference(&from, &to))).await
    }

    /// Makes an old revision current again, as a new one with the same content.
    pub(super) async fn restore(
        &self,
        ask: &Ask,
        place: Place,
        (number, note): (RevisionNumber, &str),
    ) -> Result<RevisionView> {
        self.find_place(place).await?;
        let operation = (place.organisation(), "menus.restore");
        let request = (place, number, note);
        let mut tries = Tries::default();
        let settled = loop {
            let settled = ask.settle(&self.0.db, operation, &request, async || {
                let params = [place.uid().into(), number.into()];
                let found = self
                    .0
                    .db
                    .rows(place.organisation(), &rows::READ_PACKED, params);
                let found = found.await.at()?;
                let packed = found.first().map(rows::read_packed).transpose().at()?;
                let packed = packed.ok_or_else(missing)?;
                let head = self.head(place).await?;
                let mut commit = self.commit_of(place);
                let new = New {
                    packed,
                    author: &ask.actor,
                    note,
                    draft: 0,
                    restored: number,
                    scheduled: false,
                };
                let made = self.make_revision(ask, &mut commit, (place, head, new))?;
                Ok((commit, RevisionView::of(&made, made.number)))
            });
            let settled = settled.await;
            if !tries.again(&settled) {
                break settled.map_err(outrun);
            }
        };
        self.0.memory.forget(place);
        settled
    }

    /// Makes the draft say what a revision says, in as many edits as that needs, and answers how the draft stands.
    /// One that is interrupted has changed a part of the draft; asked again with the version it has then, it goes on.
    pub(super) async fn load(
        &self,
        ask: &Ask,
        place: Place,
        (number, seen): (RevisionNumber, i64),
    ) -> Result<DraftHead> {
        let menu = self.menu_at(place, number).await?;
        let operation = (place.organisation(), "menus.load");
        let request = (place, number, seen);
        let settled = ask.settle(&self.0.db, operation, &request, async || {
            let (draft, mut version) = self.whole_draft(place).await?;
            if version != seen {
                return Err(late());
            }
            let menu = Arc::clone(&menu);
            let mut pieces = aside(move || Ok(draft.towards(&menu).pieces())).await?;
            let last = pieces.pop().unwrap_or_default();
            for piece in pieces {
                let wanted = (&piece, Some(version));
                let (commit, next) = self.edit_commit(ask, place, wanted).await?;
                let deadline = self.0.db.deadline();
                self.0.db.commit(commit, &deadline).await.at()?;
                version = next;
            }
            self.edit_commit(ask, place, (&last, Some(version))).await
        });
        let version: i64 = settled.await.map_err(changed)?;
        let stands = self.draft_head(place).await?;
        match stands.version == version {
            true => Ok(stands),
            // Somebody was faster with the next change; his answer says what it is by then.
            false => Ok(DraftHead { version, ..stands }),
        }
    }

    /// The revision before this one, for a caller who compares with what there was.
    pub(super) fn before(number: RevisionNumber) -> Result<RevisionNumber> {
        match number {
            ..=1 => Err(Error::missing(
                codes::NOT_FOUND,
                "there is no revision before the first one",
            )),
            _ => Ok(number.saturating_sub(1)),
        }
    }
}

/// The part of a menu at this place, in the order in which drafts are read: head, categories, groups, items.
fn part_at(menu: &Menu, at: usize) -> Option<Part> {
    let Some(at) = at.checked_sub(1) else {
        return Some(Part::Head(Head {
            currency: menu.currency,
            language: menu.language.clone(),
            taxes_included: menu.taxes_included,
            dayparts: menu.dayparts.clone(),
            taxes: menu.taxes.clone(),
            order: menu.categories.iter().map(|one| one.id).collect(),
        }));
    };
    if let Some(category) = menu.categories.get(at) {
        return Some(Part::Category(category.clone()));
    }
    let at = at.checked_sub(menu.categories.len())?;
    if let Some(group) = menu.groups.get(at) {
        return Some(Part::Group(group.clone()));
    }
    let at = at.checked_sub(menu.groups.len())?;
    menu.items.get(at).cloned().map(Part::Item)
}
