//! How the log gives the rows of keys: all but their secrets and uses, which are in no event.

use base::Time;
use domain::organisations::Issue;
use store::{Fold, Folded, Logged, Outcome, Sql, Value};

use super::store::{KEYS, cells};
use crate::organisations::fold::{lost, payload, row};

pub(crate) static READ_ALL: Sql = Sql::new(
    "keys.all",
    &KEYS,
    "SELECT id, label, scopes, consent, created_by, created_at, expires_at, revoked_at FROM keys \
     WHERE organisation = $1",
);

/// Keys, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &KEYS,
    kinds: &["key.issued", "key.revoked"],
    apply,
    read: &READ_ALL,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let written = match event.kind.as_str() {
        "key.issued" => {
            let issue: Issue = payload(event)?;
            let mut cells = cells(&issue)?.to_vec();
            cells.extend([
                event.actor.as_str().into(),
                event.at.into(),
                issue.expires_at.unwrap_or(Time::EPOCH).into(),
                Time::EPOCH.into(),
            ]);
            cells
        }
        _ => revoked(row(rows, event)?, event)?,
    };
    rows.insert(vec![event.stream.into()], written);
    Ok(())
}

/// The row as it stands after it was revoked: the time of that is its last cell.
pub(crate) fn revoked(row: &[Value], event: &Logged) -> Outcome<Vec<Value>> {
    let mut row = row.to_vec();
    let last = row.last_mut().ok_or_else(|| lost(event.stream))?;
    *last = event.at.into();
    Ok(row)
}
