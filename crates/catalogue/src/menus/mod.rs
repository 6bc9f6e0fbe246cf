//! Menus: drafted part by part, checked, published as revisions that never change, and sold.
//!
//! Tables (folded from events, on the organisation's shard): `menu_drafts`, `menu_parts`, `menu_heads`,
//! `menu_revisions`, `menu_scheduled`, `menu_locations`, `menu_stock_heads`, `menu_stock`. Events out: `menu.changed`,
//! `.published`, `.scheduled`, `.unscheduled`, `.location_changed`, `.stock_changed`,
//! `.stock_left`. None in.

mod app;
mod drafts;
pub(crate) mod fold;
mod http;
mod local;
mod memory;
mod packed;
mod patch;
mod place;
mod public;
mod publish;
mod revisions;
mod schema;
mod selling;
pub mod stock;
mod store;
pub mod transfer;
mod typed;
mod view;

use ::store::{Migration, Part};
use edge::Routes;
use engine::{Stop, Tasks, TimerHandler};

pub use app::App;
pub use place::{Place, PlaceError};

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "menus",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "menus",
        sqlite: include_str!("../../migrations/menus/sqlite/0001_menus.sql"),
        postgres: include_str!("../../migrations/menus/postgres/0001_menus.sql"),
    }],
};

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    Routes::new()
        .with(http::routes())
        .with(local::http::routes())
        .with(stock::http::routes())
        .with(transfer::routes())
        .with(public::routes())
        .with_state(app.clone())
}

/// What is to be done when its time has come.
pub(crate) fn timers(app: &App) -> Vec<TimerHandler> {
    vec![
        publish::timer_handler(app),
        stock::timer_handler(app),
        transfer::timer_handler(app),
    ]
}

/// Begins to follow what other nodes publish.
pub(crate) fn start(app: &App, tasks: &Tasks) {
    let (app, warm) = (app.clone(), app.clone());
    tasks.spawn("menus", move |stop: Stop| {
        let app = app.clone();
        async move { app.0.memory.follow(&app.0.bus, &stop).await }
    });
    tasks.spawn("menus_warm", move |stop: Stop| {
        let app = warm.clone();
        async move { app.warm(&stop).await }
    });
}
