//! How the log gives the rows of organisations and brands.

use base::Uid;
use domain::organisations::{Founding, Name, Named, Naming, Organisation, Plan, Planning, State};
use serde::de::DeserializeOwned;
use store::{Failure, Fold, Folded, Logged, Outcome, Sql, Value};

use super::store::{BRANDS, ORGANISATIONS};

pub(crate) static READ_ORGANISATIONS: Sql = Sql::new(
    "organisations.all",
    &ORGANISATIONS,
    "SELECT id, name, plan, state, version, created_at FROM organisations WHERE organisation = $1",
);

pub(crate) static READ_BRANDS: Sql = Sql::new(
    "brands.all",
    &BRANDS,
    "SELECT id, name, folded, version, created_at FROM brands WHERE organisation = $1",
);

/// Organisations, from their events.
pub(crate) static FOLD_ORGANISATIONS: Fold = Fold {
    table: &ORGANISATIONS,
    kinds: &[
        "organisation.created",
        "organisation.renamed",
        "organisation.plan_changed",
        "organisation.suspended",
        "organisation.resumed",
    ],
    apply: apply_organisation,
    read: &READ_ORGANISATIONS,
    key: 1,
};

/// Brands, from their events.
pub(crate) static FOLD_BRANDS: Fold = Fold {
    table: &BRANDS,
    kinds: &["brand.created", "brand.renamed"],
    apply: apply_brand,
    read: &READ_BRANDS,
    key: 1,
};

/// What an event says, as the type that its kind has.
pub(crate) fn payload<T: DeserializeOwned>(event: &Logged) -> Outcome<T> {
    serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))
}

/// The row of an event's stream, which an earlier event has made.
pub(crate) fn row<'a>(rows: &'a Folded, event: &Logged) -> Outcome<&'a [Value]> {
    let row = rows.get(&vec![Value::from(event.stream)]);
    row.map(Vec::as_slice).ok_or_else(|| lost(event.stream))
}

/// A row, or an event, that does not read back.
pub(crate) fn lost(id: Uid) -> Failure {
    Failure::Damaged(format!("a folded row of {id:?}"))
}

fn apply_organisation(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let id = event.stream;
    let stands = match event.kind.as_str() {
        "organisation.created" => {
            Organisation::created(id.into(), &payload::<Founding>(event)?, event.at)
        }
        "organisation.renamed" => {
            read_organisation(id, row(rows, event)?)?.renamed(payload(event)?)
        }
        "organisation.plan_changed" => {
            read_organisation(id, row(rows, event)?)?.planned(&payload::<Planning>(event)?)
        }
        "organisation.suspended" => {
            read_organisation(id, row(rows, event)?)?.turned(State::Suspended)
        }
        _ => read_organisation(id, row(rows, event)?)?.turned(State::Active),
    };
    let written = vec![
        stands.name.as_str().into(),
        stands.plan.name().into(),
        stands.state.name().into(),
        stands.version.into(),
        stands.created_at.into(),
    ];
    rows.insert(vec![id.into()], written);
    Ok(())
}

fn read_organisation(id: Uid, row: &[Value]) -> Outcome<Organisation> {
    let [
        Value::Text(name),
        Value::Text(plan),
        Value::Text(state),
        Value::Int(version),
        Value::Int(created_at),
    ] = row
    else {
        return Err(lost(id));
    };
    Ok(Organisation {
        id: id.into(),
        name: Name::parse(name).map_err(|_| lost(id))?,
        plan: Plan::find(plan).ok_or_else(|| lost(id))?,
        state: State::find(state).ok_or_else(|| lost(id))?,
        version: *version,
        created_at: base::Time::from_micros(*created_at),
    })
}

fn apply_brand(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let (id, naming) = (event.stream, payload::<Naming>(event)?);
    let stands = match event.kind.as_str() {
        "brand.created" => Named::created(id, &naming, event.at),
        _ => read_brand(id, row(rows, event)?)?.renamed(&naming),
    };
    let written = vec![
        stands.name.as_str().into(),
        stands.name.folded().into(),
        stands.version.into(),
        stands.created_at.into(),
    ];
    rows.insert(vec![id.into()], written);
    Ok(())
}

fn read_brand(id: Uid, row: &[Value]) -> Outcome<Named<Uid>> {
    let [
        Value::Text(name),
        _,
        Value::Int(version),
        Value::Int(created_at),
    ] = row
    else {
        return Err(lost(id));
    };
    Ok(Named {
        id,
        name: Name::parse(name).map_err(|_| lost(id))?,
        version: *version,
        created_at: base::Time::from_micros(*created_at),
    })
}
