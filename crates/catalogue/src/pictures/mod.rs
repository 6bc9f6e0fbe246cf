//! Pictures: taken in, made anew in the sizes that are shown, and given out.
//!
//! Nobody ever gets the bytes that somebody uploaded. What can be seen is decoded, turned upright, made smaller and
//! written anew; everything else that was in the file is gone, and so is the file. The bytes are blobs.

mod app;
mod clear;
pub(crate) mod fold;
mod http;
mod make;
mod picture;
mod store;
mod view;
mod workshop;

use ::store::{Migration, Part};
use engine::{Tasks, TimerHandler};

pub use app::App;
pub use http::routes;
pub use picture::Size;
pub use view::{PictureView, SizeView};

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "pictures",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "pictures",
        sqlite: include_str!("../../migrations/pictures/sqlite/0001_pictures.sql"),
        postgres: include_str!("../../migrations/pictures/postgres/0001_pictures.sql"),
    }],
};

/// What is to be done when its time has come.
#[must_use]
pub fn timers(app: &App) -> Vec<TimerHandler> {
    clear::timers(app)
}

/// Begins what works on its own: following other nodes.
pub fn start(app: &App, tasks: &Tasks) {
    let app = app.clone();
    tasks.spawn("pictures", move |stop| app.clone().follow(stop));
}
