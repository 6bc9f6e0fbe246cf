//! People: who they are, how they are reached, and how they prove it by one-time codes.
//!
//! A person is made when somebody proves a contact that nobody has. What a person says of itself is sealed; what is
//! looked up by equality is digested. Tables: `persons`, `contacts`, `codes`, `addresses`, `budgets`. Events:
//! `person.created`, `person.changed`, `person.disabled`, `person.enabled`, `person.erased`, `contact.added`, `contact.removed`, `address.added`,
//! `address.changed`, `address.removed`.

mod addresses;
mod app;
pub mod codes;
mod http;
mod personal;
mod profile;
pub(crate) mod store;
mod typed;
mod view;

pub use app::{App, ENTRIES_MAX, Entry, Newcomer, Proof};
pub(crate) use app::{State, crowded};
pub use codes::Codes;
pub use http::{inbox_routes, routes};
pub(crate) use personal::Asked;

use ::store::{Migration, Part};

/// What people bring to the people database.
pub(crate) static PART: Part = Part {
    name: "people",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "people",
        sqlite: include_str!("../../migrations/people/sqlite/0001_people.sql"),
        postgres: include_str!("../../migrations/people/postgres/0001_people.sql"),
    }],
};
