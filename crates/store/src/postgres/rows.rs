//! The second pipeline of a group: merged rows, head, log, COMMIT; and rows that queue work adds together.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Answer, Call};
use crate::commit::{Answers, Commit, Committed, Entry, checksum};
use crate::failure::Outcome;
use crate::postgres::connection::Send;
use crate::postgres::group::Item;
use crate::postgres::guards::{self, Guarded};
use crate::postgres::text::{HOLD_HEAD, WRITE_COMMITS, WRITE_LOG};
use crate::postgres::wire::Param;
use crate::system::MOVE_HEAD;
use crate::table::Table;
use crate::value::{Kind, Value};

/// How many statements the second pipeline begins with for each refused commit.
pub(crate) const LOOK_UPS: usize = 3;

/// What the second pipeline sends, and where in it its answers stand.
#[derive(Debug)]
pub(crate) struct Second {
    pub(crate) sends: Vec<Send>,
    /// How many statements stand before those that this module made.
    pub(crate) begun: usize,
    /// Where the head is moved, unless every commit was refused.
    pub(crate) head: Option<usize>,
    /// How many events are written.
    pub(crate) events: i64,
}

impl Second {
    /// The same behind other statements, in one pipeline with them.
    pub(crate) fn after(mut self, mut before: Vec<Send>) -> Self {
        self.begun = before.len();
        before.append(&mut self.sends);
        self.sends = before;
        self
    }
}

/// The earlier fate of the refused, the rows of all that passed, table by table, then head, log and COMMIT.
pub(crate) fn second(items: &[&Item], guarded: &[Guarded]) -> Outcome<Second> {
    let mut sends = Vec::new();
    let (mut passed, mut answers) = (
        Vec::with_capacity(items.len()),
        Vec::with_capacity(items.len()),
    );
    for (item, guarded) in items.iter().zip(guarded) {
        if guarded.refused.is_some() {
            let look_ups: [Send; LOOK_UPS] = [
                guards::scope(&item.commit),
                guards::find(&item.commit),
                guards::home(&item.commit),
            ];
            sends.extend(look_ups);
        } else {
            passed.push(*item);
            answers.push(&guarded.answers);
        }
    }
    if passed.is_empty() {
        sends.push(Send::Simple("ROLLBACK"));
        return Ok(Second {
            sends,
            begun: 0,
            head: None,
            events: 0,
        });
    }
    for (table, columns) in merge(&passed, &answers)? {
        sends.push(insert(table, columns));
    }
    let events = signed(passed.iter().map(|item| item.commit.events.len()).sum());
    let head = Some(sends.len());
    sends.push(match events {
        0 => Send::Bound(HOLD_HEAD, Vec::new()),
        _ => Send::Bound(MOVE_HEAD.postgres(), vec![Value::Int(events).into()]),
    });
    sends.push(write_log(&passed, &answers, events)?);
    sends.push(Send::Simple("COMMIT"));
    Ok(Second {
        sends,
        begun: 0,
        head,
        events,
    })
}

type Columns = Vec<Vec<Value>>;

/// All rows of a table as columns; parents before children, tables of one rank by name.
fn merge(passed: &[&Item], answers: &[&Answers]) -> Outcome<Vec<(&'static Table, Columns)>> {
    let mut tables: BTreeMap<(usize, &str), (&'static Table, Columns)> = BTreeMap::new();
    for (item, answers) in passed.iter().zip(answers) {
        for insert in &item.commit.inserts {
            let table = insert.table;
            let width = table.columns.len().saturating_add(1);
            let entry = tables.entry((table.rank(), table.name));
            let (_, columns) = entry.or_insert_with(|| (table, vec![Vec::new(); width]));
            let owner = guards::owner_value(&item.commit, table).map(Ok);
            let cells = insert.cells.iter().map(|cell| cell.resolve(answers));
            for (column, value) in columns.iter_mut().zip(owner.into_iter().chain(cells)) {
                column.push(value?);
            }
        }
    }
    Ok(tables.into_values().collect())
}

fn insert(table: &'static Table, columns: Columns) -> Send {
    let params = table
        .all_columns()
        .zip(columns)
        .map(|(column, values)| Param::Column(column.kind, values));
    Send::Bound(&table.texts().insert_arrays, params.collect())
}

/// Whether two calls may be one statement: both add a row to the same table, and ask for nothing back.
pub(crate) fn go_together(one: &Call, next: &Call) -> bool {
    std::ptr::eq(one.sql, next.sql)
        && one.params.len() == next.params.len()
        && one.sql.postgres() == one.sql.table.texts().insert_row_postgres
}

/// The statement that adds the rows of such calls; nothing for a call by itself.
pub(crate) fn together(calls: &[Call]) -> Option<Send> {
    let [first, _, ..] = calls else {
        return None;
    };
    let mut columns = vec![Vec::with_capacity(calls.len()); first.params.len()];
    for call in calls {
        add(&mut columns, call.params.iter().cloned());
    }
    Some(insert(first.sql.table, columns))
}

/// What each of these calls answered, of which there was one statement.
pub(crate) fn apart(calls: &[Call], answer: Answer) -> Vec<Answer> {
    match calls {
        [_, _, ..] => vec![
            Answer {
                rows: Vec::new(),
                touched: 1,
            };
            calls.len()
        ],
        _ => vec![answer],
    }
}

/// The columns of a row of the log, as the last statement takes them.
const EVENT: [Kind; 9] = [
    Kind::Int,
    Kind::Id,
    Kind::Int,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Int,
    Kind::Int,
];
/// The same for a row of `commits`.
const COMMIT: [Kind; 6] = [
    Kind::Int,
    Kind::Id,
    Kind::Int,
    Kind::Text,
    Kind::Int,
    Kind::Int,
];

fn write_log(passed: &[&Item], answers: &[&Answers], events: i64) -> Outcome<Send> {
    let (mut log, mut commits) = (
        vec![Vec::new(); EVENT.len()],
        vec![Vec::new(); COMMIT.len()],
    );
    let mut placements = BTreeSet::new();
    let mut last = 0_i64;
    for (item, answers) in passed.iter().zip(answers) {
        let commit = &item.commit;
        placements.insert((i64::from(commit.organisation), item.epoch));
        for entry in &commit.events {
            add_event(&mut log, commit, entry, answers)?;
            last = last.saturating_add(1);
        }
        let shown = last.saturating_add(i64::from(commit.events.is_empty()));
        let answer = Committed::remember(answers)?;
        let sum = checksum(commit.organisation, commit.id, answer.as_deref(), commit.at);
        add(
            &mut commits,
            [
                commit.organisation.into(),
                commit.id.into(),
                shown.into(),
                answer.into(),
                commit.at.into(),
                sum.into(),
            ],
        );
    }
    let column = |(kind, values)| Param::Column(kind, values);
    let (text, mut params) = match events {
        0 => (WRITE_COMMITS, Vec::new()),
        _ => (WRITE_LOG, vec![Param::One(Value::Int(events))]),
    };
    if events > 0 {
        params.extend(EVENT.into_iter().zip(log).map(column));
    }
    params.extend(COMMIT.into_iter().zip(commits).map(column));
    let (homes, epochs) = placements.into_iter().unzip();
    params.extend([Value::Ints(homes).into(), Value::Ints(epochs).into()]);
    Ok(Send::Bound(text, params))
}

fn add_event(
    log: &mut [Vec<Value>],
    commit: &Commit,
    entry: &Entry,
    answers: &Answers,
) -> Outcome<()> {
    let event = &entry.event;
    let payload = entry.payload(answers)?;
    let sum = event.checksum(commit.organisation, &payload);
    add(
        log,
        [
            commit.organisation.into(),
            event.stream.into(),
            event.version.into(),
            event.kind.into(),
            payload.into(),
            event.actor.as_str().into(),
            event.trace.as_str().into(),
            event.at.into(),
            sum.into(),
        ],
    );
    Ok(())
}

fn add(columns: &mut [Vec<Value>], values: impl IntoIterator<Item = Value>) {
    for (column, value) in columns.iter_mut().zip(values) {
        column.push(value);
    }
}

/// A length as a number of the database.
pub(crate) fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
