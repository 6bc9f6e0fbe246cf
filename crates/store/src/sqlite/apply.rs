//! One job inside a transaction: the fence, guards, the commit's own row, rows, events.

use rusqlite::Error;

use crate::call::{Answer, Call, Scope};
use crate::commit::{Answers, Commit, Committed, Entry, Guard, Insert, checksum};
use crate::failure::Failure;
use crate::row::Row;
use crate::sql::Sql;
use crate::sqlite::bind::Bound;
use crate::sqlite::constraint::{self, Doing};
use crate::sqlite::session::{Done, Job, Session, Stop};
use crate::sqlite::statements::Ran;
use crate::system::{COMMITS, LOG, PLACEMENTS, READ_HEAD, READ_PLACEMENT, READ_STREAM_VERSION};
use crate::table::{Class, Table};
use crate::value::Value;

type Result<T> = std::result::Result<T, Stop>;

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::One(failure)
    }
}

impl Session<'_> {
    pub(super) fn apply(&mut self, job: &Job) -> Result<Done> {
        match job {
            Job::Commit { commit, epoch } => self.commit(commit, *epoch).map(Done::Committed),
            Job::Calls(calls) => self.calls(calls).map(Done::Answered),
        }
    }

    fn commit(&mut self, commit: &Commit, epoch: i64) -> Result<Committed> {
        self.fence(commit, epoch)?;
        let answers = self.guards(commit)?;
        let head = self.head().map_err(|error| self.stop(&READ_HEAD, error))?;
        let events = i64::try_from(commit.events.len()).unwrap_or(i64::MAX);
        let position = commit.position(head);
        // Before the rows: a commit that was stored already stops here, with less to undo.
        self.remember(commit, position, &answers)?;
        self.inserts(commit, &answers)?;
        for (entry, position) in commit.events.iter().zip(head.saturating_add(1)..) {
            self.append(commit, entry, position, &answers)?;
        }
        self.advance(head, events);
        Ok(Committed::at(position, answers))
    }

    /// The organisation must be open here at the epoch that the caller knows.
    fn fence(&mut self, commit: &Commit, epoch: i64) -> Result<()> {
        let organisation = commit.organisation;
        let open = if let Some(known) = self.placements.get(&organisation) {
            *known
        } else {
            let ran = self.run(&READ_PLACEMENT, [Bound::Int(organisation.into())])?;
            let open = ran.rows.first().map(|row| row.get(0)).transpose()?;
            self.placements.insert(organisation, open);
            open
        };
        if open == Some(epoch) {
            Ok(())
        } else {
            Err(Failure::Moved(organisation).into())
        }
    }

    /// Guards are taken in an order that is the same everywhere, and answered in the order of the commit.
    fn guards(&mut self, commit: &Commit) -> Result<Answers> {
        let guards = &commit.guards;
        let mut answers = vec![Vec::new(); guards.len()];
        if guards.is_sorted_by(|one, next| one.order() <= next.order()) {
            for (at, (guard, answer)) in guards.iter().zip(&mut answers).enumerate() {
                *answer = self.guard(commit, at, guard)?;
            }
            return Ok(answers);
        }
        let mut sorted: Vec<(usize, (&Guard, &mut Vec<Row>))> =
            guards.iter().zip(&mut answers).enumerate().collect();
        sorted.sort_by_key(|(_, (guard, _))| guard.order());
        // The first guard in the order of the commit is named, whichever was run first.
        let mut refused: Option<(usize, Failure)> = None;
        for (at, (guard, answer)) in sorted {
            if refused.as_ref().is_some_and(|(first, _)| *first < at) {
                continue;
            }
            match self.guard(commit, at, guard) {
                Ok(rows) => *answer = rows,
                Err(Stop::One(failure @ Failure::Refused { .. })) => refused = Some((at, failure)),
                Err(stop) => return Err(stop),
            }
        }
        refused.map_or(Ok(answers), |(_, failure)| Err(failure.into()))
    }

    fn guard(&mut self, commit: &Commit, at: usize, guard: &Guard) -> Result<Vec<Row>> {
        let (rows, holds) = match guard {
            Guard::Holds { sql, params } => {
                let ran = self.scoped(commit, sql, params)?;
                (ran.rows, ran.touched == 1)
            }
            Guard::Change { sql, params } => (self.scoped(commit, sql, params)?.rows, true),
            Guard::Claim { table, cells } => {
                let row = row(table, commit, cells.iter().map(Bound::Value));
                let ran = self.put(&table.texts().claim_row, table, &row)?;
                (Vec::new(), ran.touched == 1)
            }
            Guard::Stream { stream, version } => {
                let key = [Bound::Int(commit.organisation.into()), Bound::Id(stream)];
                let ran = self.run(&READ_STREAM_VERSION, key)?;
                let last = ran.rows.first().map(|row| row.get::<i64>(0)).transpose()?;
                (Vec::new(), last.unwrap_or(0) == *version)
            }
        };
        if holds {
            Ok(rows)
        } else {
            Err(Failure::Refused {
                guard: at,
                name: guard.name(),
            }
            .into())
        }
    }

    /// Parents before their children, each kind in the order of the commit.
    fn inserts(&mut self, commit: &Commit, answers: &Answers) -> Result<()> {
        let rank = |insert: &&Insert| insert.table.rank();
        if commit
            .inserts
            .is_sorted_by_key(|insert| insert.table.rank())
        {
            return commit
                .inserts
                .iter()
                .try_for_each(|insert| self.insert(commit, insert, answers));
        }
        let mut sorted: Vec<&Insert> = commit.inserts.iter().collect();
        sorted.sort_by_key(rank);
        sorted
            .into_iter()
            .try_for_each(|insert| self.insert(commit, insert, answers))
    }

    fn insert(&mut self, commit: &Commit, insert: &Insert, answers: &Answers) -> Result<()> {
        let Insert { table, cells } = insert;
        let mut values = Vec::with_capacity(cells.len().saturating_add(1));
        values.extend(owner(table, commit));
        for cell in cells {
            values.push(Bound::cell(cell, answers)?);
        }
        self.put(&table.texts().insert_row, table, &values)
            .map(|_| ())
    }

    fn append(
        &mut self,
        commit: &Commit,
        entry: &Entry,
        position: i64,
        answers: &Answers,
    ) -> Result<()> {
        let event = &entry.event;
        let filled;
        let payload = if entry.taken.is_empty() {
            &event.payload
        } else {
            filled = entry.payload(answers)?;
            &filled
        };
        let row = [
            Bound::Int(commit.organisation.into()),
            Bound::Int(position),
            Bound::Id(&event.stream),
            Bound::Int(event.version),
            Bound::Text(event.kind),
            Bound::Text(payload),
            Bound::Text(&event.actor),
            Bound::Text(&event.trace),
            Bound::Int(event.at.as_micros()),
            Bound::Int(event.checksum(commit.organisation, payload) ^ position),
        ];
        self.put(&LOG.texts().insert_row, &LOG, &row).map(|_| ())
    }

    fn remember(&mut self, commit: &Commit, position: i64, answers: &Answers) -> Result<()> {
        let kept = Committed::remember(answers)?;
        let sum = checksum(commit.organisation, commit.id, kept.as_deref(), commit.at);
        let row = [
            Bound::Int(commit.organisation.into()),
            Bound::Id(&commit.id),
            Bound::Int(position),
            kept.as_deref().map_or(Bound::Null, Bound::Text),
            Bound::Int(commit.at.as_micros()),
            Bound::Int(sum ^ position),
        ];
        self.put(&COMMITS.texts().insert_row, &COMMITS, &row)
            .map(|_| ())
    }

    fn calls(&mut self, calls: &[Call]) -> Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(calls.len());
        for Call { sql, params } in calls {
            if std::ptr::eq(sql.table, &PLACEMENTS) {
                self.placements.clear();
            }
            let owner = Scope::Nobody.value(sql)?;
            let values = owner.iter().chain(params).map(Bound::Value);
            let Ran { rows, touched } = self.run(sql, values)?;
            answers.push(Answer { rows, touched });
        }
        Ok(answers)
    }

    fn scoped(&mut self, commit: &Commit, sql: &'static Sql, params: &[Value]) -> Result<Ran> {
        let person = commit
            .person
            .filter(|_| sql.table.class != Class::Organisation);
        let scope = person.map_or(Scope::Organisation(commit.organisation), Scope::Person);
        let owner = scope.value(sql)?;
        self.run(sql, owner.iter().chain(params).map(Bound::Value))
    }

    fn run<'v>(
        &mut self,
        sql: &'static Sql,
        values: impl IntoIterator<Item = Bound<'v>>,
    ) -> Result<Ran> {
        self.statements
            .run(sql.sqlite(), values)
            .map_err(|error| self.stop(sql, error))
    }

    fn put(&mut self, text: &'static str, table: &'static Table, row: &[Bound<'_>]) -> Result<Ran> {
        self.statements
            .run(text, row.iter().copied())
            .map_err(|error| {
                self.stop_doing(
                    error,
                    &Doing {
                        name: table.name,
                        table,
                        row: Some(row),
                    },
                )
            })
    }

    fn stop(&self, sql: &'static Sql, error: Error) -> Stop {
        self.stop_doing(
            error,
            &Doing {
                name: sql.name,
                table: sql.table,
                row: None,
            },
        )
    }

    fn stop_doing(&self, error: Error, doing: &Doing<'_>) -> Stop {
        if constraint::is_outage(&error) {
            return Stop::All(error);
        }
        Stop::One(constraint::failure(self.connection(), &error, doing))
    }
}

/// The column that the store fills itself.
fn owner<'a>(table: &Table, commit: &'a Commit) -> Option<Bound<'a>> {
    match table.class {
        Class::Organisation => Some(Bound::Int(commit.organisation.into())),
        Class::Person | Class::Held => Some(commit.person.as_ref().map_or(Bound::Null, Bound::Id)),
        Class::Queue | Class::Appended | Class::Published | Class::Control => None,
    }
}

fn row<'a>(
    table: &Table,
    commit: &'a Commit,
    cells: impl Iterator<Item = Bound<'a>>,
) -> Vec<Bound<'a>> {
    owner(table, commit).into_iter().chain(cells).collect()
}
