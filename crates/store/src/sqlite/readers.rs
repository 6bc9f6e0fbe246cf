//! Threads that read: each answers one caller at a time from one snapshot, and stops at his deadline.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use base::Clock;
use rusqlite::{Connection, Error, ErrorCode};
use tokio::sync::oneshot;

use crate::call::{Call, Deadline, Scope};
use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::sqlite::bind::Bound;
use crate::sqlite::connection::{Alarm, Place, Role};
use crate::sqlite::constraint::{self, Doing};
use crate::sqlite::queue::{Queue, Rejected};
use crate::sqlite::statements::Statements;
use crate::ticket;

/// The rows of each call.
pub(super) type Answered = Outcome<Vec<Vec<Row>>>;

/// A question that waits for a reader.
struct Question {
    scope: Scope,
    calls: Vec<Call>,
    deadline: Deadline,
    answer: oneshot::Sender<Answered>,
}

/// The threads, and the queue before them.
pub(super) struct Readers {
    queue: Arc<Queue<Question>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts so many threads, each with a connection of its own.
    pub(super) fn start(place: &Place, clock: &Clock, count: usize, limit: usize) -> Outcome<Self> {
        let mut readers = Readers {
            queue: Arc::new(Queue::new(limit)),
            threads: Vec::new(),
        };
        for number in 0..count.max(1) {
            let first = connect(place, clock)?;
            let (queue, place, clock) = (Arc::clone(&readers.queue), place.clone(), clock.clone());
            let thread = std::thread::Builder::new().name(format!("sqlite-read-{number}"));
            let spawned = thread.spawn(move || run(&queue, &place, &clock, first));
            readers
                .threads
                .push(spawned.map_err(|error| Failure::Unavailable(error.to_string()))?);
        }
        Ok(readers)
    }

    /// Asks, and waits for the answer until the deadline.
    pub(super) async fn ask(
        &self,
        scope: Scope,
        calls: Vec<Call>,
        deadline: &Deadline,
    ) -> Answered {
        let (answer, answered) = oneshot::channel();
        let question = Question {
            scope,
            calls,
            deadline: deadline.clone(),
            answer,
        };
        self.queue
            .push(question)
            .map_err(|rejected| match rejected {
                Rejected::Full => Failure::Unavailable("too many reads are waiting".to_owned()),
                Rejected::Closed => Failure::Unavailable("the readers have stopped".to_owned()),
            })?;
        match ticket::until(deadline, answered).await {
            Some(Ok(answered)) => answered,
            Some(Err(_)) => Err(Failure::Unavailable("the reader has stopped".to_owned())),
            None => Err(Failure::TooLate),
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

fn connect(place: &Place, clock: &Clock) -> Outcome<(Connection, Alarm)> {
    let mut connection = place.connect(Role::Reader)?;
    let alarm = Alarm::install(&mut connection, clock).map_err(|error| place.failure(&error))?;
    Ok((connection, alarm))
}

/// Answers until the queue is closed. After an error of the disk or a panic the connection is a new one.
fn run(queue: &Queue<Question>, place: &Place, clock: &Clock, first: (Connection, Alarm)) {
    let mut next = Some(first);
    while queue.wait() {
        let (connection, alarm) = match next.take().map_or_else(|| connect(place, clock), Ok) {
            Ok(opened) => opened,
            Err(failure) => {
                if let Some(question) = queue.try_pop() {
                    let _ = question.answer.send(Err(failure));
                }
                continue;
            }
        };
        let _ = catch_unwind(AssertUnwindSafe(|| {
            serve(queue, place, &connection, &alarm)
        }));
    }
}

fn serve(queue: &Queue<Question>, place: &Place, connection: &Connection, alarm: &Alarm) {
    let mut statements = Statements::new(connection);
    while let Some(question) = queue.pop() {
        let Question {
            scope,
            calls,
            deadline,
            answer,
        } = question;
        if answer.is_closed() {
            continue;
        }
        let answered = snapshot(&mut statements, place, alarm, scope, &calls, &deadline);
        let broken = matches!(answered, Err(Failure::Unavailable(_) | Failure::Damaged(_)));
        // Nobody may wait any more; that is his business.
        let _ = answer.send(answered);
        if broken {
            return;
        }
    }
}

/// Reads everything from one snapshot.
pub(super) fn snapshot(
    statements: &mut Statements<'_>,
    place: &Place,
    alarm: &Alarm,
    scope: Scope,
    calls: &[Call],
    deadline: &Deadline,
) -> Answered {
    if deadline.passed() {
        return Err(Failure::TooLate);
    }
    let together = calls.len() > 1;
    let control = |statements: &mut Statements<'_>, text: &'static str| {
        statements
            .run(text, [])
            .map(|_| ())
            .map_err(|error| place.failure(&error))
    };
    if together {
        control(statements, "BEGIN DEFERRED")?;
    }
    alarm.set(deadline);
    let answered = calls
        .iter()
        .map(|call| read(statements, place, scope, call))
        .collect();
    alarm.clear();
    if together && !statements.connection().is_autocommit() {
        control(statements, "COMMIT")?;
    }
    answered
}

fn read(
    statements: &mut Statements<'_>,
    place: &Place,
    scope: Scope,
    call: &Call,
) -> Outcome<Vec<Row>> {
    let Call { sql, params } = call;
    let owner = scope.value(sql)?;
    let values = owner.iter().chain(params).map(Bound::Value);
    let ran = statements
        .read(sql.sqlite(), values)
        .map_err(|error| match &error {
            Error::ExecuteReturnedResults => {
                Failure::Malformed(format!("{} does not only read", sql.name))
            }
            error if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Failure::TooLate
            }
            error if constraint::is_outage(error) => place.failure(error),
            error => {
                let doing = Doing {
                    name: sql.name,
                    table: sql.table,
                    row: None,
                };
                constraint::failure(statements.connection(), error, &doing)
            }
        })?;
    Ok(ran.rows)
}
