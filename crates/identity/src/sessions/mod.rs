//! Sessions, tokens, and who asks.
//!
//! A session is begun by whoever proved who he is (a code, a provider, a second factor) and is opened by 32 random
//! bytes, of which only a keyed hash is stored. Browsers carry them in a cookie; apps draw access tokens from the
//! session and refresh them. Whatever ends a session ends its tokens with it. Tables: `sessions`, `refresh`, in the
//! people database. Events out: `session.started`, `session.ended`, by which every node forgets what it remembers.

mod app;
mod edit;
mod find;
mod http;
mod identify;
mod jwt;
mod live;
mod personal;
mod settings;
pub(crate) mod store;
mod tokens;
mod view;

pub use app::{App, IsOperator, Keys, Parts};
pub(crate) use edit::Why;
pub use edit::{Kind, Start, Started};
pub use http::routes;
pub use identify::Sessions;
pub use settings::{Limits, Settings};

/// What sessions bring to the people database.
pub static PART: ::store::Part = ::store::Part {
    name: "sessions",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[::store::Migration {
        number: 1,
        name: "sessions",
        sqlite: include_str!("../../migrations/sessions/sqlite/0001_sessions.sql"),
        postgres: include_str!("../../migrations/sessions/postgres/0001_sessions.sql"),
    }],
};
