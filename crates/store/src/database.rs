//! One database, whichever engine it runs on.

use std::path::PathBuf;
use std::sync::Arc;

use base::Clock;
use tokio::sync::watch;

use crate::call::{self, Answer, Call, Deadline, Scope};
use crate::commit::{Commit, Committed};
use crate::failure::{Failure, Outcome};
use crate::gate::{self, Border, Gate};
use crate::postgres::{self, Postgres};
use crate::row::Row;
use crate::sql::Part;
use crate::sqlite::{self, Sqlite};
use crate::verify::Inspected;

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A SQLite file, with threads of its own.
    File(PathBuf),
    /// A SQLite database in memory that runs on the caller's thread, for simulation.
    Inline,
    /// A PostgreSQL database.
    Postgres(Box<postgres::Settings>),
}

/// One database: a shard, the people database or the control database.
#[derive(Clone)]
pub struct Database {
    engine: Engine,
    /// Where a simulation holds its calls.
    gate: Option<Gate>,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Database {
    /// Opens a database. PostgreSQL is connected to when it is first needed, and needs a tokio runtime here.
    ///
    /// # Errors
    /// The file cannot be opened, or the address cannot be read.
    pub fn open(place: &Place, clock: &Clock) -> Outcome<Self> {
        let engine = match place {
            Place::File(path) => {
                let place = sqlite::Place::File(path.clone());
                Engine::Sqlite(Arc::new(Sqlite::open(
                    &place,
                    clock,
                    &sqlite::Options::default(),
                )?))
            }
            Place::Inline => {
                Engine::Sqlite(Arc::new(Sqlite::inline(&sqlite::Place::Memory, clock)?))
            }
            Place::Postgres(settings) => Engine::Postgres(Arc::new(Postgres::open(settings)?)),
        };
        Ok(Database { engine, gate: None })
    }

    /// A copy of an inline database, for the next world of a simulation.
    ///
    /// # Errors
    /// The database is not inline.
    pub fn copy(&self) -> Outcome<Self> {
        match &self.engine {
            Engine::Sqlite(sqlite) => Ok(Database {
                engine: Engine::Sqlite(Arc::new(sqlite.copy()?)),
                gate: None,
            }),
            Engine::Postgres(_) => Err(Failure::Malformed(
                "only an inline database can be copied".to_owned(),
            )),
        }
    }

    /// The same database for another process of a simulation: its calls pass this gate.
    #[must_use]
    pub fn gated(&self, gate: Option<Gate>) -> Self {
        Database {
            engine: self.engine.clone(),
            gate,
        }
    }

    /// Brings the schema to what the parts say, and puts every policy in force.
    ///
    /// # Errors
    /// A migration failed; what it had not committed is undone.
    pub async fn migrate(&self, parts: &[&Part]) -> Outcome<()> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.migrate(parts),
            Engine::Postgres(postgres) => postgres.migrate(parts).await,
        }
    }

    /// The same where this version was not the last to do it; otherwise it only looks.
    ///
    /// # Errors
    /// A migration failed; what it had not committed is undone.
    pub async fn catch_up(&self, parts: &[&Part]) -> Outcome<()> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.migrate(parts),
            Engine::Postgres(postgres) => postgres.catch_up(parts).await,
        }
    }

    /// The parts whose schema in this database is older than this version's. SQLite files are brought to it at each
    /// start, so none of theirs ever is.
    ///
    /// # Errors
    /// The database is away.
    pub async fn behind(&self, parts: &[&Part]) -> Outcome<Vec<&'static str>> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(Vec::new()),
            Engine::Postgres(postgres) => postgres.behind(parts).await,
        }
    }

    /// Stores a commit of an organisation that lives here at this epoch, or says why not.
    ///
    /// # Errors
    /// See [`crate::Failure`]; after anything but `Unknown` nothing was stored.
    pub async fn commit(
        &self,
        commit: Arc<Commit>,
        epoch: i64,
        deadline: &Deadline,
    ) -> Outcome<Committed> {
        if deadline.passed() {
            return Err(Failure::TooLate);
        }
        gate::pass(&self.gate, Border::Commit).await;
        let committed = match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.commit(commit, epoch, deadline).await,
            Engine::Postgres(postgres) => postgres.commit(commit, epoch, deadline).await,
        };
        gate::pass(&self.gate, Border::Committed).await;
        committed
    }

    /// The rows of each call, all of one snapshot.
    ///
    /// # Errors
    /// The deadline passed, the database is away, or a statement is wrong.
    pub async fn read(
        &self,
        scope: Scope,
        calls: Vec<Call>,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        call::check(&calls)?;
        gate::pass(&self.gate, Border::Read).await;
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(scope, calls, deadline).await,
            Engine::Postgres(postgres) => postgres.read(scope, &calls, deadline).await,
        }
    }

    /// The same from a replica that has seen `position`; from the primary where there is none.
    ///
    /// # Errors
    /// As for [`Database::read`].
    pub async fn read_replica(
        &self,
        scope: Scope,
        calls: Vec<Call>,
        position: i64,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        call::check(&calls)?;
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(scope, calls, deadline).await,
            Engine::Postgres(postgres) => {
                postgres
                    .read_replica(scope, &calls, position, deadline)
                    .await
            }
        }
    }

    /// Runs statements over queue, published and control tables in one transaction. After a lost connection it
    /// is open whether they ran, so they must bear repetition.
    ///
    /// # Errors
    /// As for [`Database::read`].
    pub async fn transact(&self, calls: Vec<Call>, deadline: &Deadline) -> Outcome<Vec<Answer>> {
        call::check(&calls)?;
        gate::pass(&self.gate, Border::Commit).await;
        let answers = match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.transact(calls, deadline).await,
            Engine::Postgres(postgres) => postgres.transact(&calls, deadline).await,
        };
        gate::pass(&self.gate, Border::Committed).await;
        answers
    }

    /// Leaves nothing of what was deleted or replaced: on SQLite it is moved out of the write-ahead log, after it was
    /// overwritten in the file. PostgreSQL does so in its own time.
    pub(crate) async fn sweep(&self, deadline: &Deadline) -> Outcome<()> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.sweep(deadline).await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Lets the engine look for damage in its own files and indexes.
    pub(crate) async fn inspect(&self) -> Outcome<Inspected> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.inspect().await,
            Engine::Postgres(postgres) => postgres.inspect().await,
        }
    }

    /// How far the log has come, as far as this node knows. It wakes whoever waits for news; it may lag.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<i64> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.head(),
            Engine::Postgres(postgres) => postgres.head(),
        }
    }
}
