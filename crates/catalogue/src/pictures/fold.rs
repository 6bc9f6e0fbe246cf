//! How the log gives the rows of pictures and how many there are. Uses of blobs are in no event.

use store::{Failure, Fold, Folded, Logged, Outcome, Value};

use super::picture::Look;
use super::store::{COUNTED, COUNTS, PICTURES, READ_ALL, READ_COUNTS, cells};

/// A picture was made of an upload.
pub(crate) const ADDED: &str = "picture.added";
/// A picture is shown no more.
pub(crate) const REMOVED: &str = "picture.removed";

/// Pictures, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &PICTURES,
    kinds: &[ADDED, REMOVED],
    apply,
    read: &READ_ALL,
    key: 1,
};

/// How many there are, from the same events.
pub(crate) static FOLD_COUNTS: Fold = Fold {
    table: &COUNTS,
    kinds: &[ADDED, REMOVED],
    apply: count,
    read: &READ_COUNTS,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let key = vec![event.stream.into()];
    if event.kind != ADDED {
        rows.remove(&key);
        return Ok(());
    }
    let look: Look = serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))?;
    let mut cells = cells(&look)?.to_vec();
    cells.push(event.at.into());
    rows.insert(key, cells);
    Ok(())
}

fn count(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let more = if event.kind == ADDED { 1 } else { -1 };
    let row = rows.entry(vec![COUNTED.into()]);
    let row = row.or_insert_with(|| vec![0.into()]);
    if let [Value::Int(used)] = row.as_mut_slice() {
        *used = used.saturating_add(more);
    }
    Ok(())
}
