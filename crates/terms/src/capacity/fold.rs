//! How the log gives the rows of what restaurants say of their capacity.

use store::{Failure, Fold, Folded, Logged, Outcome};
use trade::capacity::Told;

use super::store::{ALL_RULES, RULES, text};

/// A restaurant has other rules.
pub(crate) const CHANGED: &str = "capacity.changed";

/// The rules of restaurants, from their events.
pub static FOLD: Fold = Fold {
    table: &RULES,
    kinds: &[CHANGED],
    apply,
    read: &ALL_RULES,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let told: Told = serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))?;
    let row = vec![event.version.into(), text(&told.rules)?.into()];
    rows.insert(vec![told.restaurant.uid().into()], row);
    Ok(())
}
