//! Screens in the kitchen and kiosks in front: offered a code, paired by it, listed, revoked, presented.
//!
//! Tables: `devices` on the organisation's shard, folded from `device.paired` and `device.revoked` but for secrets and
//! sightings; `pairings` in the people database, operational, because a code says nothing of where it belongs.

mod app;
pub(crate) mod fold;
mod http;
pub(crate) mod store;
mod view;

use ::store::{Migration, Part};

pub use app::App;
pub use http::routes;

/// What devices bring to every shard.
pub static SHARD: Part = Part {
    name: "devices",
    tables: &[&store::DEVICES],
    statements: &[
        &store::FIND,
        &store::READ,
        &store::LIST,
        &store::REVOKE,
        &store::NOTE_USE,
        &store::RETAG,
        &fold::READ_ALL,
    ],
    migrations: &[Migration {
        number: 1,
        name: "devices",
        sqlite: include_str!("../../migrations/devices/sqlite/0001_devices.sql"),
        postgres: include_str!("../../migrations/devices/postgres/0001_devices.sql"),
    }],
};

/// What devices bring to the people database.
pub static PEOPLE: Part = Part {
    name: "pairings",
    tables: &[&store::PAIRINGS],
    statements: &[
        &store::FIND_PAIRING,
        &store::COUNT_TRY,
        &store::REMOVE_PAIRING,
        &store::CLEAR_PAIRINGS,
    ],
    migrations: &[Migration {
        number: 1,
        name: "pairings",
        sqlite: include_str!("../../migrations/pairings/sqlite/0001_pairings.sql"),
        postgres: include_str!("../../migrations/pairings/postgres/0001_pairings.sql"),
    }],
};
