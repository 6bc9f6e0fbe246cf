//! The SQLite engine: one writer thread and several readers a file, or no threads at all.
//!
//! Commits that wait share a transaction with `synchronous = FULL`; one that is refused leaves no trace and does
//! not disturb the others. Several processes may use one file. Nothing outside of this folder sees rusqlite.

mod apply;
mod bind;
mod connection;
mod constraint;
mod faults;
mod inline;
mod inspect;
mod queue;
mod readers;
mod session;
mod statements;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use base::Clock;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

use crate::call::{Answer, Call, Deadline, Scope};
use crate::commit::{Commit, Committed};
use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::sql::Part;
use crate::sqlite::connection::Role;
use crate::sqlite::faults::Faults;
use crate::sqlite::inline::Inline;
use crate::sqlite::readers::Readers;
use crate::sqlite::session::{Done, Job};
use crate::sqlite::writer::{Limits, Writer};
use crate::table::Class;
use crate::verify::Inspected;

pub(crate) use connection::Place;

/// Limits of one database.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Threads that read.
    pub(crate) readers: usize,
    /// Commits, and as many reads, that may wait.
    pub(crate) queue: usize,
    /// Commits that share a transaction at most.
    pub(crate) group: usize,
    /// Whether the whole file is read for damage when it is opened.
    pub(crate) checked: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            readers: 2,
            queue: 4_096,
            group: 256,
            checked: false,
        }
    }
}

/// One database file.
pub(crate) struct Sqlite {
    engine: Engine,
}

enum Engine {
    Inline(Inline),
    Threads {
        place: Place,
        // Dropped in this order: the last connection, the writer's, moves the write-ahead log into the file.
        readers: Readers,
        writer: Writer,
    },
}

impl Sqlite {
    /// Opens a file, with one thread that writes and some that read.
    pub(crate) fn open(place: &Place, clock: &Clock, options: &Options) -> Outcome<Self> {
        Sqlite::open_with(place, clock, options, &Faults::default())
    }

    fn open_with(
        place: &Place,
        clock: &Clock,
        options: &Options,
        faults: &Faults,
    ) -> Outcome<Self> {
        if let Place::Memory = place {
            return Err(Failure::Malformed(
                "a database in memory is inline".to_owned(),
            ));
        }
        let first = place.connect(Role::Writer)?;
        if options.checked {
            place.check(&first)?;
        }
        let limits = Limits {
            queue: options.queue,
            group: options.group,
        };
        let writer = Writer::start(place, first, &limits, faults)?;
        let readers = Readers::start(place, clock, options.readers, options.queue)?;
        Ok(Sqlite {
            engine: Engine::Threads {
                place: place.clone(),
                readers,
                writer,
            },
        })
    }

    /// Opens a database without any thread: everything runs on the caller.
    pub(crate) fn inline(place: &Place, clock: &Clock) -> Outcome<Self> {
        let inline = Inline::open(place, clock, &Faults::default())?;
        Ok(Sqlite {
            engine: Engine::Inline(inline),
        })
    }

    /// The same inline database once more, in memory, with a life of its own.
    pub(crate) fn copy(&self) -> Outcome<Self> {
        match &self.engine {
            Engine::Inline(inline) => Ok(Sqlite {
                engine: Engine::Inline(inline.copy()?),
            }),
            Engine::Threads { .. } => Err(Failure::Malformed(
                "only an inline database is copied".to_owned(),
            )),
        }
    }

    /// Brings every part to its newest schema.
    pub(crate) fn migrate(&self, parts: &[&Part]) -> Outcome<()> {
        match &self.engine {
            Engine::Inline(inline) => {
                inline.with_connection(|connection| migrate(connection, parts))
            }
            Engine::Threads { place, .. } => migrate(&mut place.connect(Role::Writer)?, parts),
        }
    }

    /// Stores a commit of an organisation that lives here at this epoch.
    pub(crate) async fn commit(
        &self,
        commit: Arc<Commit>,
        epoch: i64,
        deadline: &Deadline,
    ) -> Outcome<Committed> {
        commit.check()?;
        match self
            .perform(Job::Commit { commit, epoch }, deadline)
            .await?
        {
            Done::Committed(committed) => Ok(committed),
            Done::Answered(_) => Err(Failure::Broken(
                "a commit was answered as statements".to_owned(),
            )),
        }
    }

    /// Reads everything from one snapshot.
    pub(crate) async fn read(
        &self,
        scope: Scope,
        calls: Vec<Call>,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        match &self.engine {
            Engine::Inline(inline) => inline.read(scope, &calls, deadline),
            Engine::Threads { readers, .. } => readers.ask(scope, calls, deadline).await,
        }
    }

    /// Runs statements over tables of nobody, in one transaction.
    pub(crate) async fn transact(
        &self,
        calls: Vec<Call>,
        deadline: &Deadline,
    ) -> Outcome<Vec<Answer>> {
        match self.perform(Job::Calls(calls), deadline).await? {
            Done::Answered(answers) => Ok(answers),
            Done::Committed(_) => Err(Failure::Broken(
                "statements were answered as a commit".to_owned(),
            )),
        }
    }

    /// Moves what was overwritten out of the write-ahead log too. While somebody reads an older state that cannot be
    /// done, and then the next checkpoint does it.
    pub(crate) async fn sweep(&self, deadline: &Deadline) -> Outcome<()> {
        let Engine::Threads { place, .. } = &self.engine else {
            return Ok(());
        };
        let place = place.clone();
        let swept = tokio::task::spawn_blocking(move || place.sweep());
        match tokio::time::timeout(deadline.left(), swept).await {
            Ok(Ok(swept)) => swept,
            Ok(Err(error)) => Err(Failure::Unavailable(error.to_string())),
            Err(_) => Err(Failure::TooLate),
        }
    }

    /// Reads the whole file for damage, on a connection and a thread of its own.
    pub(crate) async fn inspect(&self) -> Outcome<Inspected> {
        match &self.engine {
            Engine::Inline(inline) => inline
                .with_connection(|connection| inspect::inspect(connection))
                .map_err(|error| Place::Memory.failure(&error)),
            Engine::Threads { place, .. } => {
                let place = place.clone();
                let inspected = tokio::task::spawn_blocking(move || place.inspect());
                let unavailable =
                    |error: tokio::task::JoinError| Failure::Unavailable(error.to_string());
                inspected.await.map_err(unavailable)?
            }
        }
    }

    /// The last position that this process has stored.
    pub(crate) fn head(&self) -> watch::Receiver<i64> {
        match &self.engine {
            Engine::Inline(inline) => inline.head(),
            Engine::Threads { writer, .. } => writer.head(),
        }
    }

    async fn perform(&self, job: Job, deadline: &Deadline) -> Outcome<Done> {
        match &self.engine {
            Engine::Inline(inline) => inline.perform(&job, deadline),
            Engine::Threads { writer, .. } => writer.ask(job, deadline).await,
        }
    }
}

/// Several processes may start at once. A part's steps and their record are one transaction, so who loses the
/// race sees an error, and at the next try that there is nothing left to do.
fn migrate(connection: &mut Connection, parts: &[&Part]) -> Outcome<()> {
    const TRIES: u32 = 3;
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    for part in parts {
        let broken = |error| Failure::Broken(format!("migrations of {}: {error}", part.name));
        let runner = runner(part).map_err(broken)?;
        let mut tried = runner.run(connection);
        for _ in 1..TRIES {
            if tried.is_err() {
                tried = runner.run(connection);
            }
        }
        tried.map_err(broken)?;
        let appended = part.tables.iter();
        for table in appended.filter(|table| table.class == Class::Appended) {
            let kept = connection.execute_batch(&keep_rows(table.name));
            kept.map_err(|error| Place::Memory.failure(&error))?;
        }
    }
    Ok(())
}

/// What stands in a table that is only appended to can be neither changed nor removed, by whatever statement. The
/// other engine has rights for that.
fn keep_rows(table: &str) -> String {
    let keep = |act: &str| {
        format!(
            "CREATE TRIGGER IF NOT EXISTS {table}_no_{act} BEFORE {act} ON {table} \
             BEGIN SELECT RAISE(ABORT, '{table} is only appended to'); END;"
        )
    };
    keep("update") + &keep("delete")
}

fn runner(part: &Part) -> Result<refinery::Runner, refinery::Error> {
    let steps = part.migrations.iter().map(|step| {
        refinery::Migration::unapplied(&format!("V{}__{}", step.number, step.name), step.sqlite)
    });
    let mut runner =
        refinery::Runner::new(&steps.collect::<Result<Vec<_>, _>>()?).set_grouped(true);
    runner.set_migration_table_name(format!("migrations_{}", part.name));
    Ok(runner)
}
