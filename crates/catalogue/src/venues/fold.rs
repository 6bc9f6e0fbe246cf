//! How the log gives the rows of venues.

use domain::venues::{Told, Venue};
use store::{Failure, Fold, Folded, Logged, Outcome, Value};

use super::store::{READ_ALL, VENUES, cells, key, of_cells};

/// Venues, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &VENUES,
    kinds: &[
        "venue.changed",
        "venue.paused",
        "venue.busy",
        "venue.opened",
    ],
    apply,
    read: &READ_ALL,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let damaged = |said: String| Failure::Damaged(format!("event {}: {said}", event.position));
    let told: Told =
        serde_json::from_str(&event.payload).map_err(|error| damaged(error.to_string()))?;
    let key = vec![key(event.stream)];
    let was = match rows.get(&key) {
        Some(row) => venue(row)?,
        None => Venue::default(),
    };
    let said = told
        .said()
        .ok_or_else(|| damaged("it says nothing".to_owned()))?;
    let next = was
        .after(&said)
        .map_err(|refusal| damaged(refusal.to_string()))?;
    rows.insert(key, cells(&next)?);
    Ok(())
}

fn venue(row: &[Value]) -> Outcome<Venue> {
    let lost = || Failure::Damaged("a folded row of a venue".to_owned());
    let [Value::Int(version), texts @ ..] = row else {
        return Err(lost());
    };
    let texts = texts.iter().map(|cell| match cell {
        Value::Text(text) => Ok(text.to_string()),
        _ => Err(lost()),
    });
    of_cells(*version, &texts.collect::<Outcome<Vec<_>>>()?)
}
