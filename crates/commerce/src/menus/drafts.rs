//! Drafts: read in pages, and changed part by part.
//!
//! Every change goes through [`App::edit_commit`]: it judges the edit by a few rows, guards the version of the draft, and
//! writes the parts and the event that they follow from.

use base::{Error, Result, Trail as _, Uid, codes};
use domain::menus::{Draft, EDIT_PARTS_MAX, Edit, Menu, Part, PartId, Standing};
use slice::Ask;
use store::{Call, Commit, Row, Value};

use super::app::{App, again, changed, found, late, missing};
use super::fold::Changed;
use super::place::{Place, Stream};
use super::store::{self as rows, DraftHead};

/// How many parts are read at once where all are needed.
const READ_PARTS: i64 = 2_000;

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

    /// Changes a draft, and answers its version.
    pub(super) async fn edit(
        &self,
        ask: &Ask,
        place: Place,
        (edit, seen): (&Edit, i64),
    ) -> Result<i64> {
        self.find_place(place).await?;
        let (operation, request) = ((place.organisation(), "menus.edit"), (place, edit, seen));
        let settled = ask.settle(&self.0.db, operation, &request, async || {
            self.edit_commit(ask, place, (edit, Some(seen))).await
        });
        settled.await.map_err(changed)
    }

    /// Puts a new part into a draft, whatever it says by now, and answers the version.
    pub(super) async fn add(&self, ask: &Ask, place: Place, part: &Part) -> Result<(Part, i64)> {
        self.find_place(place).await?;
        let operation = (place.organisation(), "menus.add");
        // Its id is made for this request; what the caller said is all but that.
        let request = (place, request_of(part)?);
        again(async || {
            ask.settle(&self.0.db, operation, &request, async || {
                let edit = Edit {
                    puts: vec![part.clone()],
                    removes: Vec::new(),
                };
                let (commit, version) = self.edit_commit(ask, place, (&edit, None)).await?;
                Ok((commit, (part.clone(), version)))
            })
            .await
        })
        .await
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
        again(async || {
            let (mut draft, mut version, mut after) = (Draft::default(), None, BEGINNING);
            loop {
                let page = self.page(place, (after, READ_PARTS)).await?;
                let seen = *version.get_or_insert(page.head.version);
                if seen != page.head.version {
                    let changed = store::Failure::Refused {
                        guard: 0,
                        name: rows::DRAFTS.name,
                    };
                    return Err(changed.into());
                }
                draft.follow(Edit {
                    puts: page.parts,
                    removes: Vec::new(),
                });
                match page.next {
                    Some(next) => after = next,
                    None => return Ok((draft, seen)),
                }
            }
        })
        .await
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
        for row in &counts {
            let (kind, count): (i64, i64) = (row.get(0)?, row.get(1)?);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            match kind {
                1 => standing.categories = count,
                2 => standing.groups = count,
                3 => standing.items = count,
                _ => {}
            }
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

/// What a caller said of a part, without the id that was made for it.
fn request_of(part: &Part) -> Result<serde_json::Value> {
    let mut request = serde_json::to_value(part).map_err(|error| {
        Error::internal(codes::INTERNAL, "a part that is no JSON").caused_by(error)
    })?;
    if let Some(fields) = request.as_object_mut() {
        fields.remove("id");
    }
    Ok(request)
}
