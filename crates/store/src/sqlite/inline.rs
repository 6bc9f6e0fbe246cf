//! The engine without threads: everything runs on the caller, in the order of the calls. For simulation.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base::Clock;
use rusqlite::backup::Backup;
use rusqlite::{Connection, Error};
use tokio::sync::watch;

use crate::call::{Call, Deadline, Scope};
use crate::failure::{Failure, Outcome};
use crate::sqlite::connection::{Alarm, Place, Role};
use crate::sqlite::faults::Faults;
use crate::sqlite::readers::{Answered, snapshot};
use crate::sqlite::session::{Done, Halt, Job, Session};
use crate::sqlite::statements::Statements;
use crate::sqlite::writer::recover;

/// One connection, used by one caller at a time.
pub(super) struct Inline {
    place: Place,
    clock: Clock,
    open: Mutex<(Connection, Alarm)>,
    head: watch::Sender<i64>,
    faults: Faults,
}

impl Inline {
    pub(super) fn open(place: &Place, clock: &Clock, faults: &Faults) -> Outcome<Self> {
        let connection = place.connect(Role::Writer)?;
        Inline::with(place, clock, faults, connection)
    }

    fn with(
        place: &Place,
        clock: &Clock,
        faults: &Faults,
        connection: Connection,
    ) -> Outcome<Self> {
        let open = alarmed(place, clock, connection)?;
        let (head, _) = watch::channel(0);
        let (place, clock, faults) = (place.clone(), clock.clone(), faults.clone());
        Ok(Inline {
            place,
            clock,
            open: Mutex::new(open),
            head,
            faults,
        })
    }

    /// The same database once more, in memory, with a life of its own.
    pub(super) fn copy(&self) -> Outcome<Self> {
        const ALL_PAGES: i32 = -1;
        let failure = |error: Error| self.place.failure(&error);
        let mut copy = Place::Memory.connect(Role::Writer)?;
        {
            let open = self.lock();
            let backup = Backup::new(&open.0, &mut copy).map_err(failure)?;
            backup.step(ALL_PAGES).map_err(failure)?;
        }
        let copied = Inline::with(&Place::Memory, &self.clock, &Faults::default(), copy)?;
        copied.head.send_replace(*self.head.borrow());
        Ok(copied)
    }

    /// Does something with the connection itself.
    pub(super) fn with_connection<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> T {
        work(&mut self.lock().0)
    }

    pub(super) fn head(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    pub(super) fn read(&self, scope: Scope, calls: &[Call], deadline: &Deadline) -> Answered {
        let open = self.lock();
        let mut statements = Statements::new(&open.0);
        snapshot(
            &mut statements,
            &self.place,
            &open.1,
            scope,
            calls,
            deadline,
        )
    }

    /// Does one job in a transaction of its own.
    pub(super) fn perform(&self, job: &Job, deadline: &Deadline) -> Outcome<Done> {
        if deadline.passed() {
            return Err(Failure::TooLate);
        }
        let mut open = self.lock();
        let error = match store(&mut Session::new(&open.0, &self.faults), job) {
            Ok((outcome, head)) => {
                head.into_iter().for_each(|head| {
                    self.head.send_replace(head);
                });
                return outcome;
            }
            Err(error) => error,
        };
        if let Place::File(_) = self.place {
            *open = alarmed(
                &self.place,
                &self.clock,
                recover(&self.place, Some(&error))?,
            )?;
        }
        let found = match job {
            Job::Commit { commit, .. } => Session::new(&open.0, &self.faults).find(commit),
            Job::Calls(_) => Ok(None),
        };
        match found {
            Ok(Some(stored)) => stored.map(Done::Committed),
            Ok(None) | Err(_) => Err(self.place.failure(&error)),
        }
    }

    /// A panic drops the session, and with it its transaction: the connection can go on.
    fn lock(&self) -> MutexGuard<'_, (Connection, Alarm)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn alarmed(
    place: &Place,
    clock: &Clock,
    mut connection: Connection,
) -> Outcome<(Connection, Alarm)> {
    let alarm = Alarm::install(&mut connection, clock).map_err(|error| place.failure(&error))?;
    Ok((connection, alarm))
}

fn store(session: &mut Session<'_>, job: &Job) -> Result<(Outcome<Done>, Option<i64>), Error> {
    session.begin(false)?;
    let done = match session.perform(job) {
        Err(Halt::Stained) => {
            session.rollback();
            session.begin(true)?;
            session.perform_carefully(job)
        }
        Ok(done) => Ok(done),
        Err(Halt::Outage(error)) => Err(error),
    };
    done.and_then(|outcome| Ok((outcome, session.finish()?)))
}
