//! What stands in the database itself, read past the program.

use std::path::PathBuf;

use testkit::postgres::{Database, Server};
use testkit::serve::Start;
use tokio::runtime::Runtime;

/// Where one part of the rows is.
const PARTS: [&str; 5] = ["control", "people", "audit", "keys", "shards.main"];

/// An engine, and what the program must be told to use it.
pub(crate) struct Ground {
    pub(crate) engine: &'static str,
    /// The words for `serve` and for every other command.
    pub(crate) settings: Vec<String>,
    rows: Rows,
}

enum Rows {
    Sqlite(Option<PathBuf>),
    Postgres(Runtime, Vec<Database>),
}

impl Ground {
    pub(crate) fn sqlite() -> Self {
        Ground {
            engine: "sqlite",
            settings: Vec::new(),
            rows: Rows::Sqlite(None),
        }
    }

    pub(crate) fn postgres() -> Self {
        let runtime = Runtime::new().unwrap();
        let mut settings = vec!["--set".to_owned(), "storage.owner_role=postgres".to_owned()];
        let mut databases = Vec::new();
        for name in PARTS {
            let database = runtime.block_on(Server::shared().database(None));
            let (host, port, own) = (database.host(), database.port(), database.name());
            let setting = format!("storage.{name}=host={host} port={port} dbname={own}");
            settings.extend(["--set".to_owned(), setting]);
            databases.push(database);
        }
        Ground {
            engine: "postgres",
            settings,
            rows: Rows::Postgres(runtime, databases),
        }
    }

    /// How the program is started here, without limits of how often somebody may ask: a drill is one address.
    pub(crate) fn start(&mut self) -> Start {
        let unlimited =
            ["api", "auth", "orders", "read"].map(|class| format!("edge.rate_{class}=0"));
        let start = Start::new(env!("CARGO_BIN_EXE_comanda"))
            .with(
                unlimited
                    .into_iter()
                    .flat_map(|setting| ["--set".to_owned(), setting]),
            )
            .with(self.settings.clone());
        match &mut self.rows {
            Rows::Sqlite(place) => {
                *place = Some(start.data().join("main.db"));
                start
            }
            Rows::Postgres(..) => start.with(["--migrate"]),
        }
    }

    /// The rows that a statement finds in the shard, as texts. On SQLite the program must have been stopped.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match &self.rows {
            Rows::Sqlite(place) => {
                let place = place.as_ref().expect("nothing was started");
                let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
                let read = rusqlite::Connection::open_with_flags(place, flags).unwrap();
                let mut statement = read.prepare(sql).unwrap();
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    let texts = (0..columns).map(|column| Ok(shown(row.get(column)?)));
                    texts.collect::<rusqlite::Result<Vec<String>>>()
                });
                rows.unwrap().map(Result::unwrap).collect()
            }
            Rows::Postgres(runtime, databases) => {
                let shard = databases.last().expect("no shard");
                let rows = runtime.block_on(shard.execute_as_superuser(sql));
                let texts = rows.iter().map(|row| {
                    let all = (0..row.len()).map(|column| row.get(column).unwrap_or_default());
                    all.map(str::to_owned).collect()
                });
                texts.collect()
            }
        }
    }

    /// One number.
    pub(crate) fn count(&self, sql: &str) -> u64 {
        self.rows(sql)[0][0].parse().unwrap()
    }
}

fn shown(value: rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
