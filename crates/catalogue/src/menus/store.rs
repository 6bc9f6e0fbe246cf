//! The tables of drafts and of what is published of them, their SQL, and their rows as values.

use base::{Time, Uid};
use carte::{Part, PartId, RevisionNumber};
use store::{Class, Column, Failure, Outcome, Row, Sql, Table, Value};

use super::packed::Packed;

/// Drafts: how often each was changed, and which of its versions was published last.
pub(crate) static DRAFTS: Table = Table::new(
    "menu_drafts",
    Class::Organisation,
    &[
        Column::id("place"),
        Column::int("version"),
        Column::int("published"),
    ],
    1,
    &[],
);

/// The parts of drafts, a row each.
pub(crate) static PARTS: Table = Table::new(
    "menu_parts",
    Class::Organisation,
    &[
        Column::id("place"),
        Column::int("kind"),
        Column::id("id"),
        Column::text("body"),
        Column::text("external_id"),
    ],
    3,
    &[],
);

/// What is published of each place: the revision that is sold.
pub(crate) static HEADS: Table = Table::new(
    "menu_heads",
    Class::Organisation,
    &[
        Column::id("place"),
        Column::int("version"),
        Column::int("revision"),
    ],
    1,
    &[],
);

/// Revisions, which never change.
pub(crate) static REVISIONS: Table = Table::new(
    "menu_revisions",
    Class::Organisation,
    &[
        Column::id("place"),
        Column::int("number"),
        Column::bytes("hash"),
        Column::bytes("packed"),
        Column::int("size"),
        Column::int("items"),
        Column::text("currency"),
        Column::text("author"),
        Column::int("at"),
        Column::text("note"),
        Column::int("restored"),
    ],
    2,
    &[],
);

/// What will be published when its time has come: one of a place, whole, as it was checked.
pub(crate) static SCHEDULED: Table = Table::new(
    "menu_scheduled",
    Class::Organisation,
    &[
        Column::id("place"),
        Column::id("timer"),
        Column::int("at"),
        Column::bytes("hash"),
        Column::bytes("packed"),
        Column::int("size"),
        Column::int("items"),
        Column::text("currency"),
        Column::text("author"),
        Column::text("note"),
        Column::int("draft"),
    ],
    1,
    &[],
);

/// One more change of the draft of `$2`, which stood at `$3`; 0 is one that is not there yet.
pub(crate) static CHANGE_DRAFT: Sql = Sql::new(
    "menu_drafts.change",
    &DRAFTS,
    "INSERT INTO menu_drafts (organisation, place, version, published) VALUES ($1, $2, 1, 0) \
     ON CONFLICT (organisation, place) DO UPDATE SET version = menu_drafts.version + 1 \
     WHERE menu_drafts.version = $3",
);

/// The draft of `$2` stands at `$3`, and is published so.
pub(crate) static PUBLISH_DRAFT: Sql = Sql::new(
    "menu_drafts.publish",
    &DRAFTS,
    "UPDATE menu_drafts SET published = $3 WHERE organisation = $1 AND place = $2 AND version = $3",
);

/// The draft of `$2` stands at `$3`.
pub(crate) static HOLD_DRAFT: Sql = Sql::new(
    "menu_drafts.hold",
    &DRAFTS,
    "UPDATE menu_drafts SET version = version WHERE organisation = $1 AND place = $2 AND version = $3",
);

/// What was scheduled of the draft is published, whatever became of the draft since.
pub(crate) static NOTE_PUBLISHED: Sql = Sql::new(
    "menu_drafts.note_published",
    &DRAFTS,
    "UPDATE menu_drafts SET published = $3 WHERE organisation = $1 AND place = $2",
);

pub(crate) static READ_DRAFT: Sql = Sql::new(
    "menu_drafts.read",
    &DRAFTS,
    "SELECT version, published FROM menu_drafts WHERE organisation = $1 AND place = $2",
);

pub(crate) static PUT_PART: Sql = Sql::new(
    "menu_parts.put",
    &PARTS,
    "INSERT INTO menu_parts (organisation, place, kind, id, body, external_id) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organisation, place, kind, id) \
     DO UPDATE SET body = excluded.body, external_id = excluded.external_id",
);

pub(crate) static REMOVE_PART: Sql = Sql::new(
    "menu_parts.remove",
    &PARTS,
    "DELETE FROM menu_parts WHERE organisation = $1 AND place = $2 AND kind = $3 AND id = $4",
);

pub(crate) static READ_PART: Sql = Sql::new(
    "menu_parts.read",
    &PARTS,
    "SELECT kind, id, body FROM menu_parts \
     WHERE organisation = $1 AND place = $2 AND kind = $3 AND id = $4",
);

/// Reads on after a part of this kind and id, the head first.
pub(crate) static LIST_PARTS: Sql = Sql::new(
    "menu_parts.list",
    &PARTS,
    "SELECT kind, id, body FROM menu_parts WHERE organisation = $1 AND place = $2 \
     AND (kind, id) > ($3, $4) ORDER BY kind, id LIMIT $5",
);

/// Which of the ids `$4` there are of a kind. Each engine takes a list in its own way.
pub(crate) static KNOWN_PARTS: Sql = Sql::two(
    "menu_parts.known",
    &PARTS,
    "SELECT id FROM menu_parts WHERE organisation = $1 AND place = $2 AND kind = $3 \
     AND id IN (SELECT value FROM rarray($4))",
    "SELECT id FROM menu_parts WHERE organisation = $1 AND place = $2 AND kind = $3 AND id = ANY ($4)",
);

/// How many categories, groups and items there are.
pub(crate) static COUNT_PARTS: Sql = Sql::new(
    "menu_parts.count",
    &PARTS,
    "SELECT CAST(COUNT(CASE WHEN kind = 1 THEN 1 END) AS BIGINT), \
     CAST(COUNT(CASE WHEN kind = 2 THEN 1 END) AS BIGINT), \
     CAST(COUNT(CASE WHEN kind = 3 THEN 1 END) AS BIGINT) FROM menu_parts \
     WHERE organisation = $1 AND place = $2",
);

/// One more event about what is published of `$2`, which stood at `$3`: from now on it is the revision `$4`.
pub(crate) static MOVE_HEAD: Sql = Sql::new(
    "menu_heads.move",
    &HEADS,
    "INSERT INTO menu_heads (organisation, place, version, revision) VALUES ($1, $2, 1, $4) \
     ON CONFLICT (organisation, place) DO UPDATE SET version = menu_heads.version + 1, \
     revision = excluded.revision WHERE menu_heads.version = $3",
);

pub(crate) static READ_HEAD: Sql = Sql::new(
    "menu_heads.read",
    &HEADS,
    "SELECT version, revision FROM menu_heads WHERE organisation = $1 AND place = $2",
);

/// What is sold of two places, of a restaurant and of its brand, where anything is.
pub(crate) static READ_SOLD: Sql = Sql::new(
    "menu_heads.sold",
    &HEADS,
    "SELECT place, revision FROM menu_heads \
     WHERE organisation = $1 AND (place = $2 OR place = $3) AND revision > 0",
);

/// What a revision is known by.
pub(crate) static READ_FACE: Sql = Sql::new(
    "menu_revisions.face",
    &REVISIONS,
    "SELECT hash, currency FROM menu_revisions WHERE organisation = $1 AND place = $2 AND number = $3",
);

pub(crate) static READ_REVISION: Sql = Sql::new(
    "menu_revisions.read",
    &REVISIONS,
    "SELECT number, hash, items, author, at, note, restored FROM menu_revisions \
     WHERE organisation = $1 AND place = $2 AND number = $3",
);

pub(crate) static READ_PACKED: Sql = Sql::new(
    "menu_revisions.packed",
    &REVISIONS,
    "SELECT hash, packed, size, items, currency FROM menu_revisions \
     WHERE organisation = $1 AND place = $2 AND number = $3",
);

/// Reads on before a number, the newest first.
pub(crate) static LIST_REVISIONS: Sql = Sql::new(
    "menu_revisions.list",
    &REVISIONS,
    "SELECT number, hash, items, author, at, note, restored FROM menu_revisions \
     WHERE organisation = $1 AND place = $2 AND number < $3 ORDER BY number DESC LIMIT $4",
);

pub(crate) static READ_SCHEDULED: Sql = Sql::new(
    "menu_scheduled.read",
    &SCHEDULED,
    "SELECT timer, at, hash, items, author, note, draft FROM menu_scheduled \
     WHERE organisation = $1 AND place = $2",
);

pub(crate) static READ_SCHEDULED_PACKED: Sql = Sql::new(
    "menu_scheduled.packed",
    &SCHEDULED,
    "SELECT hash, packed, size, items, currency FROM menu_scheduled \
     WHERE organisation = $1 AND place = $2 AND timer = $3",
);

/// What was scheduled under this timer is so no more.
pub(crate) static REMOVE_SCHEDULED: Sql = Sql::new(
    "menu_scheduled.remove",
    &SCHEDULED,
    "DELETE FROM menu_scheduled WHERE organisation = $1 AND place = $2 AND timer = $3",
);

pub(crate) const TABLES: &[&Table] = &[
    &DRAFTS,
    &PARTS,
    &HEADS,
    &REVISIONS,
    &SCHEDULED,
    &super::local::store::LOCATIONS,
    &super::stock::store::HEADS,
    &super::stock::store::STOCK,
];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &CHANGE_DRAFT,
    &PUBLISH_DRAFT,
    &HOLD_DRAFT,
    &NOTE_PUBLISHED,
    &READ_DRAFT,
    &PUT_PART,
    &REMOVE_PART,
    &READ_PART,
    &LIST_PARTS,
    &KNOWN_PARTS,
    &COUNT_PARTS,
    &MOVE_HEAD,
    &READ_HEAD,
    &READ_SOLD,
    &READ_FACE,
    &READ_REVISION,
    &READ_PACKED,
    &LIST_REVISIONS,
    &READ_SCHEDULED,
    &READ_SCHEDULED_PACKED,
    &REMOVE_SCHEDULED,
    &super::fold::ALL_DRAFTS,
    &super::fold::ALL_PARTS,
    &super::fold::ALL_HEADS,
    &super::fold::ALL_REVISIONS,
    &super::fold::ALL_SCHEDULED,
    &super::local::store::CHANGE,
    &super::local::store::READ,
    &super::local::store::ALL,
    &super::stock::store::CHANGE_HEAD,
    &super::stock::store::PUT,
    &super::stock::store::REMOVE,
    &super::stock::store::END,
    &super::stock::store::TAKE,
    &super::stock::store::GIVE_BACK,
    &super::stock::store::READ_HEAD,
    &super::stock::store::READ,
    &super::stock::store::READ_ITEM,
    &super::stock::store::ALL_HEADS,
    &super::stock::store::ALL,
];

/// How often a draft was changed, and which of its versions was published last.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct DraftHead {
    pub(crate) version: i64,
    pub(crate) published: i64,
}

/// Which revision of a place is sold, and how often that changed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Head {
    pub(crate) version: i64,
    pub(crate) revision: RevisionNumber,
}

/// A revision, but for what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Revision {
    pub(crate) number: RevisionNumber,
    pub(crate) hash: [u8; 32],
    pub(crate) items: i64,
    pub(crate) author: String,
    pub(crate) at: Time,
    pub(crate) note: String,
    pub(crate) restored: RevisionNumber,
}

/// What will be published, but for what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Scheduled {
    pub(crate) timer: Uid,
    pub(crate) at: Time,
    pub(crate) hash: [u8; 32],
    pub(crate) items: i64,
    pub(crate) author: String,
    pub(crate) note: String,
    pub(crate) draft: i64,
}

/// The number that a kind of part is kept as: their order when a draft is read.
pub(crate) const fn kind(part: Option<&PartId>) -> i64 {
    match part {
        None => 0,
        Some(PartId::Category(_)) => 1,
        Some(PartId::Group(_)) => 2,
        Some(PartId::Item(_)) => 3,
    }
}

/// The key of a part in its table.
pub(crate) fn key(place: Uid, part: Option<&PartId>) -> [Value; 3] {
    let id = part.map_or(place, PartId::uid);
    [place.into(), kind(part).into(), id.into()]
}

/// What the row of a part says besides its key.
pub(crate) fn body(part: &Part) -> Outcome<[Value; 2]> {
    let body = serde_json::to_string(part)
        .map_err(|error| Failure::Malformed(format!("a part that is no JSON: {error}")))?;
    let external_id = part.external_id().map_or("", |id| id.as_str());
    Ok([body.into(), external_id.into()])
}

/// Reads `kind, id, body`.
pub(crate) fn read_part(row: &Row) -> Outcome<Part> {
    let body: String = row.get(2)?;
    serde_json::from_str(&body).map_err(|_| damaged("part"))
}

/// Reads `version, published`.
pub(crate) fn read_draft(row: &Row) -> Outcome<DraftHead> {
    Ok(DraftHead {
        version: row.get(0)?,
        published: row.get(1)?,
    })
}

/// Reads `version, revision`.
pub(crate) fn read_head(row: &Row) -> Outcome<Head> {
    Ok(Head {
        version: row.get(0)?,
        revision: row.get(1)?,
    })
}

/// Reads `number, hash, items, author, at, note, restored`.
pub(crate) fn read_revision(row: &Row) -> Outcome<Revision> {
    Ok(Revision {
        number: row.get(0)?,
        hash: hash(row, 1)?,
        items: row.get(2)?,
        author: row.get(3)?,
        at: row.get(4)?,
        note: row.get(5)?,
        restored: row.get(6)?,
    })
}

/// Reads `timer, at, hash, items, author, note, draft`.
pub(crate) fn read_scheduled(row: &Row) -> Outcome<Scheduled> {
    Ok(Scheduled {
        timer: row.get(0)?,
        at: row.get(1)?,
        hash: hash(row, 2)?,
        items: row.get(3)?,
        author: row.get(4)?,
        note: row.get(5)?,
        draft: row.get(6)?,
    })
}

/// Reads `hash, packed, size, items, currency`.
pub(crate) fn read_packed(row: &Row) -> Outcome<Packed> {
    Ok(Packed {
        hash: hash(row, 0)?,
        bytes: row.get(1)?,
        size: row.get(2)?,
        items: row.get(3)?,
        currency: row.get::<String>(4)?,
    })
}

/// A hash from a column.
pub(crate) fn hash(row: &Row, at: usize) -> Outcome<[u8; 32]> {
    let bytes: Vec<u8> = row.get(at)?;
    bytes.try_into().map_err(|_| damaged("hash"))
}

/// A column that holds what was never written there.
pub(crate) fn damaged(column: &str) -> Failure {
    Failure::Damaged(format!("a stored {column} of a menu cannot be read"))
}
