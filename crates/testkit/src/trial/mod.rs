//! Order-shaped tables, statements and worlds that the store's tests and benches share.
//!
//! No slice owns these tables and nothing of them is shipped. They have one of everything that a commit can meet:
//! foreign keys, a unique key over a number that a counter gives, a check, stock to run out of, every class of table.

mod bulk;
mod order;
mod statements;
mod tables;
mod world;

use store::{Migration, Part, Parts};

pub use bulk::Bulk;
pub use order::{Line, ORDER_CREATED, Order, order};
pub use statements::*;
pub use tables::*;
pub use world::{Engine, Home, REGION, SHARD, World, address, without_filters};

/// What a shard of a trial world carries besides the store's own tables.
pub static TRIAL: Part = Part {
    name: "trial",
    tables: &[
        &RESTAURANTS,
        &ORDERS,
        &LINES,
        &INTENTS,
        &STOCK,
        &COUNTERS,
        &LISTING,
        &JOBS,
    ],
    statements: &[
        &TAKE_STOCK,
        &HOLD_STOCK,
        &ADD_STOCK,
        &READ_STOCK,
        &NEXT_NUMBER,
        &SET_STATUS,
        &READ_ORDER,
        &READ_LINES,
        &READ_INTENTS,
        &FIND_ORDERS,
        &COUNT_ORDERS,
        &REMOVE_LINE,
        &PUT_LISTING,
        &READ_LISTING,
        &ADD_JOB,
        &TAKE_JOBS,
    ],
    migrations: &[Migration {
        number: 1,
        name: "trial",
        sqlite: include_str!("../../migrations/trial/sqlite/0001_trial.sql"),
        postgres: include_str!("../../migrations/trial/postgres/0001_trial.sql"),
    }],
};

/// What the people database of a trial world carries besides the store's own tables.
pub static TRIAL_PEOPLE: Part = Part {
    name: "trial_people",
    tables: &[&ADDRESSES, &TOKENS, &STUBS],
    statements: &[
        &READ_ADDRESSES,
        &CHANGE_ADDRESS,
        &READ_TOKEN,
        &READ_TOKENS,
        &USE_TOKEN,
        &END_TOKENS,
        &CLEAR_TOKENS,
        &READ_STUBS,
        &CLEAR_STUBS,
    ],
    migrations: &[Migration {
        number: 1,
        name: "trial_people",
        sqlite: include_str!("../../migrations/trial_people/sqlite/0001_trial_people.sql"),
        postgres: include_str!("../../migrations/trial_people/postgres/0001_trial_people.sql"),
    }],
};

/// What the audit database of a trial world carries besides the store's own tables.
pub static TRIAL_AUDIT: Part = Part {
    name: "trial_audit",
    tables: &[&ACTS],
    statements: &[&ADD_ACT, &READ_ACTS],
    migrations: &[Migration {
        number: 1,
        name: "trial_audit",
        sqlite: include_str!("../../migrations/trial_audit/sqlite/0001_trial_audit.sql"),
        postgres: include_str!("../../migrations/trial_audit/postgres/0001_trial_audit.sql"),
    }],
};

/// Everything that a trial world migrates its databases to.
pub const PARTS: Parts = Parts {
    shards: &[&TRIAL],
    people: &[&TRIAL_PEOPLE],
    control: &[],
    audit: &[&TRIAL_AUDIT],
};
