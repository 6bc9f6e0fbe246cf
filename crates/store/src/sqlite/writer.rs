//! The one thread that writes a file: it takes what waits, stores it in one transaction, and answers.
//!
//! Nobody is told of success before COMMIT has said so. When the disk fails the connection is closed; a new one
//! reads the file for damage, makes durable what is there, and each commit of the group is looked up by its id.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use base::Uid;
use rusqlite::{Connection, Error, ErrorCode};
use tokio::sync::{oneshot, watch};

use crate::call::Deadline;
use crate::failure::{Failure, Outcome};
use crate::head::raise;
use crate::sqlite::connection::{Place, Role, is_busy};
use crate::sqlite::faults::Faults;
use crate::sqlite::queue::{Queue, Rejected};
use crate::sqlite::session::{Done, Halt, Job, Session};
use crate::ticket::{Ticket, stopped};

/// Groups that are done with savepoints after one that had to be done again.
const CAREFUL_GROUPS: u32 = 16;

/// A job that waits for the writer.
struct Request {
    job: Job,
    deadline: Deadline,
    ticket: Ticket,
    answer: oneshot::Sender<Outcome<Done>>,
}

/// The thread, and the queue before it.
pub(super) struct Writer {
    queue: Arc<Queue<Request>>,
    thread: Option<JoinHandle<()>>,
    head: watch::Receiver<i64>,
}

/// How many commits may wait, and how many share a transaction.
pub(super) struct Limits {
    pub(super) queue: usize,
    pub(super) group: usize,
}

impl Writer {
    /// Starts the thread with this connection.
    pub(super) fn start(
        place: &Place,
        first: Connection,
        limits: &Limits,
        faults: &Faults,
    ) -> Outcome<Self> {
        let queue = Arc::new(Queue::new(limits.queue));
        let (sender, head) = watch::channel(0);
        let desk = Desk {
            place: place.clone(),
            queue: Arc::clone(&queue),
            group: limits.group.max(1),
            head: sender,
            faults: faults.clone(),
            waiting: VecDeque::new(),
            taken: Vec::new(),
            careful: 0,
        };
        let thread = std::thread::Builder::new().name("sqlite-write".to_owned());
        let spawned = thread.spawn(move || desk.run(first));
        let thread = spawned.map_err(|error| Failure::Unavailable(error.to_string()))?;
        Ok(Writer {
            queue,
            thread: Some(thread),
            head,
        })
    }

    /// Hands a job over, and waits for the answer until the deadline.
    pub(super) async fn ask(&self, job: Job, deadline: &Deadline) -> Outcome<Done> {
        if deadline.passed() {
            return Err(Failure::TooLate);
        }
        let unknown = unknown(&job);
        let (answer, answered) = oneshot::channel();
        let ticket = Ticket::default();
        let request = Request {
            job,
            deadline: deadline.clone(),
            ticket: ticket.clone(),
            answer,
        };
        self.queue
            .push(request)
            .map_err(|rejected| match rejected {
                Rejected::Full => Failure::Unavailable("too many commits are waiting".to_owned()),
                Rejected::Closed => stopped(),
            })?;
        ticket.verdict(deadline, answered, unknown).await
    }

    pub(super) fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

impl Request {
    fn reply(self, outcome: Outcome<Done>) {
        // Nobody may wait any more; that is his business.
        let _ = self.answer.send(outcome);
    }
}

/// What is said of a job that may have been stored or not. Statements without a commit have no id to ask by.
fn unknown(job: &Job) -> Failure {
    match job {
        Job::Commit { commit, .. } => Failure::Unknown(commit.id),
        Job::Calls(_) => Failure::Unknown(Uid::from_bytes([0; 16])),
    }
}

/// What ended the use of a connection.
struct Outage {
    /// An error, or else a panic.
    error: Option<Error>,
    /// Whether COMMIT was asked for, so that the group may be stored.
    committing: bool,
}

/// What the thread works with.
struct Desk {
    place: Place,
    queue: Arc<Queue<Request>>,
    group: usize,
    head: watch::Sender<i64>,
    faults: Faults,
    waiting: VecDeque<Request>,
    /// Those of the group in hand, with what they will be answered once it is stored.
    taken: Vec<(Request, Outcome<Done>)>,
    /// For how many groups savepoints are set.
    careful: u32,
}

impl Desk {
    fn run(mut self, first: Connection) {
        let mut connection = first;
        loop {
            let served = catch_unwind(AssertUnwindSafe(|| self.serve(&connection)));
            let outage = match served {
                Ok(None) => return,
                Ok(Some(outage)) => outage,
                Err(_) => Outage {
                    error: None,
                    committing: true,
                },
            };
            drop(connection);
            match self.reopen(&outage) {
                Some(reopened) => connection = reopened,
                None => return,
            }
        }
    }

    /// Stores group after group; nothing once the queue is closed.
    fn serve(&mut self, connection: &Connection) -> Option<Outage> {
        let mut session = Session::new(connection, &self.faults);
        loop {
            if self.waiting.is_empty() {
                if !self.queue.wait() {
                    return None;
                }
                self.queue.drain(&mut self.waiting, self.group);
            }
            match self.group(&mut session) {
                Ok(()) => {}
                Err(Outage {
                    error: Some(error),
                    committing: false,
                }) if is_busy(&error) => {
                    session.rollback();
                    self.fail_all(&Failure::Unavailable(
                        "another process is writing".to_owned(),
                    ));
                }
                Err(outage) => return Some(outage),
            }
        }
    }

    fn group(&mut self, session: &mut Session<'_>) -> Result<(), Outage> {
        let before = |error| Outage {
            error: Some(error),
            committing: false,
        };
        session.begin(self.careful > 0).map_err(before)?;
        self.careful = self.careful.saturating_sub(1);
        while let Some(request) = self.next() {
            if request.deadline.passed() && request.ticket.abandon() {
                request.reply(Err(Failure::TooLate));
            } else if request.ticket.take() {
                self.taken.push((request, Err(stopped())));
                self.perform_last(session).map_err(before)?;
            }
        }
        let head = session.finish();
        let head = head.map_err(|error| Outage {
            error: Some(error),
            committing: true,
        })?;
        // The head first: who is answered finds the log at least where his commit stands.
        head.into_iter().for_each(|head| raise(&self.head, head));
        for (request, outcome) in self.taken.drain(..) {
            request.reply(outcome);
        }
        Ok(())
    }

    /// The next of the group; who came while it was being worked on still gets in.
    fn next(&mut self) -> Option<Request> {
        if self.taken.len() >= self.group {
            return None;
        }
        if self.waiting.is_empty() {
            self.queue.drain(
                &mut self.waiting,
                self.group.saturating_sub(self.taken.len()),
            );
        }
        self.waiting.pop_front()
    }

    fn perform_last(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        let Some((request, outcome)) = self.taken.last_mut() else {
            return Ok(());
        };
        match session.perform(&request.job) {
            Ok(done) => *outcome = done,
            Err(Halt::Outage(error)) => return Err(error),
            Err(Halt::Stained) => return self.again(session),
        }
        Ok(())
    }

    /// Does the whole group once more, now so that one that fails leaves no trace.
    fn again(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        self.careful = CAREFUL_GROUPS;
        session.rollback();
        session.begin(true)?;
        for (request, outcome) in &mut self.taken {
            *outcome = session.perform_carefully(&request.job)?;
        }
        Ok(())
    }

    /// A new connection, on which everything of the last group is settled; nothing if there is no use in one.
    fn reopen(&mut self, outage: &Outage) -> Option<Connection> {
        loop {
            match recover(&self.place, outage.error.as_ref()) {
                Ok(connection) => {
                    self.settle(&connection, outage);
                    return Some(connection);
                }
                Err(failure @ Failure::Damaged(_)) => {
                    self.refuse(&failure);
                    return None;
                }
                Err(failure) => {
                    for (request, _) in std::mem::take(&mut self.taken) {
                        let unsure = if outage.committing {
                            unknown(&request.job)
                        } else {
                            failure.clone()
                        };
                        request.reply(Err(unsure));
                    }
                    self.fail_all(&failure);
                    if !self.queue.wait() {
                        return None;
                    }
                }
            }
        }
    }

    /// Finds out what became of each job of the group.
    fn settle(&mut self, connection: &Connection, outage: &Outage) {
        let mut session = Session::new(connection, &self.faults);
        for (request, _) in std::mem::take(&mut self.taken) {
            let found = match &request.job {
                Job::Commit { commit, .. } => session.find(commit),
                Job::Calls(_) if outage.committing => Ok(Some(Err(unknown(&request.job)))),
                Job::Calls(_) => Ok(None),
            };
            let outcome = match found {
                Ok(Some(stored)) => stored.map(Done::Committed),
                Ok(None) => Err(self.away(outage)),
                Err(_) => Err(unknown(&request.job)),
            };
            if let (Ok(Done::Committed(committed)), Job::Commit { commit, .. }) =
                (&outcome, &request.job)
                && !commit.events.is_empty()
            {
                raise(&self.head, committed.position);
            }
            request.reply(outcome);
        }
    }

    fn away(&self, outage: &Outage) -> Failure {
        let why = outage
            .error
            .as_ref()
            .map_or("a panic".to_owned(), Error::to_string);
        Failure::Unavailable(format!("{}: {why}", self.place))
    }

    /// Answers everybody, from now on, that the file is damaged.
    fn refuse(&mut self, damaged: &Failure) {
        loop {
            self.fail_all(damaged);
            if !self.queue.wait() {
                return;
            }
        }
    }

    /// Answers whoever waits, and the group in hand, of which nothing is stored.
    fn fail_all(&mut self, failure: &Failure) {
        self.queue.drain(&mut self.waiting, usize::MAX);
        let taken = std::mem::take(&mut self.taken)
            .into_iter()
            .map(|(request, _)| request);
        let waiting = self
            .waiting
            .drain(..)
            .filter(|request| request.ticket.take());
        for request in taken.chain(waiting) {
            request.reply(Err(failure.clone()));
        }
    }
}

/// Opens a file again after an error, or nothing but a panic.
pub(super) fn recover(place: &Place, error: Option<&Error>) -> Outcome<Connection> {
    let connection = place.connect(Role::Writer)?;
    // A full disk spoils nothing, and there may be no room to move anything.
    if error.is_some_and(|error| error.sqlite_error_code() != Some(ErrorCode::DiskFull)) {
        place.check(&connection)?;
        place.secure(&connection)?;
    }
    Ok(connection)
}
