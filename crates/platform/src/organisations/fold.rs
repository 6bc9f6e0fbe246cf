//! How the log gives the rows of organisations and brands.

use base::Uid;
use domain::organisations::{Name, Named, Naming};
use store::{Failure, Fold, Folded, Logged, Outcome, Sql, Value};

use super::store::{BRANDS, ORGANISATIONS};

pub(crate) static READ_ORGANISATIONS: Sql = Sql::new(
    "organisations.all",
    &ORGANISATIONS,
    "SELECT id, name, version, created_at FROM organisations WHERE organisation = $1",
);

pub(crate) static READ_BRANDS: Sql = Sql::new(
    "brands.all",
    &BRANDS,
    "SELECT id, name, folded, version, created_at FROM brands WHERE organisation = $1",
);

/// Organisations, from their events.
pub(crate) static FOLD_ORGANISATIONS: Fold = Fold {
    table: &ORGANISATIONS,
    kinds: &["organisation.created", "organisation.renamed"],
    apply: |rows, event| {
        apply(rows, event, |named| {
            let name = named.name.as_str();
            vec![name.into(), named.version.into(), named.created_at.into()]
        })
    },
    read: &READ_ORGANISATIONS,
    key: 1,
};

/// Brands, from their events.
pub(crate) static FOLD_BRANDS: Fold = Fold {
    table: &BRANDS,
    kinds: &["brand.created", "brand.renamed"],
    apply: |rows, event| {
        apply(rows, event, |named| {
            let (name, folded) = (named.name.as_str(), named.name.folded());
            vec![
                name.into(),
                folded.into(),
                named.version.into(),
                named.created_at.into(),
            ]
        })
    },
    read: &READ_BRANDS,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged, write: fn(&Named<Uid>) -> Vec<Value>) -> Outcome<()> {
    let naming: Naming = serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))?;
    let key = vec![event.stream.into()];
    let named = match rows.get(&key) {
        None => Named::created(event.stream, &naming, event.at),
        Some(row) => read(event.stream, row)?.renamed(&naming),
    };
    rows.insert(key, write(&named));
    Ok(())
}

/// Reads a folded row back: the name first, version and time of making last.
fn read(id: Uid, row: &[Value]) -> Outcome<Named<Uid>> {
    let lost = || Failure::Damaged(format!("a folded row of {id:?}"));
    let [
        Value::Text(name),
        ..,
        Value::Int(version),
        Value::Int(created_at),
    ] = row
    else {
        return Err(lost());
    };
    Ok(Named {
        id,
        name: Name::parse(name).map_err(|_| lost())?,
        version: *version,
        created_at: base::Time::from_micros(*created_at),
    })
}
