//! The five kinds of database with everything that is registered for them, migrated on both engines.

use std::path::PathBuf;
use std::time::Duration;

use base::Clock;
use store::{Class, Database, Part, Place, Sql, Table};
use testkit::postgres::{self, Server};
use testkit::trial::{TRIAL, TRIAL_AUDIT, TRIAL_PEOPLE};

use super::world::{folder, hex, settings};

/// A kind of database and what it is migrated to.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    own: &'static [&'static Part],
    slices: &'static [&'static [&'static Part]],
}

/// What shards, people, audit, keys and control databases carry.
pub(crate) static KINDS: [Kind; 5] = [
    Kind {
        name: "shard",
        own: &[&store::DATABASE, &TRIAL, &engine::PART],
        slices: &[
            platform::SHARDS,
            search::SHARDS,
            catalogue::SHARDS,
            commerce::SHARDS,
            feeds::SHARDS,
        ],
    },
    Kind {
        name: "people",
        own: &[&store::DATABASE, &TRIAL_PEOPLE, &engine::PART],
        slices: &[identity::PEOPLE, platform::PEOPLE, commerce::PEOPLE],
    },
    Kind {
        name: "audit",
        own: &[&store::DATABASE, &TRIAL_AUDIT],
        slices: &[&[&platform::audit::LOG]],
    },
    Kind {
        name: "keys",
        own: &[&store::DATABASE, &store::KEYS],
        slices: &[],
    },
    Kind {
        name: "control",
        own: &[&store::DATABASE, &store::CONTROL],
        slices: &[&[&identity::CONTROL], platform::CONTROL],
    },
];

impl Kind {
    /// All parts, the store's own first.
    pub(crate) fn parts(&self) -> Vec<&'static Part> {
        [self.own, &self.slices.concat()].concat()
    }

    /// The tables of all parts, each once.
    pub(crate) fn tables(&self) -> Vec<&'static Table> {
        let mut tables: Vec<&'static Table> = Vec::new();
        for table in self.parts().iter().flat_map(|part| part.tables) {
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
        opened.migrate(&self.parts()).await.unwrap();
        database
    }

    /// A migrated SQLite file, in a folder that the caller removes.
    pub(crate) async fn sqlite(&self) -> (PathBuf, rusqlite::Connection) {
        let folder = folder();
        let file = folder.join("database.sqlite");
        let opened = Database::open(&Place::File(file.clone()), &Clock::real()).unwrap();
        opened.migrate(&self.parts()).await.unwrap();
        drop(opened);
        let connection = rusqlite::Connection::open(file).unwrap();
        rusqlite::vtab::array::load_module(&connection).unwrap();
        (folder, connection)
    }
}

/// The role that runs a statement.
pub(crate) fn role(sql: &Sql) -> &'static str {
    match sql.table.class {
        Class::Organisation | Class::Person | Class::Held => "comanda_app",
        Class::Published if sql.postgres().starts_with("SELECT") => "comanda_app",
        Class::Queue | Class::Appended | Class::Published | Class::Control => "comanda_queue",
    }
}

/// The columns that the queue role sees of a table of which it removes what is old.
pub(crate) fn seen_when_old(table: &Table) -> Vec<&'static str> {
    let key = table.columns.iter().take(table.key);
    let owner = table.owner().into_iter();
    owner
        .chain(key.map(|column| column.name))
        .chain(["at"])
        .collect()
}

/// An owner as text: an organisation by its number, a person as an id.
pub(crate) fn owner(class: Class, number: u8) -> String {
    match class {
        Class::Person | Class::Held => hex(base::Uid::from_bytes([number; 16])),
        _ => number.to_string(),
    }
}

/// Lets every table take rows of made-up values: which rows may be seen and written has nothing to do with what may
/// stand in their columns.
pub(crate) const UNCHECKED: &str = "DO $$ DECLARE it RECORD; BEGIN \
    FOR it IN SELECT conrelid::regclass AS home, conname FROM pg_constraint \
        WHERE contype = 'c' AND connamespace = 'public'::regnamespace LOOP \
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.home, it.conname); \
    END LOOP; END $$;";

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
