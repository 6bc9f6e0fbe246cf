//! The tables of pictures, of their blobs, and of how many there are.
//!
//! A blob may belong to several pictures of its organisation. Whoever stores one says so before, and whoever clears
//! one claims it before; so a blob that is about to be shown is never removed, whatever happens at the same time.

use carte::PictureId;
use store::{Class, Column, Failure, Outcome, Row, Sql, Table, Value};

use super::picture::{Format, Look, Picture};

/// Pictures.
pub(crate) static PICTURES: Table = Table::new(
    "pictures",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::int("width"),
        Column::int("height"),
        Column::text("colour"),
        Column::text("format"),
        Column::text("sizes"),
        Column::int("created_at"),
    ],
    1,
    &[],
);

/// Blobs that were announced: how many pictures show them, when somebody last meant to store them, and whether they
/// are being cleared.
pub(crate) static BLOBS: Table = Table::new(
    "picture_blobs",
    Class::Organisation,
    &[
        Column::bytes("digest"),
        Column::int("uses"),
        Column::int("touched_at"),
        Column::int("clearing"),
    ],
    1,
    &[],
);

/// How many pictures there are.
pub(crate) static COUNTS: Table = Table::new(
    "picture_counts",
    Class::Organisation,
    &[Column::text("what"), Column::int("used")],
    1,
    &[],
);

/// What is counted.
pub(crate) const COUNTED: &str = "pictures";

pub(crate) static READ: Sql = Sql::new(
    "pictures.read",
    &PICTURES,
    "SELECT id, width, height, colour, format, sizes, created_at FROM pictures \
     WHERE organisation = $1 AND id = $2",
);

pub(crate) static LIST: Sql = Sql::new(
    "pictures.list",
    &PICTURES,
    "SELECT id, width, height, colour, format, sizes, created_at FROM pictures \
     WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
);

pub(crate) static READ_ALL: Sql = Sql::new(
    "pictures.all",
    &PICTURES,
    "SELECT id, width, height, colour, format, sizes, created_at FROM pictures WHERE organisation = $1",
);

pub(crate) static REMOVE: Sql = Sql::new(
    "pictures.remove",
    &PICTURES,
    "DELETE FROM pictures WHERE organisation = $1 AND id = $2",
);

/// One more, while there are fewer than `$3`.
pub(crate) static TAKE: Sql = Sql::new(
    "picture_counts.take",
    &COUNTS,
    "INSERT INTO picture_counts (organisation, what, used) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, what) DO UPDATE SET used = picture_counts.used + 1 \
     WHERE picture_counts.used < $3",
);

pub(crate) static GIVE_BACK: Sql = Sql::new(
    "picture_counts.give_back",
    &COUNTS,
    "UPDATE picture_counts SET used = used - 1 WHERE organisation = $1 AND what = $2 AND used > 0",
);

pub(crate) static READ_COUNTS: Sql = Sql::new(
    "picture_counts.read",
    &COUNTS,
    "SELECT what, used FROM picture_counts WHERE organisation = $1",
);

/// Says that a blob is about to be stored; not while it is being cleared.
pub(crate) static TOUCH: Sql = Sql::new(
    "picture_blobs.touch",
    &BLOBS,
    "INSERT INTO picture_blobs (organisation, digest, uses, touched_at, clearing) VALUES ($1, $2, 0, $3, 0) \
     ON CONFLICT (organisation, digest) DO UPDATE SET touched_at = excluded.touched_at \
     WHERE picture_blobs.clearing = 0",
);

/// Says that one more picture shows a blob; not while it is being cleared.
pub(crate) static USE: Sql = Sql::new(
    "picture_blobs.use",
    &BLOBS,
    "UPDATE picture_blobs SET uses = uses + 1 WHERE organisation = $1 AND digest = $2 AND clearing = 0",
);

pub(crate) static LEAVE: Sql = Sql::new(
    "picture_blobs.leave",
    &BLOBS,
    "UPDATE picture_blobs SET uses = uses - 1, touched_at = $3 \
     WHERE organisation = $1 AND digest = $2 AND uses > 0",
);

/// Claims a blob for clearing that no picture shows and that nobody has meant to store since `$3`.
pub(crate) static CLAIM: Sql = Sql::new(
    "picture_blobs.claim",
    &BLOBS,
    "UPDATE picture_blobs SET clearing = 1 \
     WHERE organisation = $1 AND digest = $2 AND uses = 0 AND (clearing = 1 OR touched_at <= $3)",
);

pub(crate) static CLEARED: Sql = Sql::new(
    "picture_blobs.cleared",
    &BLOBS,
    "DELETE FROM picture_blobs WHERE organisation = $1 AND digest = $2 AND clearing = 1",
);

pub(crate) const TABLES: &[&Table] = &[&PICTURES, &BLOBS, &COUNTS];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ,
    &LIST,
    &READ_ALL,
    &REMOVE,
    &TAKE,
    &GIVE_BACK,
    &READ_COUNTS,
    &TOUCH,
    &USE,
    &LEAVE,
    &CLAIM,
    &CLEARED,
];

/// The cells of what a picture looks like.
pub(crate) fn cells(look: &Look) -> Outcome<[Value; 5]> {
    let sizes = serde_json::to_string(&look.sizes)
        .map_err(|error| Failure::Broken(format!("the sizes of a picture: {error}")))?;
    Ok([
        i64::from(look.width).into(),
        i64::from(look.height).into(),
        look.colour.as_str().into(),
        look.format.name().into(),
        sizes.into(),
    ])
}

/// Reads `id, width, height, colour, format, sizes, created_at`.
pub(crate) fn read(row: &Row) -> Outcome<Picture> {
    let side = |at: usize| -> Outcome<u32> {
        let pixels: i64 = row.get(at)?;
        u32::try_from(pixels).map_err(|_| damaged())
    };
    let (format, sizes): (String, String) = (row.get(4)?, row.get(5)?);
    let look = Look {
        width: side(1)?,
        height: side(2)?,
        colour: row.get(3)?,
        format: Format::find(&format).ok_or_else(damaged)?,
        sizes: serde_json::from_str(&sizes).map_err(|_| damaged())?,
    };
    Ok(Picture {
        id: PictureId::from(row.get::<base::Uid>(0)?),
        look,
        created_at: row.get(6)?,
    })
}

fn damaged() -> Failure {
    Failure::Damaged("a stored picture cannot be read".to_owned())
}
