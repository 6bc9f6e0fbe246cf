//! Capacity: how much a restaurant takes on in a quarter of an hour, counted in the commits of orders.
//!
//! Tables: `capacity_rules`, folded from `capacity.changed`; `capacity_slots` and `capacity_channels`, a counter for each
//! slot that has taken on something, `capacity_takes`, what each order and each hold took, and `capacity_holds`, who has
//! which hold, all in no event of this slice. Where no rule speaks of a slot nothing is counted and no row is touched. None
//! in, and nothing is done by itself but that holds end, by a timer, and old counters go.

mod app;
mod clear;
mod fold;
mod hold;
mod http;
mod memory;
mod shift;
mod store;
mod take;
mod view;

use ::store::{Migration, Part};
use engine::Tasks;

pub use app::{App, Asked, Decided};
pub use fold::FOLD;
pub use hold::{Instead, use_hold};
pub use http::routes;
pub use shift::{Shifted, Wants};
pub use take::{Need, OfChannel, is_full, is_given_back, take};
pub(crate) use view::{TypedSpan, amount, minor};

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "capacity",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[
        Migration {
            number: 1,
            name: "capacity",
            sqlite: include_str!("../../migrations/capacity/sqlite/0001_capacity.sql"),
            postgres: include_str!("../../migrations/capacity/postgres/0001_capacity.sql"),
        },
        Migration {
            number: 2,
            name: "channels",
            sqlite: include_str!("../../migrations/capacity/sqlite/0002_channels.sql"),
            postgres: include_str!("../../migrations/capacity/postgres/0002_channels.sql"),
        },
        Migration {
            number: 3,
            name: "holds",
            sqlite: include_str!("../../migrations/capacity/sqlite/0003_holds.sql"),
            postgres: include_str!("../../migrations/capacity/postgres/0003_holds.sql"),
        },
    ],
};

/// Begins what works on its own: following other nodes, and clearing old counters.
pub fn start(app: &App, tasks: &Tasks) {
    let (following, clearing) = (app.clone(), app.clone());
    tasks.spawn("capacity", move |stop| following.clone().follow(stop));
    tasks.spawn("capacity.clear", move |stop| {
        clearing.clone().clear_old(stop)
    });
}
