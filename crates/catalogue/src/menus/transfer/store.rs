//! The tables of imports, their SQL, and their rows as values. They are operational: no event tells of them, but of
//! what they change.

use base::{Time, Uid};
use carte::Edit;
use carte::transfer::Mode;
use serde::{Deserialize, Serialize};
use store::{Class, Column, Failure, Migration, Outcome, Part, Row, Sql, Table, Value};

use super::found::Found;

/// Whose turn it is in a place.
pub(crate) static TURNS: Table = Table::new(
    "menu_import_turns",
    Class::Organisation,
    &[Column::id("place"), Column::id("import")],
    1,
    &[],
);

/// Imports, those that run and the last ones that ran.
pub(crate) static IMPORTS: Table = Table::new(
    "menu_imports",
    Class::Organisation,
    &[
        Column::id("place"),
        Column::id("id"),
        Column::int("version"),
        Column::text("state"),
        Column::text("file"),
        Column::int("size"),
        Column::id("run"),
        Column::int("step"),
        Column::int("steps"),
        Column::int("done"),
        Column::int("total"),
        Column::text("found"),
        Column::text("author"),
        Column::int("started_at"),
        Column::int("ended_at"),
    ],
    2,
    &[],
);

/// The bytes of files that are still to be read.
pub(crate) static PIECES: Table = Table::new(
    "menu_import_pieces",
    Class::Organisation,
    &[
        Column::id("import"),
        Column::int("number"),
        Column::bytes("bytes"),
    ],
    2,
    &[],
);

/// What is still to be done to drafts.
pub(crate) static STEPS: Table = Table::new(
    "menu_import_steps",
    Class::Organisation,
    &[
        Column::id("import"),
        Column::id("run"),
        Column::int("number"),
        Column::bytes("edit"),
    ],
    3,
    &[],
);

/// The turn of a place passes from `$4` to `$3`; nobody's turn is written as [`NOBODY`].
pub(crate) static TAKE_TURN: Sql = Sql::new(
    "menu_import_turns.take",
    &TURNS,
    "INSERT INTO menu_import_turns (organisation, place, import) VALUES ($1, $2, $3) \
     ON CONFLICT (organisation, place) DO UPDATE SET import = excluded.import \
     WHERE menu_import_turns.import = $4",
);

pub(crate) static READ_TURN: Sql = Sql::new(
    "menu_import_turns.read",
    &TURNS,
    "SELECT import FROM menu_import_turns WHERE organisation = $1 AND place = $2",
);

pub(crate) static MOVE: Sql = Sql::new(
    "menu_imports.move",
    &IMPORTS,
    "UPDATE menu_imports SET version = version + 1, state = $5, size = $6, run = $7, step = $8, \
     steps = $9, done = $10, total = $11, found = $12, ended_at = $13 \
     WHERE organisation = $1 AND place = $2 AND id = $3 AND version = $4",
);

/// Ends an import that is under way, whatever its version is.
pub(crate) static STOP: Sql = Sql::new(
    "menu_imports.stop",
    &IMPORTS,
    "UPDATE menu_imports SET version = version + 1, state = $4, ended_at = $5 \
     WHERE organisation = $1 AND place = $2 AND id = $3 AND ended_at = 0",
);

pub(crate) static READ: Sql = Sql::new(
    "menu_imports.read",
    &IMPORTS,
    "SELECT id, version, state, file, size, run, step, steps, done, total, found, author, \
     started_at, ended_at FROM menu_imports WHERE organisation = $1 AND place = $2 AND id = $3",
);

/// The imports of a place, the oldest first.
pub(crate) static LIST: Sql = Sql::new(
    "menu_imports.list",
    &IMPORTS,
    "SELECT id FROM menu_imports WHERE organisation = $1 AND place = $2 ORDER BY id",
);

pub(crate) static FORGET: Sql = Sql::new(
    "menu_imports.forget",
    &IMPORTS,
    "DELETE FROM menu_imports WHERE organisation = $1 AND place = $2 AND id <= $3 AND ended_at > 0",
);

pub(crate) static READ_PIECE: Sql = Sql::new(
    "menu_import_pieces.read",
    &PIECES,
    "SELECT bytes FROM menu_import_pieces WHERE organisation = $1 AND import = $2 AND number = $3",
);

pub(crate) static CLEAR_PIECES: Sql = Sql::new(
    "menu_import_pieces.clear",
    &PIECES,
    "DELETE FROM menu_import_pieces WHERE organisation = $1 AND import = $2 AND number >= $3",
);

pub(crate) static READ_STEP: Sql = Sql::new(
    "menu_import_steps.read",
    &STEPS,
    "SELECT edit FROM menu_import_steps \
     WHERE organisation = $1 AND import = $2 AND run = $3 AND number = $4",
);

/// Removes what all runs of an import have left; `$3` and `$4` are before all of them.
pub(crate) static CLEAR_STEPS: Sql = Sql::new(
    "menu_import_steps.clear",
    &STEPS,
    "DELETE FROM menu_import_steps \
     WHERE organisation = $1 AND import = $2 AND run >= $3 AND number >= $4",
);

/// What imports bring to every shard.
pub static SHARD: Part = Part {
    name: "menu_imports",
    tables: &[&TURNS, &IMPORTS, &PIECES, &STEPS],
    statements: &[
        &TAKE_TURN,
        &READ_TURN,
        &MOVE,
        &STOP,
        &READ,
        &LIST,
        &FORGET,
        &READ_PIECE,
        &CLEAR_PIECES,
        &READ_STEP,
        &CLEAR_STEPS,
    ],
    migrations: &[Migration {
        number: 1,
        name: "imports",
        sqlite: include_str!("../../../migrations/transfer/sqlite/0001_imports.sql"),
        postgres: include_str!("../../../migrations/transfer/postgres/0001_imports.sql"),
    }],
};

/// Where nobody's turn is, and before all ids.
pub(crate) const NOBODY: Uid = Uid::from_bytes([0; 16]);

/// How far an import is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The file is coming.
    Receiving,
    /// The file is there and will be read.
    Waiting,
    /// What it says is being done.
    Applying,
    /// All is done; or, when it was only to be tried, all that would be done is known.
    Done,
    /// Something is wrong with the file. Nothing was changed.
    Refused,
    /// Somebody stopped it.
    Cancelled,
    /// It could not go on.
    Failed,
}

impl State {
    const ALL: [(State, &'static str); 7] = [
        (State::Receiving, "receiving"),
        (State::Waiting, "waiting"),
        (State::Applying, "applying"),
        (State::Done, "done"),
        (State::Refused, "refused"),
        (State::Cancelled, "cancelled"),
        (State::Failed, "failed"),
    ];

    pub(crate) fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(state, _)| *state == self)
            .map_or("", |(_, name)| name)
    }

    fn find(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == name)
            .map(|(state, _)| *state)
    }

    /// Whether nothing more will become of it.
    pub(crate) const fn is_over(self) -> bool {
        !matches!(self, State::Receiving | State::Waiting | State::Applying)
    }
}

/// In which form a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// A table.
    Csv,
    /// One document.
    Json,
    /// A part in each line.
    Lines,
}

/// What a file is, and what is to be done with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) form: Form,
    pub(crate) mode: Mode,
    pub(crate) trial: Trial,
}

/// Whether the draft is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trial {
    /// It stays as it is.
    Dry,
    /// It is changed.
    Real,
}

/// An import.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Import {
    pub(crate) id: Uid,
    pub(crate) version: i64,
    pub(crate) state: State,
    pub(crate) file: File,
    pub(crate) size: i64,
    /// Which reading of the file its steps are of.
    pub(crate) run: Uid,
    pub(crate) step: i64,
    pub(crate) steps: i64,
    /// How many parts are done.
    pub(crate) done: i64,
    pub(crate) total: i64,
    pub(crate) found: Found,
    pub(crate) author: String,
    pub(crate) started_at: Time,
    pub(crate) ended_at: Option<Time>,
}

impl Import {
    /// All cells of a new row.
    pub(crate) fn cells(&self, place: Uid) -> Outcome<Vec<Value>> {
        let Import { id, version, .. } = self;
        let mut cells: Vec<Value> = vec![place.into(), (*id).into(), (*version).into()];
        cells.push(self.state.name().into());
        cells.push(json(&self.file)?.into());
        cells.push(self.size.into());
        cells.push(self.run.into());
        cells.extend([self.step, self.steps, self.done, self.total].map(Value::from));
        cells.push(json(&self.found)?.into());
        cells.push(self.author.as_str().into());
        cells.push(self.started_at.into());
        cells.push(ended(self.ended_at).into());
        Ok(cells)
    }

    /// The parameters of [`MOVE`]: how it stands now, and the version that it had before.
    pub(crate) fn moved(&self, place: Uid) -> Outcome<Vec<Value>> {
        let mut params: Vec<Value> = vec![place.into(), self.id.into(), self.version.into()];
        params.push(self.state.name().into());
        params.push(self.size.into());
        params.push(self.run.into());
        params.extend([self.step, self.steps, self.done, self.total].map(Value::from));
        params.push(json(&self.found)?.into());
        params.push(ended(self.ended_at).into());
        Ok(params)
    }
}

/// No import ends at the beginning of time.
fn ended(at: Option<Time>) -> i64 {
    at.map_or(0, Time::as_micros)
}

/// Reads what [`READ`] answers.
pub(crate) fn read(row: &Row) -> Outcome<Import> {
    let ended_at: i64 = row.get(13)?;
    Ok(Import {
        id: row.get(0)?,
        version: row.get(1)?,
        state: State::find(&row.get::<String>(2)?).ok_or_else(|| damaged("state"))?,
        file: unjson(&row.get::<String>(3)?, "file")?,
        size: row.get(4)?,
        run: row.get(5)?,
        step: row.get(6)?,
        steps: row.get(7)?,
        done: row.get(8)?,
        total: row.get(9)?,
        found: unjson(&row.get::<String>(10)?, "found")?,
        author: row.get(11)?,
        started_at: row.get(12)?,
        ended_at: (ended_at > 0).then(|| Time::from_micros(ended_at)),
    })
}

/// An edit as it is kept.
pub(crate) fn pack(edit: &Edit) -> Outcome<Vec<u8>> {
    const LEVEL: i32 = 1;
    let json = serde_json::to_vec(edit).map_err(|_| damaged("edit"))?;
    zstd::bulk::compress(&json, LEVEL).map_err(|_| damaged("edit"))
}

/// The edit that was kept.
pub(crate) fn unpack(bytes: &[u8]) -> Outcome<Edit> {
    let reader = zstd::stream::read::Decoder::new(bytes).map_err(|_| damaged("edit"))?;
    serde_json::from_reader(std::io::BufReader::new(reader)).map_err(|_| damaged("edit"))
}

/// How many parts an edit is about.
pub(crate) fn count(edit: &Edit) -> i64 {
    let parts = edit.names().count().max(edit.puts.len());
    i64::try_from(parts).unwrap_or(i64::MAX)
}

fn json(value: &impl Serialize) -> Outcome<String> {
    serde_json::to_string(value).map_err(|_| damaged("value"))
}

fn unjson<T: for<'de> Deserialize<'de>>(text: &str, what: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|_| damaged(what))
}

fn damaged(what: &str) -> Failure {
    Failure::Damaged(format!("a stored {what} of an import cannot be read"))
}
