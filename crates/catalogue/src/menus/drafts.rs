//! Drafts: read in pages, and changed part by part.
//!
//! Every change goes through [`App::edit_commit`]: it judges the edit by a few rows, guards the version of the draft, and
//! writes the parts and the event that they follow from.

use base::{Currency, Error, Result, Trail as _, Uid, codes};
use carte::{
    CategoryId, Draft, EDIT_PARTS_MAX, Edit, GroupId, ItemId, Menu, Part, PartId, Standing,
};
use slice::Ask;
use store::{Call, Commit, Row, Value};

use super::app::{App, Tries, changed, found, late, missing, outrun};
use super::fold::Changed;
use super::patch::{Changes, DraftEdit, EditView};
use super::place::{Place, Stream};
use super::store::{self as rows, DraftHead};
use super::typed::{Names, TypedHead, TypedParts};

/// How many parts are read at once where all are needed.
const READ_PARTS: i64 = 2_000;
/// How often it is begun to read a draft that changes meanwhile.
const READ_TRIES: usize = 8;

/// Where a page of a draft begins: after this kind and id.
pub(super) type After = (i64, Uid);

/// Before the first part.
pub(super) const BEGINNING: After = (-1, Uid::from_bytes([0; 16]));

/// Some parts of a draft that stands at a version.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) head: DraftHead,
    pub(super) parts: Vec<Part>,
    /// The end of the page, when there are more.
    pub(super) next: Option<After>,
}

impl App {
    /// A commit that changes a draft, and the version that the draft has after it. `seen` is the version that the caller
    /// has read; without one the edit is meant whatever the draft says. An edit of nothing gives an empty commit.
    ///
    /// # Errors
    /// The edit cannot be taken, the draft has another version, or the database is away.
    pub(crate) async fn edit_commit(
        &self,
        ask: &Ask,
        place: Place,
        (edit, seen): (&Edit, Option<i64>),
    ) -> Result<(Commit, i64)> {
        let (head, standing) = self.standing(place, edit).await?;
        if seen.is_some_and(|seen| seen != head.version) {
            return Err(late());
        }
        belong(place, edit)?;
        edit.judge(&standing).map_err(|findings| {
            let said = "the draft cannot be changed so; the fields say why";
            found(codes::FIELD_INVALID, said, &findings)
        })?;
        let mut commit = self.commit_of(place);
        if edit.puts.is_empty() && edit.removes.is_empty() {
            return Ok((commit, head.version));
        }
        let uid = place.uid();
        commit.guard(&rows::CHANGE_DRAFT, [uid.into(), head.version.into()]);
        for part in &edit.puts {
            let mut params = rows::key(uid, part.id().as_ref()).to_vec();
            params.extend(rows::body(part).at()?);
            commit.change(&rows::PUT_PART, params);
        }
        for id in &edit.removes {
            commit.change(&rows::REMOVE_PART, rows::key(uid, Some(id)));
        }
        let version = head.version.saturating_add(1);
        let told = Changed {
            place,
            edit: edit.clone(),
        };
        let at = (Stream::Draft.of(uid), version);
        let event = ask.event(&commit, at, "menu.changed", &told)?;
        commit.event(event);
        Ok((commit, version))
    }

    /// Changes a draft, and answers its version and the ids of what was put.
    pub(super) async fn edit(
        &self,
        ask: &Ask,
        place: Place,
        asked: &DraftEdit,
    ) -> Result<EditView> {
        self.find_place(place).await?;
        let (operation, request) = ((place.organisation(), "menus.edit"), (place, asked));
        let settled = ask.settle(&self.0.db, operation, &request, async || {
            let (typed, said) = (asked.typed(), asked.head.as_ref());
            let currency = self.currency(place, said.map(TypedHead::currency)).await?;
            let named = Named { app: self, place };
            let edit = Edit {
                puts: typed.parts(currency, &named)?,
                removes: asked.removes.clone(),
            };
            let wanted = (&edit, Some(asked.version));
            let (commit, version) = self.edit_commit(ask, place, wanted).await?;
            Ok((commit, EditView::of(version, &edit.puts)))
        });
        settled.await.map_err(changed)
    }

    /// Puts one part into a draft, whatever the draft says by now, and answers the part and the version.
    pub(super) async fn add(
        &self,
        ask: &Ask,
        place: Place,
        typed: &TypedParts,
    ) -> Result<(Part, i64)> {
        self.find_place(place).await?;
        let operation = (place.organisation(), "menus.add");
        let TypedParts {
            categories,
            groups,
            items,
            ..
        } = typed;
        let request = (place, categories, groups, items);
        let mut tries = Tries::default();
        loop {
            let settled = ask.settle(&self.0.db, operation, &request, async || {
                let currency = self.currency(place, None).await?;
                let named = Named { app: self, place };
                let edit = Edit {
                    puts: typed.clone().parts(currency, &named)?,
                    removes: Vec::new(),
                };
                let (commit, version) = self.edit_commit(ask, place, (&edit, None)).await?;
                let part = edit.puts.into_iter().next().ok_or_else(missing)?;
                Ok((commit, (part, version)))
            });
            let settled = settled.await;
            if !tries.again(&settled) {
                return settled.map_err(outrun);
            }
        }
    }

    /// Changes some fields of a part, and answers the part and the version of the draft.
    pub(super) async fn change_part(
        &self,
        ask: &Ask,
        (place, id): (Place, PartId),
        change: &impl Changes,
    ) -> Result<(Part, i64)> {
        self.find_place(place).await?;
        let operation = (place.organisation(), "menus.change_part");
        let request = (place, id, change);
        let settled = ask.settle(&self.0.db, operation, &request, async || {
            let (part, version) = self.part(place, id).await?;
            let currency = self.currency(place, None).await?;
            let part = change.changed(part, currency)?.ok_or_else(missing)?;
            if version != change.version() {
                return Err(late());
            }
            let edit = Edit {
                puts: vec![part.clone()],
                removes: Vec::new(),
            };
            let (commit, version) = self.edit_commit(ask, place, (&edit, Some(version))).await?;
            Ok((commit, (part, version)))
        });
        settled.await.map_err(changed)
    }

    /// Takes a part out of a draft; of the draft at this version, if one was seen.
    pub(super) async fn remove_part(
        &self,
        ask: &Ask,
        (place, id): (Place, PartId),
        seen: Option<i64>,
    ) -> Result<()> {
        self.find_place(place).await?;
        let operation = (place.organisation(), "menus.remove_part");
        let request = (place, id, seen);
        let settled = ask.settle(&self.0.db, operation, &request, async || {
            self.part(place, id).await?;
            let edit = Edit {
                puts: Vec::new(),
                removes: vec![id],
            };
            let (commit, _) = self.edit_commit(ask, place, (&edit, seen)).await?;
            Ok((commit, ()))
        });
        settled.await.map_err(changed)
    }

    /// What the prices of a draft are in: what the caller says, what the draft says, or what the restaurant takes.
    pub(super) async fn currency(&self, place: Place, said: Option<Currency>) -> Result<Currency> {
        if let Some(said) = said {
            return Ok(said);
        }
        if let Some(Part::Head(head)) = self.head_part(place).await? {
            return Ok(head.currency);
        }
        match place {
            Place::Restaurant(id) => Ok(self.restaurant(id).await?.details.currency),
            Place::Brand(_) => Err(Error::conflict(
                codes::CONFLICT,
                "the head of the menu comes first: it says what prices are in",
            )),
        }
    }

    /// A part of a draft, and the version of the draft.
    pub(super) async fn part(&self, place: Place, id: PartId) -> Result<(Part, i64)> {
        self.find_place(place).await?;
        let calls = vec![
            Call::new(&rows::READ_DRAFT, [place.uid().into()]),
            Call::new(&rows::READ_PART, rows::key(place.uid(), Some(&id))),
        ];
        let [head, part] = self.read(place, calls).await?;
        let part = part.first().ok_or_else(missing)?;
        Ok((rows::read_part(part)?, draft_head(&head)?.version))
    }

    /// How a draft stands.
    pub(super) async fn draft_head(&self, place: Place) -> Result<DraftHead> {
        let params = [place.uid().into()];
        let rows = self
            .0
            .db
            .rows(place.organisation(), &rows::READ_DRAFT, params);
        draft_head(&rows.await.at()?)
    }

    /// What holds for all of a draft, once it has been said.
    pub(super) async fn head_part(&self, place: Place) -> Result<Option<Part>> {
        let params = rows::key(place.uid(), None);
        let found = self
            .0
            .db
            .rows(place.organisation(), &rows::READ_PART, params);
        found
            .await
            .at()?
            .first()
            .map(rows::read_part)
            .transpose()
            .at()
    }

    /// Some parts of a draft, the head first, then categories, groups and items.
    pub(super) async fn page(&self, place: Place, (after, limit): (After, i64)) -> Result<Page> {
        let (kind, id) = after;
        let one_more = limit.saturating_add(1);
        let calls = vec![
            Call::new(&rows::READ_DRAFT, [place.uid().into()]),
            Call::new(
                &rows::LIST_PARTS,
                [place.uid().into(), kind.into(), id.into(), one_more.into()],
            ),
        ];
        let [head, mut parts] = self.read(place, calls).await?;
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = parts.len() > limit;
        parts.truncate(limit);
        let last = parts.last().filter(|_| more);
        let next = last.map(|row| Ok::<_, Error>((row.get(0)?, row.get(1)?)));
        Ok(Page {
            head: draft_head(&head)?,
            next: next.transpose()?,
            parts: parts
                .iter()
                .map(rows::read_part)
                .collect::<Result<_, _>>()
                .at()?,
        })
    }

    /// A whole draft, and its version.
    ///
    /// # Errors
    /// It changed again and again while it was read, or the database is away.
    pub(crate) async fn whole_draft(&self, place: Place) -> Result<(Draft, i64)> {
        for _ in 0..READ_TRIES {
            if let Some(read) = self.read_whole(place).await? {
                return Ok(read);
            }
        }
        Err(Error::conflict(
            codes::CONFLICT,
            "the draft changed again and again while it was read",
        ))
    }

    /// A whole draft, unless it changed while it was read.
    async fn read_whole(&self, place: Place) -> Result<Option<(Draft, i64)>> {
        let (mut draft, mut version, mut after) = (Draft::default(), None, BEGINNING);
        loop {
            let page = self.page(place, (after, READ_PARTS)).await?;
            let seen = *version.get_or_insert(page.head.version);
            if seen != page.head.version {
                return Ok(None);
            }
            draft.follow(Edit {
                puts: page.parts,
                removes: Vec::new(),
            });
            match page.next {
                Some(next) => after = next,
                None => return Ok(Some((draft, seen))),
            }
        }
    }

    /// A whole draft as the menu that it would be, and its version; no menu before its head was said.
    pub(crate) async fn draft(&self, place: Place) -> Result<(Option<Menu>, i64)> {
        self.find_place(place).await?;
        let (draft, version) = self.whole_draft(place).await?;
        Ok((draft.menu(), version))
    }

    /// What must be known of a draft to judge an edit of it.
    async fn standing(&self, place: Place, edit: &Edit) -> Result<(DraftHead, Standing)> {
        let uid = Value::from(place.uid());
        let mut calls = vec![
            Call::new(&rows::READ_DRAFT, [uid.clone()]),
            Call::new(&rows::COUNT_PARTS, [uid.clone()]),
        ];
        // More than an edit may name is refused for that alone.
        let names: Vec<PartId> = edit
            .names()
            .take(EDIT_PARTS_MAX.saturating_mul(2))
            .collect();
        for kind in 1..=3_i64 {
            let of_kind = names.iter().filter(|id| rows::kind(Some(id)) == kind);
            let ids: Vec<Uid> = of_kind.map(PartId::uid).collect();
            let params = [uid.clone(), kind.into(), ids.into()];
            calls.push(Call::new(&rows::KNOWN_PARTS, params));
        }
        let [head, counts, categories, groups, items] = self.read(place, calls).await?;
        let mut standing = Standing::default();
        if let Some(row) = counts.first() {
            let count = |at| {
                let count = usize::try_from(row.get::<i64>(at)?);
                Ok::<_, Error>(count.unwrap_or(usize::MAX))
            };
            (standing.categories, standing.groups, standing.items) =
                (count(0)?, count(1)?, count(2)?);
        }
        for row in &categories {
            let id = row.get::<Uid>(0)?.into();
            standing.known.insert(PartId::Category(id));
        }
        for row in &groups {
            let id = row.get::<Uid>(0)?.into();
            standing.known.insert(PartId::Group(id));
        }
        for row in &items {
            let id = row.get::<Uid>(0)?.into();
            standing.known.insert(PartId::Item(id));
        }
        Ok((draft_head(&head)?, standing))
    }

    /// The rows of several statements, all of one snapshot.
    pub(super) async fn read<const CALLS: usize>(
        &self,
        place: Place,
        calls: Vec<Call>,
    ) -> Result<[Vec<Row>; CALLS]> {
        let deadline = self.0.db.deadline();
        let all = self.0.db.read(place.organisation(), calls, &deadline).await;
        all.at()?.try_into().map_err(|_| {
            Error::internal(codes::INTERNAL, "a read answered more or fewer statements")
        })
    }
}

/// How a draft stands that may not be there yet.
fn draft_head(rows: &[Row]) -> Result<DraftHead> {
    let head = rows.first().map(rows::read_draft).transpose().at()?;
    Ok(head.unwrap_or_default())
}

/// What is put must have been named by this organisation: an id says whose it is, and parts of others are theirs.
fn belong(place: Place, edit: &Edit) -> Result<()> {
    let number = place.organisation();
    let foreign = edit.names().find(|id| id.uid().organisation() != number);
    match foreign {
        None => Ok(()),
        Some(id) => Err(slice::wrong(
            "id",
            format!("{id} is no id of this organisation"),
        )),
    }
}

/// Makes ids for new parts of a place.
struct Named<'a> {
    app: &'a App,
    place: Place,
}

impl Names for Named<'_> {
    fn category(&self) -> CategoryId {
        let (clock, random) = (&self.app.0.clock, &self.app.0.random);
        CategoryId::make(clock, random, self.place.organisation())
    }

    fn item(&self) -> ItemId {
        let (clock, random) = (&self.app.0.clock, &self.app.0.random);
        ItemId::make(clock, random, self.place.organisation())
    }

    fn group(&self) -> GroupId {
        let (clock, random) = (&self.app.0.clock, &self.app.0.random);
        GroupId::make(clock, random, self.place.organisation())
    }
}
