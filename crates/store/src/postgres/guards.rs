//! The first pipeline of a group: its guards, and what their answers mean for each commit.

use std::collections::HashSet;

use base::{Organisation, Uid};

use crate::call::Answer;
use crate::commit::{Answers, Commit, Guard};
use crate::postgres::connection::Send;
use crate::postgres::group::Item;
use crate::postgres::text::SET_SCOPE;
use crate::postgres::wire::Param;
use crate::row::Row;
use crate::system::{FIND_COMMIT, READ_PLACEMENT, READ_STREAM_VERSION};
use crate::table::{Class, Table};
use crate::value::Value;

/// What the guards said of one commit.
#[derive(Debug, Default)]
pub(crate) struct Guarded {
    pub(crate) answers: Answers,
    pub(crate) refused: Option<(usize, &'static str)>,
    pub(crate) touched: bool,
}

impl Guarded {
    /// A commit of which no guard has answered.
    pub(crate) fn unanswered(item: &Item) -> Self {
        Guarded {
            answers: vec![Vec::new(); item.commit.guards.len()],
            ..Guarded::default()
        }
    }
}

/// One statement of the first pipeline.
#[derive(Debug)]
pub(crate) enum Step {
    /// Sets the scope of the commit at this place.
    Scope(usize),
    /// Runs one guard.
    Guard(Place),
    /// Runs the same guard for several commits, each in its scope.
    Merged {
        call: &'static str,
        places: Vec<Place>,
        must: Must,
    },
}

/// A guard of the group: the place of its commit, and its own place in the commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    item: usize,
    guard: usize,
}

/// What a guard does that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Must {
    /// It answers so.
    Tell,
    /// It ends the transaction.
    Hold,
}

/// All guards of the group in the one order that every group on every node keeps.
pub(crate) fn plan(items: &[&Item], functions: &HashSet<String>, must: Must) -> Vec<Step> {
    let mut guards: Vec<(Place, &Commit, &Guard)> = Vec::new();
    for (item, held) in items.iter().enumerate() {
        let places = held.commit.guards.iter().enumerate();
        guards.extend(
            places.map(|(guard, held_guard)| (Place { item, guard }, &*held.commit, held_guard)),
        );
    }
    guards.sort_by(|(_, a, x), (_, b, y)| order(a, x).cmp(&order(b, y)));
    let (mut steps, mut scope) = (Vec::with_capacity(guards.len()), None);
    for (place, commit, guard) in guards {
        let merged = guard
            .merged()
            .filter(|merged| functions.contains(&merged.name));
        if let Some(merged) = merged {
            scope = None;
            let must = if matches!(guard, Guard::Change { .. }) {
                Must::Tell
            } else {
                must
            };
            merge_step(&mut steps, &merged.call, place, must);
            continue;
        }
        let owner = (commit.organisation, commit.person);
        if scope.replace(owner) != Some(owner) {
            steps.push(Step::Scope(place.item));
        }
        steps.push(Step::Guard(place));
    }
    steps
}

type Order<'a> = (usize, &'a str, Organisation, Option<Uid>, &'a [Value]);

/// Table by table, and in a table by key, as the database has it: where that begins with the person, by person first.
fn order<'a>(commit: &Commit, guard: &'a Guard) -> Order<'a> {
    let (rank, table, key) = guard.order();
    let person = commit.person.filter(|_| guard.is_keyed_by_person());
    (rank, table, commit.organisation, person, key)
}

/// Adds to the last step, if that runs the same guard.
fn merge_step(steps: &mut Vec<Step>, call: &'static str, place: Place, must: Must) {
    if let Some(Step::Merged {
        call: last,
        places,
        must: as_last,
    }) = steps.last_mut()
        && std::ptr::eq(*last, call)
        && *as_last == must
    {
        places.push(place);
        return;
    }
    steps.push(Step::Merged {
        call,
        places: vec![place],
        must,
    });
}

impl Step {
    pub(crate) fn send(&self, items: &[&Item]) -> Send {
        match self {
            Step::Scope(item) => items
                .get(*item)
                .map_or(Send::Simple(""), |item| scope(&item.commit)),
            Step::Guard(place) => find_guard(items, *place)
                .map_or(Send::Simple(""), |(commit, guard)| {
                    guard_send(commit, guard)
                }),
            Step::Merged { call, places, must } => merged_send(items, call, places, *must),
        }
    }
}

fn find_guard<'a>(items: &[&'a Item], place: Place) -> Option<(&'a Commit, &'a Guard)> {
    let commit = &items.get(place.item)?.commit;
    Some((commit, commit.guards.get(place.guard)?))
}

fn merged_send(items: &[&Item], call: &'static str, places: &[Place], must: Must) -> Send {
    let mut columns: Vec<Vec<Value>> = Vec::new();
    for (commit, guard) in places.iter().filter_map(|place| find_guard(items, *place)) {
        let (table, params) = match guard {
            Guard::Holds { sql, params } | Guard::Change { sql, params } => (sql.table, params),
            Guard::Claim { table, cells } => (*table, cells),
            Guard::Stream { .. } => continue,
        };
        let values = owner_value(commit, table)
            .into_iter()
            .chain(params.iter().cloned());
        for (at, value) in values.enumerate() {
            match columns.get_mut(at) {
                Some(column) => column.push(value),
                None => columns.push(vec![value]),
            }
        }
    }
    let mut params: Vec<Param> = columns.into_iter().filter_map(Param::column).collect();
    params.push(Value::from(must == Must::Hold).into());
    Send::Bound(call, params)
}

fn guard_send(commit: &Commit, guard: &Guard) -> Send {
    let (text, table, params): (_, &'static Table, Vec<Value>) = match guard {
        Guard::Holds { sql, params } | Guard::Change { sql, params } => {
            (sql.postgres(), sql.table, params.clone())
        }
        Guard::Claim { table, cells } => (
            table.texts().claim_row_postgres.as_str(),
            table,
            cells.clone(),
        ),
        Guard::Stream { stream, .. } => (
            READ_STREAM_VERSION.postgres(),
            READ_STREAM_VERSION.table,
            vec![(*stream).into()],
        ),
    };
    let owner = owner_value(commit, table).into_iter();
    let params = owner.chain(params).map(Param::One).collect();
    Send::over(table.class, text, params)
}

/// What the answers of the first pipeline mean for each commit.
pub(crate) fn judge(items: &[&Item], plan: &[Step], answers: Vec<Answer>) -> Vec<Guarded> {
    let mut guarded: Vec<Guarded> = items.iter().map(|item| Guarded::unanswered(item)).collect();
    // BEGIN stands before the plan.
    for (step, answer) in plan.iter().zip(answers.into_iter().skip(1)) {
        match step {
            Step::Scope(_) => {}
            Step::Guard(place) => judge_one(items, &mut guarded, *place, answer),
            Step::Merged { places, .. } => {
                let mut parts = apart(answer, places.len()).into_iter();
                for place in places {
                    judge_one(
                        items,
                        &mut guarded,
                        *place,
                        parts.next().unwrap_or_default(),
                    );
                }
            }
        }
    }
    guarded
}

/// The answers to a merged guard, each by itself: the first column names the place, the second what was touched.
fn apart(answer: Answer, places: usize) -> Vec<Answer> {
    let mut parts = vec![Answer::default(); places];
    for row in answer.rows {
        let place = row
            .get::<i64>(0)
            .ok()
            .and_then(|place| usize::try_from(place).ok());
        let part = place.and_then(|place| parts.get_mut(place.checked_sub(1)?));
        if let Some(part) = part {
            part.touched = row
                .get::<i64>(1)
                .ok()
                .and_then(|count| u64::try_from(count).ok())
                .unwrap_or(0);
            let columns: Vec<Value> = row.0.into_iter().skip(2).collect();
            if !columns.is_empty() {
                part.rows.push(Row(columns));
            }
        }
    }
    parts
}

fn judge_one(items: &[&Item], guarded: &mut [Guarded], place: Place, answer: Answer) {
    let (Some((_, guard)), Some(out)) = (find_guard(items, place), guarded.get_mut(place.item))
    else {
        return;
    };
    let holds = match guard {
        Guard::Change { .. } => true,
        Guard::Holds { .. } | Guard::Claim { .. } => answer.touched == 1,
        Guard::Stream { version, .. } => number(&answer).unwrap_or(0) == *version,
    };
    // The first guard in the order of the commit is named, whichever was run first.
    if !holds && out.refused.is_none_or(|(other, _)| place.guard < other) {
        out.refused = Some((place.guard, guard.name()));
    }
    // What stands in a stream is asked for the verdict only.
    if matches!(guard, Guard::Stream { .. }) {
        return;
    }
    out.touched |= answer.touched > 0;
    if let Some(rows) = out.answers.get_mut(place.guard) {
        *rows = answer.rows;
    }
}

/// The number in the first column of the first row.
pub(crate) fn number(answer: &Answer) -> Option<i64> {
    answer.rows.first().and_then(|row| row.get(0).ok())
}

/// What the store writes into the owner column of a table for this commit.
pub(crate) fn owner_value(commit: &Commit, table: &Table) -> Option<Value> {
    match table.class {
        Class::Organisation => Some(commit.organisation.into()),
        Class::Person | Class::Held => Some(commit.person.into()),
        Class::Queue | Class::Appended | Class::Published | Class::Control => None,
    }
}

/// Sets whose rows the following statements may see and touch.
pub(crate) fn scope(commit: &Commit) -> Send {
    set_scope(
        commit.organisation.to_string(),
        commit.person.map(uuid).unwrap_or_default(),
    )
}

/// The same for a scope that is no commit; an empty text stands for nobody.
pub(crate) fn set_scope(organisation: String, person: String) -> Send {
    Send::Bound(
        SET_SCOPE,
        vec![Value::Text(organisation).into(), Value::Text(person).into()],
    )
}

/// Begins the transaction of a group, and sets whose rows its merged inserts may write. One text without parameters:
/// each answer of the server wakes us, and this one is needed for nothing.
pub(crate) fn begin(items: &[&Item]) -> Send {
    let list = |parts: Vec<String>| parts.join(",");
    let mut homes: Vec<i64> = items
        .iter()
        .map(|item| i64::from(item.commit.organisation))
        .collect();
    homes.sort_unstable();
    homes.dedup();
    let homes = list(homes.iter().map(ToString::to_string).collect());
    let persons = list(
        items
            .iter()
            .filter_map(|item| item.commit.person)
            .map(uuid)
            .collect(),
    );
    Send::Made(format!(
        "BEGIN; SET LOCAL comanda.organisations = '{{{homes}}}'; SET LOCAL comanda.persons = '{{{persons}}}'"
    ))
}

/// Looks whether a commit was stored before, under the scope set before.
pub(crate) fn find(commit: &Commit) -> Send {
    let params = vec![
        Value::from(commit.organisation).into(),
        Value::from(commit.id).into(),
    ];
    Send::Bound(FIND_COMMIT.postgres(), params)
}

/// Asks for the epoch at which the organisation of a commit is open here.
pub(crate) fn home(commit: &Commit) -> Send {
    Send::Bound(
        READ_PLACEMENT.postgres(),
        vec![Value::from(commit.organisation).into()],
    )
}

/// The text form that PostgreSQL reads an id from.
pub(crate) fn uuid(id: base::Uid) -> String {
    hex(id.as_bytes())
}

/// Bytes as hexadecimal text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
