//! The first pipeline of a group: its guards, and what their answers mean for each commit.

use crate::call::Answer;
use crate::commit::{Answers, Commit, Guard};
use crate::postgres::connection::Send;
use crate::postgres::group::Item;
use crate::postgres::text::{SET_LISTS, SET_SCOPE};
use crate::postgres::wire::Param;
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

/// One statement of the first pipeline.
#[derive(Debug)]
pub(crate) enum Step {
    /// Sets the scope of the commit at this place.
    Scope(usize),
    /// Runs a guard of the commit at this place.
    Guard { item: usize, guard: usize },
}

/// All guards of the group in the one order that every group on every node keeps.
pub(crate) fn plan(items: &[&Item]) -> Vec<Step> {
    let mut guards: Vec<(usize, usize, &Guard)> = Vec::new();
    for (item, held) in items.iter().enumerate() {
        guards.extend(
            held.commit
                .guards
                .iter()
                .enumerate()
                .map(|(at, guard)| (item, at, guard)),
        );
    }
    let owner = |item: usize| {
        items
            .get(item)
            .map(|item| (item.commit.organisation, item.commit.person))
    };
    guards.sort_by(|(a, _, x), (b, _, y)| (owner(*a), x.order()).cmp(&(owner(*b), y.order())));
    let (mut steps, mut scope) = (Vec::with_capacity(guards.len().saturating_mul(2)), None);
    for (item, guard, _) in guards {
        if scope != Some(owner(item)) {
            scope = Some(owner(item));
            steps.push(Step::Scope(item));
        }
        steps.push(Step::Guard { item, guard });
    }
    steps
}

impl Step {
    pub(crate) fn send(&self, items: &[&Item]) -> Send {
        match *self {
            Step::Scope(item) => items
                .get(item)
                .map_or(Send::Simple(""), |item| scope(&item.commit)),
            Step::Guard { item, guard } => items
                .get(item)
                .and_then(|item| {
                    item.commit
                        .guards
                        .get(guard)
                        .map(|guard| guard_send(&item.commit, guard))
                })
                .unwrap_or(Send::Simple("")),
        }
    }
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
    Send::Bound(text, owner.chain(params).map(Param::One).collect())
}

/// What the answers of the first pipeline mean for each commit.
pub(crate) fn judge(items: &[&Item], plan: &[Step], answers: Vec<Answer>) -> Vec<Guarded> {
    let empty = |item: &&Item| Guarded {
        answers: vec![Vec::new(); item.commit.guards.len()],
        ..Guarded::default()
    };
    let mut guarded: Vec<Guarded> = items.iter().map(empty).collect();
    // BEGIN and the lists stand before the plan.
    for (step, answer) in plan.iter().zip(answers.into_iter().skip(2)) {
        let Step::Guard { item, guard: at } = *step else {
            continue;
        };
        let (Some(held), Some(out)) = (items.get(item), guarded.get_mut(item)) else {
            continue;
        };
        let Some(guard) = held.commit.guards.get(at) else {
            continue;
        };
        let holds = match guard {
            Guard::Change { .. } => true,
            Guard::Holds { .. } | Guard::Claim { .. } => answer.touched == 1,
            Guard::Stream { version, .. } => number(&answer).unwrap_or(0) == *version,
        };
        out.touched |= answer.touched > 0 && !matches!(guard, Guard::Stream { .. });
        // The first guard in the order of the commit is named, whichever was run first.
        if !holds && out.refused.is_none_or(|(other, _)| at < other) {
            out.refused = Some((at, guard.name()));
        }
        // What stands in a stream is asked for the verdict only.
        if let Some(rows) = out.answers.get_mut(at)
            && !matches!(guard, Guard::Stream { .. })
        {
            *rows = answer.rows;
        }
    }
    guarded
}

/// The number in the first column of the first row.
pub(crate) fn number(answer: &Answer) -> Option<i64> {
    answer.rows.first().and_then(|row| row.get(0).ok())
}

/// What the store writes into the owner column of a table for this commit.
pub(crate) fn owner_value(commit: &Commit, table: &Table) -> Option<Value> {
    match table.class {
        Class::Organisation => Some(commit.organisation.into()),
        Class::Person => Some(commit.person.into()),
        Class::Queue | Class::Published | Class::Control => None,
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

/// Sets whose rows the merged inserts of the transaction may write.
pub(crate) fn lists(items: &[&Item]) -> Send {
    let list = |parts: Vec<String>| Param::One(Value::Text(format!("{{{}}}", parts.join(","))));
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
    Send::Bound(SET_LISTS, vec![homes, persons])
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
    id.as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
