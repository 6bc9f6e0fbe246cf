//! The tables of devices and of the codes that pair them, and their rows as values.
//!
//! Codes lie in the people database, because whoever types one says nothing else: the code finds the organisation.

use std::sync::Arc;

use base::{Time, Uid};
use domain::access::{Access, DeviceId};
use domain::organisations::{DeviceKind, Name, Pairing, RestaurantId};
use store::{Class, Column, Outcome, Row, Sql, Table};

use crate::keys::known::Record;
use crate::keys::store::some;
use crate::organisations::store::{damaged, name};

/// The paired devices of an organisation.
pub(crate) static DEVICES: Table = Table::new(
    "devices",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("restaurant"),
        Column::text("kind"),
        Column::text("label"),
        Column::text("paired_by"),
        Column::int("paired_at"),
        Column::int("revoked_at"),
        Column::bytes("tag"),
        Column::int("pepper"),
        Column::int("seen_at"),
    ],
    1,
    &[],
);

/// The codes that pair devices, found by the keyed hash of their first half.
pub(crate) static PAIRINGS: Table = Table::new(
    "pairings",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::bytes("proof"),
        Column::id("device"),
        Column::id("restaurant"),
        Column::text("kind"),
        Column::text("label"),
        Column::text("made_by"),
        Column::int("tries"),
        Column::int("ends_at"),
        Column::int("at"),
    ],
    1,
    &[],
)
.cleared();

/// Codes as the queue role sees them when they are old.
pub(crate) static OLD_PAIRINGS: Table = PAIRINGS.as_queue();

pub(crate) static FIND: Sql = Sql::new(
    "devices.find",
    &DEVICES,
    "SELECT restaurant, kind, tag, pepper FROM devices \
     WHERE organisation = $1 AND id = $2 AND revoked_at = 0",
);

pub(crate) static READ: Sql = Sql::new(
    "devices.read",
    &DEVICES,
    "SELECT id, restaurant, kind, label, paired_by, paired_at, seen_at FROM devices \
     WHERE organisation = $1 AND id = $2 AND revoked_at = 0",
);

pub(crate) static LIST: Sql = Sql::new(
    "devices.list",
    &DEVICES,
    "SELECT id, restaurant, kind, label, paired_by, paired_at, seen_at FROM devices \
     WHERE organisation = $1 AND id > $2 AND revoked_at = 0 ORDER BY id LIMIT $3",
);

pub(crate) static REVOKE: Sql = Sql::new(
    "devices.revoke",
    &DEVICES,
    "UPDATE devices SET revoked_at = $3 WHERE organisation = $1 AND id = $2 AND revoked_at = 0",
);

pub(crate) static NOTE_USE: Sql = Sql::new(
    "devices.note_use",
    &DEVICES,
    "UPDATE devices SET seen_at = $3 WHERE organisation = $1 AND id = $2 AND seen_at < $3",
);

pub(crate) static RETAG: Sql = Sql::new(
    "devices.retag",
    &DEVICES,
    "UPDATE devices SET tag = $3, pepper = $4 WHERE organisation = $1 AND id = $2 AND tag = $5",
);

/// The pairing that a code finds.
pub(crate) static FIND_PAIRING: Sql = Sql::new(
    "pairings.find",
    &PAIRINGS,
    "SELECT person, proof, device, restaurant, kind, label, made_by, ends_at FROM pairings \
     WHERE digest = $1",
);

/// A try, while there were fewer than `$3`.
pub(crate) static COUNT_TRY: Sql = Sql::new(
    "pairings.count_try",
    &PAIRINGS,
    "UPDATE pairings SET tries = tries + 1 WHERE person = $1 AND digest = $2 AND tries < $3",
);

pub(crate) static REMOVE_PAIRING: Sql = Sql::new(
    "pairings.remove",
    &PAIRINGS,
    "DELETE FROM pairings WHERE person = $1 AND digest = $2",
);

/// As the queue role: removes up to `$2` codes from before `$1`.
pub(crate) static CLEAR_PAIRINGS: Sql = Sql::new(
    "pairings.clear",
    &OLD_PAIRINGS,
    "DELETE FROM pairings WHERE digest IN (SELECT digest FROM pairings WHERE at < $1 LIMIT $2)",
);

/// A device as it is shown to those who keep it.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) pairing: Pairing,
    pub(crate) paired_by: String,
    pub(crate) paired_at: Time,
    pub(crate) seen_at: Option<Time>,
}

/// A code that was given out.
pub(crate) struct Offer {
    pub(crate) holder: Uid,
    pub(crate) proof: Vec<u8>,
    pub(crate) device: DeviceId,
    pub(crate) pairing: Pairing,
    pub(crate) made_by: String,
    pub(crate) ends_at: Time,
}

/// Reads what [`READ`] and [`LIST`] answer.
pub(crate) fn read(row: &Row) -> Outcome<Device> {
    Ok(Device {
        id: row.get::<Uid>(0)?.into(),
        pairing: pairing(row, 1)?,
        paired_by: row.get(4)?,
        paired_at: row.get(5)?,
        seen_at: some(row.get(6)?),
    })
}

/// Reads what [`FIND`] answers.
pub(crate) fn record(row: &Row) -> Outcome<Record> {
    let restaurant = RestaurantId::from(row.get::<Uid>(0)?);
    let access = Access::at_restaurants([restaurant], kind(row, 1)?.permissions());
    Ok(Record {
        access: Arc::new(access),
        tag: row.get(2)?,
        pepper: row.get(3)?,
        ends_at: None,
    })
}

/// Reads what [`FIND_PAIRING`] answers.
pub(crate) fn offer(row: &Row) -> Outcome<Offer> {
    Ok(Offer {
        holder: row.get(0)?,
        proof: row.get(1)?,
        device: row.get::<Uid>(2)?.into(),
        pairing: pairing(row, 3)?,
        made_by: row.get(6)?,
        ends_at: row.get(7)?,
    })
}

/// Three columns in a row: restaurant, kind, label.
fn pairing(row: &Row, at: usize) -> Outcome<Pairing> {
    let label: Name = name(row, at.saturating_add(2))?;
    Ok(Pairing {
        restaurant: row.get::<Uid>(at)?.into(),
        kind: kind(row, at.saturating_add(1))?,
        label,
    })
}

fn kind(row: &Row, at: usize) -> Outcome<DeviceKind> {
    DeviceKind::find(&row.get::<String>(at)?).ok_or_else(|| damaged("kind"))
}
