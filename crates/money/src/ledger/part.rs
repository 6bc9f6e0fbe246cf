//! What another slice puts into its commit.

use base::Result;
use slice::Ask;
use store::{Cell, Commit, Failure, Value};
use trade::ledger::Transaction;

use super::fold::POSTED;
use super::store::{POSTINGS, TRANSACTIONS, cells, posting};

/// Posts a transaction with a commit of its organisation. One that posts nothing leaves nothing.
///
/// The same thing that happened to the same order, attempt or refund can be posted once: a second commit that posts it
/// fails as [`is_posted`] says, and nothing of it is stored.
///
/// # Errors
/// It cannot be written, which would be a mistake of ours.
pub fn post(commit: &mut Commit, ask: &Ask, transaction: &Transaction) -> Result<()> {
    if transaction.postings().is_empty() {
        return Ok(());
    }
    let (organisation, id) = (commit.organisation(), transaction.id().uid());
    commit.insert(
        &TRANSACTIONS,
        into(cells(organisation, commit.at(), transaction)),
    );
    for one in transaction.postings() {
        commit.insert(&POSTINGS, into(posting(organisation, id, one)));
    }
    let event = ask.event(commit, (id, 1), POSTED, transaction)?;
    commit.event(event);
    Ok(())
}

/// Whether a commit failed because what it posts was posted before.
#[must_use]
pub fn is_posted(failure: &Failure) -> bool {
    let is_ours = |name: &str| [TRANSACTIONS.name, POSTINGS.name].contains(&name);
    matches!(failure, Failure::Violated { table, .. } if is_ours(table))
}

fn into<const CELLS: usize>(cells: [Value; CELLS]) -> Vec<Cell> {
    cells.into_iter().map(Into::into).collect()
}
