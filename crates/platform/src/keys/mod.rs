//! Keys by which programs of others come in: issued, listed, revoked, presented.
//!
//! A key is an id and a secret; the id says the organisation, and of the secret only a keyed hash is stored. Table:
//! `keys` on the organisation's shard, folded from `key.issued` and `key.revoked` but for secrets and uses.

mod app;
pub(crate) mod fold;
pub(crate) mod http;
pub(crate) mod known;
pub(crate) mod store;
mod view;

use ::store::{Migration, Part};

pub use app::App;
pub use http::routes;
pub use known::Ground;

/// What keys bring to every shard.
pub static SHARD: Part = Part {
    name: "keys",
    tables: &[&store::KEYS],
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
        name: "keys",
        sqlite: include_str!("../../migrations/keys/sqlite/0001_keys.sql"),
        postgres: include_str!("../../migrations/keys/postgres/0001_keys.sql"),
    }],
};
