//! Menus as files: imported into a draft, exported from a draft or a revision.
//!
//! What a file says and how it is written is decided in `carte::transfer`. Small files are taken in the request;
//! large ones are kept in rows, read by a timer, and done step by step, each step once, by whichever node is there.
//! Tables (operational): `menu_imports`, `menu_import_turns`, `menu_import_pieces`, `menu_import_steps`. Events out:
//! `menu.changed`, one for each step.

mod app;
mod found;
mod http;
pub(crate) mod store;
mod view;
mod work;

use edge::Routes;
use engine::TimerHandler;

use crate::menus::App;

pub use self::store::SHARD;

/// The routes of files.
pub(crate) fn routes() -> Routes<App> {
    http::routes()
}

/// What goes on with imports that wait.
pub(crate) fn timer_handler(app: &App) -> TimerHandler {
    work::timer_handler(app)
}
