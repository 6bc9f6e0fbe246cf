//! The four kinds of database with everything that is registered for them, migrated on both engines.

use std::path::PathBuf;
use std::time::Duration;

use base::Clock;
use store::{Class, Database, Part, Place, Sql, Table};
use testkit::postgres::{self, Server};
use testkit::trial::{TRIAL, TRIAL_PEOPLE};

use super::world::{folder, settings};

/// A kind of database and what it is migrated to.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) parts: &'static [&'static Part],
}

/// What shards, people, keys and control databases carry.
pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        name: "shard",
        parts: &[&store::DATABASE, &TRIAL, &engine::PART, &platform::SHARD],
    },
    Kind {
        name: "people",
        parts: &[&store::DATABASE, &TRIAL_PEOPLE, &engine::PART],
    },
    Kind {
        name: "keys",
        parts: &[&store::DATABASE, &store::KEYS],
    },
    Kind {
        name: "control",
        parts: &[&store::DATABASE, &store::CONTROL, &identity::CONTROL],
    },
];

impl Kind {
    /// The tables of all parts, each once.
    pub(crate) fn tables(&self) -> Vec<&'static Table> {
        let mut tables: Vec<&'static Table> = Vec::new();
        for table in self.parts.iter().flat_map(|part| part.tables) {
            assert!(
                tables.iter().all(|known| known.name != table.name),
                "{} is declared twice",
                table.name
            );
            tables.push(table);
        }
        tables
    }

    pub(crate) fn table(&self, name: &str) -> &'static Table {
        let tables = self.tables();
        let found = tables.iter().find(|table| table.name == name);
        found.unwrap_or_else(|| panic!("{name} is in no part of {}", self.name))
    }

    /// A migrated PostgreSQL database.
    pub(crate) async fn postgres(&self) -> postgres::Database {
        let database = Server::shared().database(None).await;
        let mut settings = settings(database.port(), database.name());
        settings.fallback = Duration::from_millis(10);
        let place = Place::Postgres(Box::new(settings));
        let opened = Database::open(&place, &Clock::real()).unwrap();
        opened.migrate(self.parts).await.unwrap();
        database
    }

    /// A migrated SQLite file, in a folder that the caller removes.
    pub(crate) async fn sqlite(&self) -> (PathBuf, rusqlite::Connection) {
        let folder = folder();
        let file = folder.join("database.sqlite");
        let opened = Database::open(&Place::File(file.clone()), &Clock::real()).unwrap();
        opened.migrate(self.parts).await.unwrap();
        drop(opened);
        let connection = rusqlite::Connection::open(file).unwrap();
        rusqlite::vtab::array::load_module(&connection).unwrap();
        (folder, connection)
    }
}

/// The role that runs a statement.
pub(crate) fn role(sql: &Sql) -> &'static str {
    match sql.table.class {
        Class::Organisation | Class::Person => "comanda_app",
        Class::Published if sql.postgres().starts_with("SELECT") => "comanda_app",
        Class::Queue | Class::Published | Class::Control => "comanda_queue",
    }
}

/// The rows of a query as text; NULL is an empty text.
pub(crate) async fn texts(database: &postgres::Database, sql: &str) -> Vec<Vec<String>> {
    let rows = database.execute_as_superuser(sql).await;
    let row = |row: &tokio_postgres::SimpleQueryRow| {
        (0..row.len())
            .map(|at| row.get(at).unwrap_or_default().to_owned())
            .collect()
    };
    rows.iter().map(row).collect()
}
