//! How the log gives the rows of the ledger.

use store::{Failure, Fold, Folded, Logged, Outcome};
use trade::ledger::Transaction;

use super::store::{ALL_POSTINGS, ALL_TRANSACTIONS, POSTINGS, TRANSACTIONS, cells, posting};

/// A transaction was posted.
pub(crate) const POSTED: &str = "ledger.posted";

/// Transactions, from their events.
pub static FOLD_TRANSACTIONS: Fold = Fold {
    table: &TRANSACTIONS,
    kinds: &[POSTED],
    apply: transactions,
    read: &ALL_TRANSACTIONS,
    key: 1,
};

/// Their postings, from the same events.
pub static FOLD_POSTINGS: Fold = Fold {
    table: &POSTINGS,
    kinds: &[POSTED],
    apply: postings,
    read: &ALL_POSTINGS,
    key: 2,
};

fn transactions(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let posted = posted(event)?;
    let [id, rest @ ..] = cells(event.organisation, event.at, &posted);
    rows.insert(vec![id], rest.to_vec());
    Ok(())
}

fn postings(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let posted = posted(event)?;
    for one in posted.postings() {
        let [of, account, rest @ ..] = posting(event.organisation, posted.id().uid(), one);
        rows.insert(vec![of, account], rest.to_vec());
    }
    Ok(())
}

fn posted(event: &Logged) -> Outcome<Transaction> {
    serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))
}
