//! Who was erased: written here when it happens, and done again to whatever an older backup brings back.
//!
//! It stands beside the chain because the audit database is never replaced by an older one without being told to.

use base::{Result, Time};
use domain::people::PersonId;
use store::{Call, Db, Scope, Value};

use super::store::{ADD_ERASURE, READ_ERASURES, erasure};

/// Erasures that are read at once.
const PAGE: i64 = 500;

/// A person who was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Who.
    pub person: PersonId,
    /// When for the first time.
    pub at: Time,
    /// The id of whoever asked for it.
    pub by: String,
}

/// Writes down that a person is erased; a second time changes nothing. To be called before anything is erased, so
/// that nobody comes back whose erasure was begun.
///
/// # Errors
/// The audit database is away; then nobody may be erased either.
pub async fn erased(db: &Db, erasure: &Erasure) -> Result<()> {
    let row: [Value; 3] = [
        erasure.person.uid().into(),
        erasure.at.into(),
        erasure.by.as_str().into(),
    ];
    let call = Call::new(&ADD_ERASURE, row);
    db.audit().transact(vec![call], &db.deadline()).await?;
    Ok(())
}

/// The erasures after this person, in the order of their ids; an empty page is the end.
///
/// # Errors
/// The audit database is away.
pub async fn erasures(db: &Db, after: Option<PersonId>) -> Result<Vec<Erasure>> {
    let after = after.map_or(base::Uid::from_bytes([0; 16]), |after| after.uid());
    let call = Call::new(&READ_ERASURES, [after.into(), PAGE.into()]);
    let deadline = db.deadline();
    let rows = db
        .audit()
        .read(Scope::Nobody, vec![call], &deadline)
        .await?;
    let mut erasures = Vec::new();
    for row in rows.iter().flatten() {
        let (person, at, by) = erasure(row)?;
        erasures.push(Erasure { person, at, by });
    }
    Ok(erasures)
}
