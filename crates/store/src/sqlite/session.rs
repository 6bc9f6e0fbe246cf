//! A transaction on the writer's connection, shared by the commits of a group.
//!
//! A savepoint around each commit costs copies of every page that it touches. So a group begins without them:
//! most commits that fail do so at their first guard, before they changed anything. When one fails later, the
//! group is rolled back and done again with savepoints, and so are the next ones for a while.

use std::collections::HashMap;
use std::sync::Arc;

use base::Organisation;
use rusqlite::{Connection, Error, ffi};

use crate::call::{Answer, Call};
use crate::commit::{Commit, Committed};
use crate::failure::{Failure, Outcome};
use crate::sqlite::bind::Bound;
use crate::sqlite::faults::{Faults, Moment};
use crate::sqlite::statements::Statements;
use crate::system::{FIND_COMMIT, MOVE_HEAD, READ_HEAD};

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    /// To store a commit of an organisation that lives here at this epoch.
    Commit { commit: Arc<Commit>, epoch: i64 },
    /// To run statements over tables of nobody, together.
    Calls(Vec<Call>),
}

/// What it answers.
#[derive(Clone, Debug)]
pub(super) enum Done {
    Committed(Committed),
    Answered(Vec<Answer>),
}

/// Why one job does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// It failed; the others of the group may go on.
    One(Failure),
    /// The disk, the file or the transaction failed.
    All(Error),
}

/// Why the whole group does not go on.
#[derive(Debug)]
pub(super) enum Halt {
    /// A job failed after it had changed something, and there is no savepoint to go back to.
    Stained,
    /// The disk, the file or the transaction failed.
    Outage(Error),
}

/// The writer's connection and what is known within its transaction.
pub(super) struct Session<'c> {
    pub(super) statements: Statements<'c>,
    /// The epoch at which each organisation that was met is open here.
    pub(super) placements: HashMap<Organisation, Option<i64>>,
    position: Position,
    careful: bool,
    faults: Faults,
}

/// What is not finished is undone, also when a panic ends the session.
impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.rollback();
    }
}

/// Where the log stands within the transaction.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    head: Option<i64>,
    moved: i64,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Outage(error)
    }
}

impl<'c> Session<'c> {
    pub(super) fn new(connection: &'c Connection, faults: &Faults) -> Self {
        Session {
            statements: Statements::new(connection),
            placements: HashMap::new(),
            position: Position::default(),
            careful: false,
            faults: faults.clone(),
        }
    }

    /// Begins a transaction; a careful one sets a savepoint before each job.
    pub(super) fn begin(&mut self, careful: bool) -> Result<(), Error> {
        self.careful = careful;
        self.position = Position::default();
        self.placements.clear();
        self.control("BEGIN IMMEDIATE")
    }

    /// Does one job. What it answers holds only when the transaction is finished.
    pub(super) fn perform(&mut self, job: &Job) -> Result<Outcome<Done>, Halt> {
        self.faults.strike(Moment::Work)?;
        let changes = self.connection().total_changes();
        if self.careful {
            self.control("SAVEPOINT job")?;
        }
        match self.apply(job) {
            Ok(done) => {
                if self.careful {
                    self.control("RELEASE job")?;
                }
                Ok(Ok(done))
            }
            Err(Stop::All(error)) => Err(Halt::Outage(error)),
            Err(Stop::One(failure)) => {
                self.undo(changes)?;
                self.explain(job, failure)
            }
        }
    }

    /// The same in a careful transaction, where a job that fails leaves no trace.
    pub(super) fn perform_carefully(&mut self, job: &Job) -> Result<Outcome<Done>, Error> {
        match self.perform(job) {
            Ok(outcome) => Ok(outcome),
            Err(Halt::Outage(error)) => Err(error),
            Err(Halt::Stained) => Err(abandoned()),
        }
    }

    /// Makes everything durable, and answers the head of the log if it has moved.
    pub(super) fn finish(&mut self) -> Result<Option<i64>, Error> {
        let moved = self.position.moved;
        if moved > 0 {
            let ran = self
                .statements
                .run(MOVE_HEAD.sqlite(), [Bound::Int(moved)])?;
            let head = ran.rows.first().and_then(|row| row.get::<i64>(0).ok());
            if head.is_none() || head != self.position.head {
                return Err(Error::StatementChangedRows(ran.rows.len()));
            }
        }
        self.faults.strike(Moment::BeforeCommit)?;
        self.control("COMMIT")?;
        self.faults.strike(Moment::AfterCommit)?;
        Ok(self.position.head.filter(|_| moved > 0))
    }

    /// Gives up the transaction, if there still is one.
    pub(super) fn rollback(&mut self) {
        // An error here changes nothing: the next BEGIN fails if the transaction is still there.
        if !self.connection().is_autocommit() {
            let _ = self.control("ROLLBACK");
        }
    }

    /// What a commit answered when it was stored, if it was.
    pub(super) fn find(&mut self, commit: &Commit) -> Result<Option<Outcome<Committed>>, Error> {
        let key = [
            Bound::Int(commit.organisation.into()),
            Bound::Id(&commit.id),
        ];
        let ran = self.statements.run(FIND_COMMIT.sqlite(), key)?;
        Ok(ran.rows.first().map(|row| Committed::recall(commit, row)))
    }

    /// The position of the last event of the log.
    pub(super) fn head(&mut self) -> Result<i64, Error> {
        if let Some(head) = self.position.head {
            return Ok(head);
        }
        let ran = self.statements.run(READ_HEAD.sqlite(), [])?;
        let head = ran.rows.first().and_then(|row| row.get(0).ok());
        let head = head.ok_or(Error::QueryReturnedNoRows)?;
        self.position.head = Some(head);
        Ok(head)
    }

    /// Counts events that were written behind the head: the last thing that a commit does, when it cannot fail.
    pub(super) fn advance(&mut self, head: i64, events: i64) {
        self.position.head = Some(head.saturating_add(events));
        self.position.moved = self.position.moved.saturating_add(events);
    }

    pub(super) fn connection(&self) -> &'c Connection {
        self.statements.connection()
    }

    fn undo(&mut self, changes_before: u64) -> Result<(), Halt> {
        if self.connection().is_autocommit() {
            // SQLite itself gave up the transaction, and with it the work of the others.
            return Err(Halt::Outage(abandoned()));
        }
        if self.careful {
            self.control("ROLLBACK TO job")?;
            self.control("RELEASE job")?;
        } else if self.connection().total_changes() != changes_before {
            return Err(Halt::Stained);
        }
        Ok(())
    }

    /// A commit that fails may be one that was stored before; then that answer stands.
    fn explain(&mut self, job: &Job, failure: Failure) -> Result<Outcome<Done>, Halt> {
        if let Job::Commit { commit, .. } = job
            && let Some(stored) = self.find(commit)?
        {
            return Ok(stored.map(Done::Committed));
        }
        Ok(Err(failure))
    }

    fn control(&mut self, text: &'static str) -> Result<(), Error> {
        self.statements.run(text, []).map(|_| ())
    }
}

fn abandoned() -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), None)
}
