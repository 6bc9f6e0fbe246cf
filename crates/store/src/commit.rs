//! A write as a value: guards, rows, events, in this order, stored together or not at all.
//!
//! A use case reads, decides, and fills a [`Commit`]. It names no transaction and sends no statement. A number
//! that a guard takes is not known yet while the commit is written; [`Taken`] stands for it in rows and events.

use base::{Clock, Organisation, Random, Time, Uid};

use crate::checksum::{Sum, verified};
use crate::failure::{Failure, Outcome, Rule};
use crate::postgres::functions::Merged;
use crate::row::Row;
use crate::sql::Sql;
use crate::system::{COMMITS, LOG};
use crate::table::{Class, Table};
use crate::value::{Value, is_storable};

/// Stands for the number in the first column that a guard answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken(pub(crate) usize);

/// A cell of a row to insert: a value, or a number that a guard takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Known now.
    Value(Value),
    /// Known when the guard has been passed.
    Taken(Taken),
}

impl<T: Into<Value>> From<T> for Cell {
    fn from(value: T) -> Self {
        Cell::Value(value.into())
    }
}

impl From<Taken> for Cell {
    fn from(taken: Taken) -> Self {
        Cell::Taken(taken)
    }
}

/// What must hold, and what changes with it.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    /// A guarded change: it must touch exactly one row.
    Holds {
        sql: &'static Sql,
        params: Vec<Value>,
    },
    /// A change that may touch any number of rows.
    Change {
        sql: &'static Sql,
        params: Vec<Value>,
    },
    /// A row whose key must be new.
    Claim {
        table: &'static Table,
        cells: Vec<Value>,
    },
    /// A stream of events whose last version must be this one.
    Stream { stream: Uid, version: i64 },
}

impl Guard {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Guard::Holds { sql, .. } | Guard::Change { sql, .. } => sql.name,
            Guard::Claim { table, .. } => table.name,
            Guard::Stream { .. } => "log.stream",
        }
    }

    /// The function that runs it for many commits on PostgreSQL, if it gives what that needs: a value that tells its
    /// kind for each parameter.
    pub(crate) fn merged(&self) -> Option<&'static Merged> {
        let (merged, values) = match self {
            Guard::Holds { sql, params } | Guard::Change { sql, params } => (sql.merged(), params),
            Guard::Claim { table, cells } => (&table.texts().claim_merged, cells),
            Guard::Stream { .. } => return None,
        };
        let fits = values.len().checked_add(1) == Some(merged.parameters)
            && values.iter().all(|value| value.kind().is_some());
        fits.then_some(merged)
    }

    /// Whether it answers rows, which have to be known before the commit can be written.
    pub(crate) fn answers(&self) -> bool {
        match self {
            Guard::Holds { sql, .. } | Guard::Change { sql, .. } => {
                sql.postgres().contains("RETURNING")
            }
            Guard::Claim { .. } => false,
            Guard::Stream { .. } => true,
        }
    }

    /// Whether the key of its table begins with the person. That of held rows does not, nor that of answers.
    pub(crate) fn is_keyed_by_person(&self) -> bool {
        match self {
            Guard::Holds { sql, .. } | Guard::Change { sql, .. } => {
                sql.table.class == Class::Person
            }
            Guard::Claim { table, .. } => table.class == Class::Person,
            Guard::Stream { .. } => false,
        }
    }

    /// Guards are taken in this order by every group on every node, so that no two groups can wait for each other.
    pub(crate) fn order(&self) -> (usize, &'static str, &[Value]) {
        let (table, values) = match self {
            Guard::Holds { sql, params } | Guard::Change { sql, params } => (sql.table, params),
            Guard::Claim { table, cells } => (*table, cells),
            Guard::Stream { .. } => return (0, "", &[]),
        };
        (
            table.rank(),
            table.name,
            values.get(..table.key).unwrap_or(values),
        )
    }
}

/// A row to insert.
#[derive(Clone, Debug)]
pub(crate) struct Insert {
    pub(crate) table: &'static Table,
    pub(crate) cells: Vec<Cell>,
}

/// A fact for the log. The log is the outbox as well: what stands in it will be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The stream that it belongs to: the id of an order, a menu, a person.
    pub stream: Uid,
    /// Its place in the stream, from 1: one more than the version that the caller decided upon.
    pub version: i64,
    /// What happened: `order.created`.
    pub kind: &'static str,
    /// The facts, as a JSON object.
    pub payload: String,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: Time,
    /// The trace that it belongs to, or empty.
    pub trace: String,
}

/// An event in a commit, with the numbers that the store adds to its payload.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    pub(crate) taken: Vec<(&'static str, Taken)>,
}

/// Guards, rows and events of one organisation (or of one person), stored together or not at all.
#[derive(Clone, Debug)]
pub struct Commit {
    pub(crate) id: Uid,
    pub(crate) organisation: Organisation,
    pub(crate) person: Option<Uid>,
    pub(crate) at: Time,
    pub(crate) guards: Vec<Guard>,
    pub(crate) inserts: Vec<Insert>,
    pub(crate) events: Vec<Entry>,
}

impl Commit {
    /// An empty commit of an organisation, with an id of its own.
    #[must_use]
    pub fn new(clock: &Clock, random: &Random, organisation: Organisation) -> Self {
        Commit {
            id: Uid::make(clock, random, organisation),
            organisation,
            person: None,
            at: clock.now(),
            guards: Vec::new(),
            inserts: Vec::new(),
            events: Vec::new(),
        }
    }

    /// An empty commit about one person, for the people database.
    #[must_use]
    pub fn of_person(clock: &Clock, random: &Random, person: Uid) -> Self {
        Commit {
            person: Some(person),
            ..Commit::new(clock, random, Organisation::PEOPLE)
        }
    }

    /// The id under which it is stored: the same commit sent again changes nothing.
    #[must_use]
    pub fn id(&self) -> Uid {
        self.id
    }

    /// When it was begun: the time for its rows and events.
    #[must_use]
    pub fn at(&self) -> Time {
        self.at
    }

    /// Whose it is.
    #[must_use]
    pub fn organisation(&self) -> Organisation {
        self.organisation
    }

    /// A change that must touch exactly one row, or the commit is refused: a version, a counter with enough left.
    /// Parameters follow the organisation, which the store fills in; the table's key comes first.
    /// The returned placeholder stands for the number in its first answered column.
    pub fn guard(&mut self, sql: &'static Sql, params: impl Into<Vec<Value>>) -> Taken {
        self.push(Guard::Holds {
            sql,
            params: params.into(),
        })
    }

    /// A change that may touch any number of rows.
    pub fn change(&mut self, sql: &'static Sql, params: impl Into<Vec<Value>>) -> Taken {
        self.push(Guard::Change {
            sql,
            params: params.into(),
        })
    }

    /// A row whose key must be new, or the commit is refused. It must not refer to a row of this same commit.
    pub fn claim(&mut self, table: &'static Table, cells: impl Into<Vec<Value>>) -> Taken {
        self.push(Guard::Claim {
            table,
            cells: cells.into(),
        })
    }

    /// A stream that must stand at this version, or the commit is refused.
    pub fn expect(&mut self, stream: Uid, version: i64) {
        self.push(Guard::Stream { stream, version });
    }

    /// A row to insert; a key that exists already ends the commit as violated.
    pub fn insert(&mut self, table: &'static Table, cells: impl Into<Vec<Cell>>) {
        self.inserts.push(Insert {
            table,
            cells: cells.into(),
        });
    }

    /// A fact for the log.
    pub fn event(&mut self, event: Event) {
        self.event_with(event, []);
    }

    /// A fact for the log whose payload gets the taken numbers as fields of the given names.
    pub fn event_with(&mut self, event: Event, taken: impl Into<Vec<(&'static str, Taken)>>) {
        self.events.push(Entry {
            event,
            taken: taken.into(),
        });
    }

    fn push(&mut self, guard: Guard) -> Taken {
        self.guards.push(guard);
        Taken(self.guards.len().saturating_sub(1))
    }

    /// What a failure means: where two nodes append to one stream at once, the guards of both hold, and the slower
    /// one breaks the key of the log.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        let Failure::Violated {
            rule: Rule::Unique,
            table,
            ..
        } = &failure
        else {
            return failure;
        };
        let outrun = |guard: &Guard| match guard {
            Guard::Stream { stream, version } => self.events.iter().any(|entry| {
                entry.event.stream == *stream && Some(entry.event.version) == version.checked_add(1)
            }),
            Guard::Holds { .. } | Guard::Change { .. } | Guard::Claim { .. } => false,
        };
        let mut guards = self.guards.iter().enumerate();
        match guards.find(|(_, guard)| table == LOG.name && outrun(guard)) {
            Some((at, guard)) => Failure::Refused {
                guard: at,
                name: guard.name(),
            },
            None => failure,
        }
    }

    /// The position that a log which stood at `head` has when the commit can be seen in it.
    pub(crate) fn position(&self, head: i64) -> i64 {
        let events = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        head.saturating_add(events.max(1))
    }

    /// Finds what a database would refuse less clearly, before anything is sent.
    pub(crate) fn check(&self) -> Outcome<()> {
        for guard in &self.guards {
            if let Guard::Claim { table, cells } = guard {
                let fits = |(cell, column): (&Value, &crate::table::Column)| cell.fits(column.kind);
                well_formed(
                    table,
                    cells.len(),
                    cells.iter().zip(table.columns).all(fits),
                    self,
                )?;
            } else if let Guard::Holds { sql, params } | Guard::Change { sql, params } = guard {
                let storable = |value: &Value| match value {
                    Value::Text(text) => is_storable(text),
                    _ => true,
                };
                let fits = params.len() >= sql.table.key && params.iter().all(storable);
                // A commit acts for a person, never for whoever holds a digest.
                let fits = fits && !sql.by_digest();
                well_formed(sql.table, sql.table.columns.len(), fits, self)?;
            }
        }
        for Insert { table, cells } in &self.inserts {
            let fits = cells
                .iter()
                .zip(table.columns)
                .all(|(cell, column)| match cell {
                    Cell::Value(value) => value.fits(column.kind),
                    Cell::Taken(taken) => {
                        taken.0 < self.guards.len() && column.kind == crate::value::Kind::Int
                    }
                });
            well_formed(table, cells.len(), fits, self)?;
        }
        for Entry { event, taken } in &self.events {
            let object = event.payload.starts_with('{') && event.payload.ends_with('}');
            let known = taken.iter().all(|(_, taken)| taken.0 < self.guards.len());
            let texts = [&event.payload, &event.actor, &event.trace];
            let storable = texts.into_iter().all(|text| is_storable(text));
            if !object || !known || !storable || event.version < 1 {
                return Err(Failure::Malformed(format!(
                    "event {} of commit {:?}",
                    event.kind, self.id
                )));
            }
        }
        Ok(())
    }
}

/// The checksum of a row of `commits`, but for its position, which is laid over it bit by bit: on PostgreSQL it is
/// given by the last statement of the transaction.
pub(crate) fn checksum(organisation: Organisation, id: Uid, answer: Option<&str>, at: Time) -> i64 {
    let mut sum = Sum::of(COMMITS.name);
    sum.organisation(organisation).id(id).time(at);
    match answer {
        Some(answer) => sum.text(answer),
        None => sum.null(),
    };
    sum.finish()
}

/// Tests a row of `commits` that was read with its id in front, as `verify` reads it.
pub(crate) fn verify_row(organisation: Organisation, row: &Row) -> Outcome<()> {
    let (id, position, kept): (Uid, i64, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let sum = checksum(organisation, id, kept.as_deref(), row.get(3)?) ^ position;
    verified(COMMITS.name, sum, row.get(4)?, || format!("{id:?}"))
}

fn well_formed(table: &Table, cells: usize, fits: bool, commit: &Commit) -> Outcome<()> {
    let scoped = match table.class {
        Class::Organisation => commit.person.is_none() || table.beside_people,
        Class::Person | Class::Held => commit.person.is_some(),
        Class::Queue | Class::Appended | Class::Published | Class::Control => false,
    };
    if cells == table.columns.len() && fits && scoped {
        return Ok(());
    }
    Err(Failure::Malformed(format!(
        "a row or statement of {} in commit {:?}",
        table.name, commit.id
    )))
}

/// What a stored commit answers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Committed {
    /// A read that carries this position of the shard's log sees the commit: that of its last event or, where it has
    /// none, the next to be written, because whoever has seen that has seen the commit too.
    pub position: i64,
    pub(crate) answers: Vec<Vec<Row>>,
}

impl Committed {
    /// The number that a guard took: the first column of its first answered row.
    #[must_use]
    pub fn taken(&self, taken: Taken) -> Option<i64> {
        self.answers
            .get(taken.0)
            .and_then(|rows| rows.first())
            .and_then(|row| row.get(0).ok())
    }

    /// The rows that a guard or change answered by `RETURNING`.
    #[must_use]
    pub fn rows(&self, taken: Taken) -> &[Row] {
        self.answers.get(taken.0).map_or(&[], Vec::as_slice)
    }
}

/// The rows that the guards of one commit answered, in the order of the commit.
pub(crate) type Answers = Vec<Vec<Row>>;

impl Cell {
    /// The value, now that the guards have answered.
    pub(crate) fn resolve(&self, answers: &Answers) -> Outcome<Value> {
        match self {
            Cell::Value(value) => Ok(value.clone()),
            Cell::Taken(taken) => taken.resolve(answers).map(Value::Int),
        }
    }
}

impl Taken {
    pub(crate) fn resolve(self, answers: &Answers) -> Outcome<i64> {
        let row = answers.get(self.0).and_then(|rows| rows.first());
        let row =
            row.ok_or_else(|| Failure::Malformed(format!("guard {} answers no number", self.0)))?;
        row.get(0)
    }
}

impl Event {
    /// The checksum of its row in the log, but for its position, which is laid over it as it is for commits.
    pub(crate) fn checksum(&self, organisation: Organisation, payload: &str) -> i64 {
        crate::log::checksum(
            (organisation, self.stream, self.version),
            [self.kind, payload, &self.actor, &self.trace],
            self.at,
        )
    }
}

impl Entry {
    /// The payload with the taken numbers added as fields.
    pub(crate) fn payload(&self, answers: &Answers) -> Outcome<String> {
        let mut payload = self.event.payload.clone();
        for (name, taken) in &self.taken {
            let number = taken.resolve(answers)?;
            payload.pop();
            let comma = if payload.trim_end().ends_with('{') {
                ""
            } else {
                ","
            };
            payload.push_str(&format!("{comma}\"{name}\":{number}}}"));
        }
        Ok(payload)
    }
}

impl Committed {
    /// The answer of a commit whose last event stands at this position; the same whether it is given for the first
    /// time or recalled.
    pub(crate) fn at(position: i64, answers: Answers) -> Self {
        let silent = answers.iter().all(Vec::is_empty);
        Committed {
            position,
            answers: if silent { Vec::new() } else { answers },
        }
    }

    /// What is kept with the commit of its answers: nothing where no guard answered a row.
    pub(crate) fn remember(answers: &Answers) -> Outcome<Option<String>> {
        if answers.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let values: Vec<Vec<&[Value]>> = answers
            .iter()
            .map(|rows| rows.iter().map(Row::values).collect())
            .collect();
        serde_json::to_string(&values)
            .map(Some)
            .map_err(|error| Failure::Malformed(error.to_string()))
    }

    /// What a commit answered when it was stored, from its row in `commits`; never from a row that is damaged.
    pub(crate) fn recall(commit: &Commit, row: &Row) -> Outcome<Self> {
        let (position, kept): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
        let (at, stored): (Time, i64) = (row.get(2)?, row.get(3)?);
        let sum = checksum(commit.organisation, commit.id, kept.as_deref(), at) ^ position;
        verified(COMMITS.name, sum, stored, || format!("{:?}", commit.id))?;
        let values: Vec<Vec<Vec<Value>>> = match kept {
            None => Vec::new(),
            Some(text) => {
                serde_json::from_str(&text).map_err(|error| Failure::Damaged(error.to_string()))?
            }
        };
        let answers = values
            .into_iter()
            .map(|rows| rows.into_iter().map(Row).collect())
            .collect();
        Ok(Committed { position, answers })
    }
}
