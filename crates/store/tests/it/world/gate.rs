//! A gate before the shard's writer: while it is shut, commits wait and nothing is stored.

use std::time::Duration;

use store::{Committed, Outcome};

use super::World;

const POLLS_MAX: u32 = 500;

/// Shut from the beginning; dropped or opened, the writer goes on.
pub(crate) enum Gate {
    /// There is no writer that could wait.
    None,
    File(rusqlite::Connection),
    Server(
        tokio_postgres::Client,
        tokio::task::JoinSet<Outcome<Committed>>,
    ),
}

impl Gate {
    /// Shuts the gate. What is sent from now on waits until it is opened.
    pub(crate) async fn shut(world: &World) -> Self {
        if let Some(file) = world.trial.shard_file() {
            let connection = rusqlite::Connection::open(file).unwrap();
            connection.busy_timeout(Duration::from_secs(5)).unwrap();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            return Gate::File(connection);
        }
        let Some(server) = world.trial.shard_on_server() else {
            return Gate::None;
        };
        let client = server.connect("postgres").await;
        client
            .batch_execute("BEGIN; SELECT position FROM head FOR UPDATE")
            .await
            .unwrap();
        // One commit goes ahead and waits in the database, so that all others wait in the lane.
        let (db, commit) = (world.db().clone(), world.commit());
        let mut ahead = tokio::task::JoinSet::new();
        ahead.spawn(async move { db.commit(commit, &db.deadline()).await });
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..POLLS_MAX {
            if !server.execute_as_superuser(waits).await.is_empty() {
                return Gate::Server(client, ahead);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the first commit does not come to the gate");
    }

    /// Opens the gate.
    pub(crate) async fn open(self) {
        match self {
            Gate::None => {}
            Gate::File(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Gate::Server(client, ahead) => {
                client.batch_execute("ROLLBACK").await.unwrap();
                for stored in ahead.join_all().await {
                    stored.unwrap();
                }
            }
        }
    }
}
