//! People: how they sign in, their sessions, tokens and second factors; the operators of the installation.
//!
//! It says who asks. What somebody may do inside an organisation is not known here.

pub mod factors;
pub mod operators;
pub mod people;
pub mod privacy;
pub mod sessions;
mod whole;

pub use whole::{Identity, Parts, Settings};

use store::{Migration, Part};

/// What people, sessions and second factors bring to the people database.
pub static PEOPLE: &[&Part] = &[
    &people::PART,
    &sessions::PART,
    &factors::PART,
    &factors::GUESTS,
];

/// What operators bring to the control database.
pub static CONTROL: Part = Part {
    name: "operators",
    tables: operators::store::TABLES,
    statements: operators::store::STATEMENTS,
    migrations: &[
        Migration {
            number: 1,
            name: "operators",
            sqlite: include_str!("../migrations/control/sqlite/0001_operators.sql"),
            postgres: include_str!("../migrations/control/postgres/0001_operators.sql"),
        },
        Migration {
            number: 2,
            name: "persons",
            sqlite: include_str!("../migrations/control/sqlite/0002_persons.sql"),
            postgres: include_str!("../migrations/control/postgres/0002_persons.sql"),
        },
    ],
};
