//! How the log gives the rows of devices: all but their secrets, and when they were seen.

use base::Time;
use domain::organisations::Pairing;
use store::{Fold, Folded, Logged, Outcome, Sql};

use super::store::DEVICES;
use crate::keys::fold::revoked;
use crate::organisations::fold::{payload, row};

pub(crate) static READ_ALL: Sql = Sql::new(
    "devices.all",
    &DEVICES,
    "SELECT id, restaurant, kind, label, paired_by, paired_at, revoked_at FROM devices \
     WHERE organisation = $1",
);

/// Devices, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &DEVICES,
    kinds: &["device.paired", "device.revoked"],
    apply,
    read: &READ_ALL,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let written = match event.kind.as_str() {
        "device.paired" => {
            let pairing: Pairing = payload(event)?;
            vec![
                pairing.restaurant.uid().into(),
                pairing.kind.name().into(),
                pairing.label.as_str().into(),
                event.actor.as_str().into(),
                event.at.into(),
                Time::EPOCH.into(),
            ]
        }
        _ => revoked(row(rows, event)?, event)?,
    };
    rows.insert(vec![event.stream.into()], written);
    Ok(())
}
