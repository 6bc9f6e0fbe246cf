//! The superuser's hand: short statements on a runtime of its own.
//!
//! Tests come each with a runtime that ends with them, and a database is dropped where nothing can be
//! awaited; so these statements run on one background thread that belongs to the server.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

pub(crate) const SUPERUSER: &str = "postgres";

#[derive(Debug)]
pub(crate) struct Admin {
    port: u16,
    runtime: Option<Runtime>,
}

impl Admin {
    pub(crate) fn new(port: u16) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("testkit-admin")
            .enable_all()
            .build()
            .expect("cannot start a thread");
        Self {
            port,
            runtime: Some(runtime),
        }
    }

    /// Runs statements in the named database; panics in the caller when one fails.
    pub(crate) async fn execute(&self, database: &str, sql: String) -> Vec<SimpleQueryRow> {
        let config = config(self.port, database, SUPERUSER);
        let task = self.runtime().spawn(async move {
            let client = connect(&config).await?;
            let result = client.simple_query(&sql).await;
            result.map_err(|error| format!("{}\nin: {sql}", describe(&error)))
        });
        let messages = match task.await {
            Ok(Ok(messages)) => messages,
            Ok(Err(said)) => panic!("{said}"),
            Err(error) => panic!("the server is gone: {error}"),
        };
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.collect()
    }

    /// Waits until nobody is connected to the database and lets nobody in again.
    pub(crate) async fn close(&self, database: &str) {
        let lock = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false");
        self.execute("postgres", lock).await;
        for _ in 0..100 {
            let count = format!("SELECT 1 FROM pg_stat_activity WHERE datname = '{database}'");
            if self.execute("postgres", count).await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("somebody is still connected to the template {database}");
    }

    /// Runs a statement some time soon; nobody hears how it went.
    pub(crate) fn execute_later(&self, sql: String) {
        let config = config(self.port, "postgres", SUPERUSER);
        self.runtime().spawn(async move {
            if let Ok(client) = connect(&config).await {
                let _ = client.simple_query(&sql).await;
            }
        });
    }

    fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("only taken when the value is dropped")
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // Dropping a runtime waits, which tokio forbids inside of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How to reach a database on this machine.
pub(crate) fn config(port: u16, database: &str, user: &str) -> Config {
    let mut config = Config::new();
    config
        .host(Ipv4Addr::LOCALHOST.to_string())
        .port(port)
        .dbname(database)
        .user(user)
        .connect_timeout(Duration::from_secs(10));
    config
}

/// Connects and drives the connection on the caller's runtime until the client is dropped.
pub(crate) async fn connect(config: &Config) -> Result<Client, String> {
    let (client, connection) = match config.connect(NoTls).await {
        Ok(pair) => pair,
        Err(error) => return Err(describe(&error)),
    };
    #[allow(
        clippy::disallowed_methods,
        reason = "the task ends with its client; supervision would test the supervisor instead"
    )]
    tokio::spawn(async move {
        // A connection that a test cuts ends with an error; the client reports it.
        let _ = connection.await;
    });
    Ok(client)
}

/// The error with PostgreSQL's own message, which the outermost error alone does not show.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refused) => refused.to_string(),
        None => format!("{error:?}"),
    }
}
