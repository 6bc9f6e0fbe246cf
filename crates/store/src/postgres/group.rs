//! One transaction for a group of commits, in at most two pipelines.
//!
//! The first pipeline runs every guard of the group, sorted, under the scope of its commit: after it, all refused
//! commits are known. The second inserts the merged rows of the others, moves the head, writes the log and commits.
//! Where a refused commit had changed something already, or a row broke a constraint, the transaction is rolled
//! back and the group is split: smaller groups follow until the culprit stands alone and gets a verdict of its own.

use std::collections::HashSet;
use std::sync::Arc;

use crate::call::Answer;
use crate::commit::{Commit, Committed, Guard};
use crate::failure::{Failure, Outcome};
use crate::postgres::connection::{Connection, Send};
use crate::postgres::fault::Fault;
use crate::postgres::guards::{self, Guarded, Must, Step};
use crate::postgres::rows::{self, Second};

/// A commit with the epoch at which its organisation is believed to live here.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) commit: Arc<Commit>,
    pub(crate) epoch: i64,
}

/// How an attempt to store a group ended.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// Committed: a verdict for each commit, and where the log stands if it has moved.
    Stored {
        verdicts: Vec<Outcome<Committed>>,
        head: Option<i64>,
    },
    /// Rolled back: these places of the group go on apart from the others.
    Split(Vec<usize>),
    /// Rolled back, and the fault is of the whole group (or of its only commit).
    Failed(Fault),
    /// The connection was lost after COMMIT had been sent.
    InDoubt,
}

/// Stores a group, or says what to do instead.
pub(crate) async fn attempt(connection: &mut Connection, items: &[&Item]) -> Attempt {
    if let Some(firsts) = firsts_of_copies(items) {
        return Attempt::Split(firsts);
    }
    if let Some(attempt) = at_once(connection, items).await {
        return attempt;
    }
    let plan = guards::plan(items, connection.functions(), Must::Tell);
    let mut first = begin(items, &plan);
    let mut answers = Vec::new();
    // Without guards there is nothing to learn before the rows are sent: one pipeline does.
    if !plan.is_empty() {
        match connection.run_all(&std::mem::take(&mut first)).await {
            Ok(all) => answers = all,
            Err(fault) => return failed(connection, items.len(), fault, false).await,
        }
    }
    let guarded = guards::judge(items, &plan, answers);
    if let Some(instead) = dirty(&guarded) {
        return rolled_back(connection, instead).await;
    }
    match rows::second(items, &guarded) {
        Ok(second) => finish(connection, items, guarded, second.after(first)).await,
        Err(_) if items.len() > 1 => {
            rolled_back(connection, Attempt::Split(half(items.len()))).await
        }
        Err(failure) => rolled_back(connection, Attempt::Failed(Fault::Wrong(failure))).await,
    }
}

/// Stores a group in one pipeline, if nothing in it waits for what its guards answer: there a guard that does not hold
/// is an error, after which COMMIT stores nothing. Who is refused is for the longer way to say; where that happened
/// lately the longer way is taken at once, except by a lone commit, for which the way back is short.
async fn at_once(connection: &mut Connection, items: &[&Item]) -> Option<Attempt> {
    let answers = |item: &&Item| item.commit.guards.iter().any(Guard::answers);
    if connection.is_wary() && items.len() > 1 || items.iter().any(answers) {
        return None;
    }
    let plan = guards::plan(items, connection.functions(), Must::Hold);
    if plan.is_empty() || !plan.iter().all(|step| matches!(step, Step::Merged { .. })) {
        return None;
    }
    let guarded: Vec<Guarded> = items.iter().map(|item| Guarded::unanswered(item)).collect();
    let second = rows::second(items, &guarded).ok()?;
    let second = second.after(begin(items, &plan));
    match finish(connection, items, guarded, second).await {
        Attempt::Failed(Fault::Refused) => {
            connection.be_wary();
            None
        }
        attempt => Some(attempt),
    }
}

fn begin(items: &[&Item], plan: &[Step]) -> Vec<Send> {
    let mut sends = vec![guards::begin(items)];
    sends.extend(plan.iter().map(|step| step.send(items)));
    sends
}

async fn finish(
    connection: &mut Connection,
    items: &[&Item],
    guarded: Vec<Guarded>,
    second: Second,
) -> Attempt {
    let answers = match connection.run_all(&second.sends).await {
        Ok(answers) => answers,
        Err(fault) => return failed(connection, items.len(), fault, true).await,
    };
    let head = second
        .head
        .and_then(|at| answers.get(second.begun.saturating_add(at)))
        .and_then(guards::number);
    let mut position = head.unwrap_or(0).saturating_sub(second.events);
    let moved = head.filter(|_| second.events > 0);
    // For each refused commit a scope was set, and its id and its home were looked up, before everything else.
    let looked_up = answers.get(second.begun..).unwrap_or_default();
    let mut looked_up = looked_up.chunks(rows::LOOK_UPS);
    let verdicts = items
        .iter()
        .zip(guarded)
        .map(|(item, guarded)| match guarded.refused {
            Some((guard, name)) => refused(item, guard, name, looked_up.next().unwrap_or_default()),
            None => {
                let shown = item.commit.position(position);
                position = position.saturating_add(rows::signed(item.commit.events.len()));
                Ok(Committed::at(shown, guarded.answers))
            }
        });
    Attempt::Stored {
        verdicts: verdicts.collect(),
        head: moved,
    }
}

/// The verdict on a commit with a refused guard: it may be a copy of a stored one, or its rows may be elsewhere.
fn refused(
    item: &Item,
    guard: usize,
    name: &'static str,
    looked_up: &[Answer],
) -> Outcome<Committed> {
    let found = looked_up.get(1).and_then(|answer| answer.rows.first());
    if let Some(row) = found {
        return Committed::recall(&item.commit, row);
    }
    if looked_up.get(2).and_then(guards::number) == Some(item.epoch) {
        return Err(Failure::Refused { guard, name });
    }
    Err(Failure::Moved(item.commit.organisation))
}

/// Rolls back after a fault, if there is still a connection, and says what follows from it.
async fn failed(
    connection: &mut Connection,
    size: usize,
    fault: Fault,
    committing: bool,
) -> Attempt {
    match fault {
        Fault::Lost if committing => Attempt::InDoubt,
        Fault::Lost => Attempt::Failed(Fault::Lost),
        Fault::Wrong(_) if size > 1 => rolled_back(connection, Attempt::Split(half(size))).await,
        fault => rolled_back(connection, Attempt::Failed(fault)).await,
    }
}

async fn rolled_back(connection: &mut Connection, attempt: Attempt) -> Attempt {
    match connection.run_all(&[Send::Simple("ROLLBACK")]).await {
        Ok(_) => attempt,
        Err(fault) => Attempt::Failed(fault),
    }
}

/// The first of each commit, if some stand in the group more than once. A copy must see what became of the first,
/// or its guards would be refused because of the first's own changes.
fn firsts_of_copies(items: &[&Item]) -> Option<Vec<usize>> {
    let mut seen = HashSet::with_capacity(items.len());
    let first = |(at, item): (usize, &&Item)| seen.insert(item.commit.id).then_some(at);
    let firsts: Vec<usize> = items.iter().enumerate().filter_map(first).collect();
    (firsts.len() < items.len()).then_some(firsts)
}

fn half(size: usize) -> Vec<usize> {
    (0..size / 2).collect()
}

/// What to do if a refused commit has changed something in this transaction, which must not stay.
fn dirty(guarded: &[Guarded]) -> Option<Attempt> {
    if !guarded
        .iter()
        .any(|guarded| guarded.refused.is_some() && guarded.touched)
    {
        return None;
    }
    if let [
        Guarded {
            refused: Some((guard, name)),
            ..
        },
    ] = *guarded
    {
        return Some(Attempt::Failed(Fault::Wrong(Failure::Refused {
            guard,
            name,
        })));
    }
    let passed = |(at, guarded): (usize, &Guarded)| guarded.refused.is_none().then_some(at);
    let passed: Vec<usize> = guarded.iter().enumerate().filter_map(passed).collect();
    Some(Attempt::Split(if passed.is_empty() {
        half(guarded.len())
    } else {
        passed
    }))
}
