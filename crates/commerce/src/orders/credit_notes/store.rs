//! The tables of credit notes, their SQL, and how the log gives their rows.

use base::{Organisation, Result, Trail as _, Uid};
use serde_json::Value as Json;
use slice::Ask;
use store::{
    Cell, Class, Column, Commit, Db, Failure, Fold, Folded, Logged, Migration, Outcome, Part, Row,
    Sql, Table, Value,
};
use trade::orders::OrderId;
use trade::refunds::{CreditNote, CreditNoteId, Issued};

/// A note was issued.
const ISSUED: &str = "credit_note.issued";
/// Under which name its event tells its number.
const NUMBER: &str = "number";
/// How many notes of one order are read; there are no more than refunds of it.
const OF_ORDER_MAX: i64 = 10_000;

/// Credit notes, as they were issued.
static NOTES: Table = Table::new(
    "credit_notes",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("order_id"),
        Column::int("year"),
        Column::int("number"),
        Column::int("at"),
        Column::text("body"),
    ],
    1,
    &[],
);

/// How many an organisation has issued in a year.
static NUMBERS: Table = Table::new(
    "credit_note_numbers",
    Class::Organisation,
    &[Column::int("year"), Column::int("taken")],
    1,
    &[],
);

/// The next number of a year.
static TAKE_NUMBER: Sql = Sql::new(
    "credit_note_numbers.take",
    &NUMBERS,
    "INSERT INTO credit_note_numbers (organisation, year, taken) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, year) DO UPDATE SET taken = credit_note_numbers.taken + 1 \
     RETURNING taken",
);

static OF_ORDER: Sql = Sql::new(
    "credit_notes.of_order",
    &NOTES,
    "SELECT id, number, at, body FROM credit_notes \
     WHERE organisation = $1 AND order_id = $2 ORDER BY year, number LIMIT $3",
);

/// Those of a year before a number, the last one first.
static OF_YEAR: Sql = Sql::new(
    "credit_notes.of_year",
    &NOTES,
    "SELECT id, number, at, body FROM credit_notes \
     WHERE organisation = $1 AND year = $2 AND number < $3 ORDER BY number DESC LIMIT $4",
);

static ALL: Sql = Sql::new(
    "credit_notes.all",
    &NOTES,
    "SELECT id, order_id, year, number, at, body FROM credit_notes WHERE organisation = $1",
);

static ALL_NUMBERS: Sql = Sql::new(
    "credit_note_numbers.all",
    &NUMBERS,
    "SELECT year, taken FROM credit_note_numbers WHERE organisation = $1",
);

/// What credit notes bring to every shard.
pub(crate) static SHARD: Part = Part {
    name: "credit_notes",
    tables: &[&NOTES, &NUMBERS],
    statements: &[&TAKE_NUMBER, &OF_ORDER, &OF_YEAR, &ALL, &ALL_NUMBERS],
    migrations: &[Migration {
        number: 1,
        name: "credit_notes",
        sqlite: include_str!("../../../migrations/credit_notes/sqlite/0001_credit_notes.sql"),
        postgres: include_str!("../../../migrations/credit_notes/postgres/0001_credit_notes.sql"),
    }],
};

/// Notes, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &NOTES,
    kinds: &[ISSUED],
    apply: fold,
    read: &ALL,
    key: 1,
};

/// How many there are of a year, from the same events: a number that nobody has would be found here.
pub(crate) static FOLD_NUMBERS: Fold = Fold {
    table: &NUMBERS,
    kinds: &[ISSUED],
    apply: count,
    read: &ALL_NUMBERS,
    key: 1,
};

/// Has a commit issue a note under the next number of its year.
pub(super) fn issue(commit: &mut Commit, ask: &Ask, note: &CreditNote) -> Result<()> {
    let number = commit.guard(&TAKE_NUMBER, [note.year.into()]);
    let id = CreditNoteId::of(note.refund);
    let [before, after] = cells(note).at()?;
    let before = before.into_iter().map(Cell::from);
    let at = [Cell::from(commit.at())];
    let after = at.into_iter().chain(after.into_iter().map(Cell::from));
    let row = before.chain([number.into()]).chain(after);
    commit.insert(&NOTES, row.collect::<Vec<_>>());
    let event = ask.event(commit, (id.uid(), 1), ISSUED, note)?;
    commit.event_with(event, [(NUMBER, number)]);
    Ok(())
}

/// The notes of an order, the oldest first.
pub(super) async fn of_order(db: &Db, order: OrderId) -> Outcome<Vec<Issued>> {
    let params = [order.uid().into(), OF_ORDER_MAX.into()];
    let rows = db.rows(order.organisation(), &OF_ORDER, params).await?;
    rows.iter().map(read).collect()
}

/// So many notes of a year before a number, the last one first.
pub(super) async fn of_year(
    db: &Db,
    house: Organisation,
    (year, before, most): (i64, i64, i64),
) -> Outcome<Vec<Issued>> {
    let params = [year.into(), before.into(), most.into()];
    let rows = db.rows(house, &OF_YEAR, params).await?;
    rows.iter().map(read).collect()
}

/// The cells of a note, those before its number and those after its time.
fn cells(note: &CreditNote) -> Outcome<[Vec<Value>; 2]> {
    let body = serde_json::to_string(note)
        .map_err(|error| Failure::Broken(format!("a credit note: {error}")))?;
    let id = CreditNoteId::of(note.refund);
    Ok([
        vec![id.uid().into(), note.order.uid().into(), note.year.into()],
        vec![body.into()],
    ])
}

fn read(row: &Row) -> Outcome<Issued> {
    let note: CreditNote = serde_json::from_str(&row.get::<String>(3)?)
        .map_err(|error| Failure::Damaged(format!("a credit note: {error}")))?;
    match CreditNoteId::of(note.refund).uid() == row.get::<Uid>(0)? {
        true => Ok(Issued {
            number: row.get(1)?,
            at: row.get(2)?,
            note,
        }),
        false => Err(Failure::Damaged(
            "a credit note under another id".to_owned(),
        )),
    }
}

fn fold(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let (note, number) = told(event)?;
    let [before, after] = cells(&note)?;
    let mut before = before.into_iter();
    let key = before.by_ref().take(1).collect();
    let numbered = [Value::Int(number), Value::from(event.at)];
    rows.insert(key, before.chain(numbered).chain(after).collect());
    Ok(())
}

fn count(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let (note, _) = told(event)?;
    let key = vec![Value::Int(note.year)];
    let taken = match rows.get(&key).and_then(|row| row.first()) {
        Some(Value::Int(taken)) => *taken,
        _ => 0,
    };
    rows.insert(key, vec![taken.saturating_add(1).into()]);
    Ok(())
}

/// What an event tells: the note as it was written, and the number that it got.
fn told(event: &Logged) -> Outcome<(CreditNote, i64)> {
    let damaged = |said: &str| Failure::Damaged(format!("event {}: {said}", event.position));
    let mut payload: Json =
        serde_json::from_str(&event.payload).map_err(|error| damaged(&error.to_string()))?;
    let fields = payload.as_object_mut();
    let number = fields.and_then(|fields| fields.remove(NUMBER)?.as_i64());
    let number = number.ok_or_else(|| damaged("a credit note without a number"))?;
    let note = serde_json::from_value(payload).map_err(|error| damaged(&error.to_string()))?;
    Ok((note, number))
}
