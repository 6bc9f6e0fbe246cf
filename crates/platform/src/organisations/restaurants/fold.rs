//! How the log gives the rows of restaurants.

use base::Time;
use domain::organisations::{Details, Restaurant, State};
use store::{Fold, Folded, Logged, Outcome, Sql, Value};

use super::store::{RESTAURANTS, row as write};
use crate::organisations::fold::{lost, payload, row};

pub(crate) static READ_ALL: Sql = Sql::new(
    "restaurants.all",
    &RESTAURANTS,
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants WHERE organisation = $1",
);

/// Restaurants, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &RESTAURANTS,
    kinds: &[
        "restaurant.created",
        "restaurant.changed",
        "restaurant.suspended",
        "restaurant.resumed",
    ],
    apply,
    read: &READ_ALL,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let id = event.stream;
    let written = match event.kind.as_str() {
        "restaurant.created" => {
            let details: Details = payload(event)?;
            after_key(&Restaurant::created(id.into(), details, event.at))
        }
        "restaurant.changed" => {
            let (state, version, at) = ends(row(rows, event)?).ok_or_else(|| lost(id))?;
            let stood = Restaurant {
                id: id.into(),
                details: payload(event)?,
                state,
                version: version.saturating_add(1),
                created_at: at,
            };
            after_key(&stood)
        }
        kind => {
            let state = match kind {
                "restaurant.suspended" => State::Suspended,
                _ => State::Active,
            };
            let mut next = row(rows, event)?.to_vec();
            let [.., was, Value::Int(version), _] = next.as_mut_slice() else {
                return Err(lost(id));
            };
            *was = state.name().into();
            *version = version.saturating_add(1);
            next
        }
    };
    rows.insert(vec![id.into()], written);
    Ok(())
}

fn after_key(restaurant: &Restaurant) -> Vec<Value> {
    write(restaurant).split_off(1)
}

/// The last cells of a row: state, version, time of making.
fn ends(row: &[Value]) -> Option<(State, i64, Time)> {
    let [.., Value::Text(state), Value::Int(version), Value::Int(at)] = row else {
        return None;
    };
    Some((State::find(state)?, *version, Time::from_micros(*at)))
}
