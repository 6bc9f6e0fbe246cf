//! A lane: the queue of commits of some organisations, and the one connection that stores them in groups.
//!
//! All commits of an organisation go through one lane of a node, so commits of one node never wait for each other
//! inside the database. What waits while a group is under way becomes the next group.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Sleep, sleep};

use crate::call::Deadline;
use crate::commit::Committed;
use crate::failure::{Failure, Outcome};
use crate::postgres::connection::{Connection, Send, Statements};
use crate::postgres::fault::Fault;
use crate::postgres::group::{Attempt, Item, attempt};
use crate::postgres::guards;
use crate::postgres::target::Target;
use crate::postgres::text::SET_LISTS;
use crate::ticket::Ticket;
use crate::value::Value;

/// How long a lane waits before it tries again what the database could not do.
const PAUSE: Duration = Duration::from_millis(20);

/// How often at most a lane lets others run before it begins a group.
const YIELDS: u32 = 8;

/// How soon after a group of several the next one begins at the earliest, unless as many wait by then: a group costs the
/// database nearly as much with one commit as with ten, and where each begins at once with whoever has just come, many
/// small ones keep it as busy at half of the load as at the whole.
const BETWEEN: Duration = Duration::from_millis(5);

/// How long a silent connection is waited for after the last caller of a group has gone. Nobody closes a connection
/// that a firewall has forgotten, and all later commits of the lane would stand behind it.
const SILENCE: Duration = Duration::from_secs(1);

/// A commit that waits for its turn.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) item: Item,
    pub(crate) deadline: Deadline,
    pub(crate) ticket: Ticket,
    pub(crate) reply: oneshot::Sender<Outcome<Committed>>,
}

/// What a lane needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) target: Target,
    pub(crate) statements: Statements,
    pub(crate) group: usize,
    pub(crate) connect_limit: Duration,
}

/// Stores what comes through the queue until the queue is closed.
/// The queue is locked by the one run that there is; after a panic the next run goes on with what waits.
pub(crate) async fn run(
    route: Route,
    queue: Arc<Mutex<mpsc::Receiver<Request>>>,
    stored: impl Fn(i64),
) {
    let mut queue = queue.lock().await;
    let mut lane = Lane {
        route,
        connection: None,
    };
    let mut last = Last::of(0);
    while let Some(first) = queue.recv().await {
        let waiting = gather(first, &mut queue, lane.route.group, last).await;
        last = Last::of(waiting.len());
        let taken = waiting.into_iter().filter(|request| request.ticket.take());
        lane.settle(taken.collect(), &stored).await;
    }
}

/// What a lane remembers of its last group.
struct Last {
    size: usize,
    /// Runs from when it began.
    rest: Pin<Box<Sleep>>,
}

impl Last {
    fn of(size: usize) -> Self {
        Last {
            size,
            rest: Box::pin(sleep(BETWEEN)),
        }
    }
}

/// Takes what waits. Those who were just answered are about to come back with their next commit: where the last group
/// had several, the lane lets them run first, without sleeping, as long as each time somebody comes. Where fewer have
/// come than the last group had, it waits for more, a little.
async fn gather(
    first: Request,
    queue: &mut mpsc::Receiver<Request>,
    most: usize,
    mut last: Last,
) -> Vec<Request> {
    let mut waiting = vec![first];
    let yields = if last.size > 1 { YIELDS } else { 0 };
    for turn in 0..=yields {
        let before = waiting.len();
        while waiting.len() < most
            && let Ok(request) = queue.try_recv()
        {
            waiting.push(request);
        }
        let nobody_came = turn > 0 && waiting.len() == before;
        if nobody_came || waiting.len() >= most || turn == yields {
            break;
        }
        tokio::task::yield_now().await;
    }
    while waiting.len() < last.size {
        let next = tokio::select! {
            biased;
            () = &mut last.rest => None,
            next = queue.recv() => next,
        };
        match next {
            Some(request) => waiting.push(request),
            None => break,
        }
    }
    waiting
}

struct Lane {
    route: Route,
    connection: Option<Connection>,
}

/// A group, or a part of one, on its way to verdicts.
struct Work {
    requests: Vec<Request>,
    /// Whether some commit may have been stored by a transaction whose end was not seen.
    in_doubt: bool,
}

impl Lane {
    /// Brings every request to a verdict, splitting and repeating as the attempts say.
    async fn settle(&mut self, requests: Vec<Request>, stored: &impl Fn(i64)) {
        let mut waiting = vec![Work {
            requests,
            in_doubt: false,
        }];
        while let Some(mut work) = waiting.pop() {
            expire(&mut work, &Failure::TooLate);
            if work.requests.is_empty() {
                continue;
            }
            if let Err(failure) = self.connect().await {
                self.pause(&mut work, &failure).await;
                waiting.push(work);
                continue;
            }
            if work.in_doubt && !self.look_up(&mut work, stored).await {
                waiting.push(work);
                continue;
            }
            waiting.extend(self.attempt(work, stored).await);
        }
    }

    /// One attempt; what is left to do comes back, to be taken from the end.
    async fn attempt(&mut self, mut work: Work, stored: &impl Fn(i64)) -> Vec<Work> {
        let Some(connection) = self.connection.as_mut() else {
            return vec![work];
        };
        let items: Vec<&Item> = work.requests.iter().map(|request| &request.item).collect();
        let ended = tokio::time::timeout(patience(&work), attempt(connection, &items)).await;
        match ended.unwrap_or(Attempt::InDoubt) {
            Attempt::Stored { verdicts, head } => {
                // The head first: who is answered finds the log at least where his commit stands.
                head.into_iter().for_each(stored);
                for (request, verdict) in work.requests.into_iter().zip(verdicts) {
                    answer(request, verdict);
                }
                Vec::new()
            }
            Attempt::Split(apart) => {
                let mut at = 0..;
                let (apart, rest) = work
                    .requests
                    .into_iter()
                    .partition(|_| at.next().is_some_and(|at| apart.binary_search(&at).is_ok()));
                let part = |requests| Work {
                    requests,
                    in_doubt: work.in_doubt,
                };
                vec![part(rest), part(apart)]
            }
            Attempt::InDoubt => {
                self.connection = None;
                work.in_doubt = true;
                vec![work]
            }
            Attempt::Failed(fault) => self.failed(work, fault, stored).await,
        }
    }

    async fn failed(&mut self, mut work: Work, fault: Fault, stored: &impl Fn(i64)) -> Vec<Work> {
        match fault {
            Fault::Lost => {
                self.connection = None;
                vec![work]
            }
            Fault::Fenced => {
                self.turn_away(&mut work).await;
                vec![work]
            }
            Fault::Refused => vec![work],
            Fault::Retry(reason) | Fault::Away(reason) => {
                self.pause(&mut work, &Failure::Unavailable(reason)).await;
                vec![work]
            }
            Fault::Wrong(failure) => {
                // It stands alone here, or the attempt would have split the group. It may be the repetition of
                // a commit that was stored before, and then its first outcome is the right one. And what the
                // database says of rows that have moved elsewhere is nothing that a caller should hear.
                if self.look_up(&mut work, stored).await && self.turn_away(&mut work).await {
                    for request in work.requests {
                        let explained = request.item.commit.explain(failure.clone());
                        answer(request, Err(explained));
                    }
                    return Vec::new();
                }
                vec![work]
            }
        }
    }

    async fn connect(&mut self) -> Outcome<()> {
        if self.connection.as_ref().is_none_or(Connection::closed) {
            self.connection = None;
            let route = &self.route;
            self.connection = Some(
                Connection::open_lane(&route.target, route.statements, route.connect_limit).await?,
            );
        }
        Ok(())
    }

    /// Waits a little before the next try; whose deadline would pass meanwhile is answered.
    async fn pause(&mut self, work: &mut Work, failure: &Failure) {
        tokio::time::sleep(PAUSE).await;
        expire(work, failure);
    }

    /// Answers those that are stored already. False when the connection was lost meanwhile.
    async fn look_up(&mut self, work: &mut Work, stored: &impl Fn(i64)) -> bool {
        let Some(connection) = self.connection.as_mut() else {
            return false;
        };
        let mut sends = vec![Send::Simple("BEGIN")];
        for request in &work.requests {
            sends.extend([
                guards::scope(&request.item.commit),
                guards::find(&request.item.commit),
            ]);
        }
        sends.push(Send::Simple("COMMIT"));
        let ended = tokio::time::timeout(patience(work), connection.run_all(&sends)).await;
        let Ok(Ok(answers)) = ended else {
            self.connection = None;
            return false;
        };
        // After BEGIN there are two answers for each: its scope, and what was found.
        let mut found = answers
            .into_iter()
            .skip(2)
            .step_by(2)
            .map(|answer| answer.rows.into_iter().next());
        for request in std::mem::take(&mut work.requests) {
            match found.next().flatten() {
                None => work.requests.push(request),
                Some(row) => {
                    let verdict = Committed::recall(&request.item.commit, &row);
                    let logged = verdict
                        .iter()
                        .filter(|_| !request.item.commit.events.is_empty());
                    logged.for_each(|committed| stored(committed.position));
                    answer(request, verdict);
                }
            }
        }
        true
    }

    /// Answers those whose organisation does not live here at the epoch that they believe in. False when the
    /// connection was lost meanwhile.
    async fn turn_away(&mut self, work: &mut Work) -> bool {
        let Some(connection) = self.connection.as_mut() else {
            return false;
        };
        let none = || Value::Text("{}".to_owned()).into();
        let mut sends = vec![
            Send::Simple("BEGIN"),
            Send::Bound(SET_LISTS, vec![none(), none()]),
        ];
        for request in &work.requests {
            sends.push(guards::home(&request.item.commit));
        }
        sends.push(Send::Simple("COMMIT"));
        let ended = tokio::time::timeout(patience(work), connection.run_all(&sends)).await;
        let Ok(Ok(answers)) = ended else {
            self.connection = None;
            return false;
        };
        let mut epochs = answers.iter().skip(2).map(guards::number);
        for request in std::mem::take(&mut work.requests) {
            if epochs.next().flatten() == Some(request.item.epoch) {
                work.requests.push(request);
            } else {
                let organisation = request.item.commit.organisation;
                answer(request, Err(Failure::Moved(organisation)));
            }
        }
        true
    }
}

/// Answers those whose deadline has passed: with the failure, unless the commit may have been stored.
fn expire(work: &mut Work, failure: &Failure) {
    let in_doubt = work.in_doubt;
    let passed = |request: &mut Request| request.deadline.passed();
    for request in work.requests.extract_if(.., passed) {
        let unknown = Failure::Unknown(request.item.commit.id);
        answer(
            request,
            Err(if in_doubt { unknown } else { failure.clone() }),
        );
    }
}

/// How long a group may take: until the deadline of its last caller, and a little longer.
fn patience(work: &Work) -> Duration {
    let left = work.requests.iter().map(|request| request.deadline.left());
    left.max().unwrap_or_default().saturating_add(SILENCE)
}

fn answer(request: Request, verdict: Outcome<Committed>) {
    // A caller that has gone meanwhile was told that the outcome is open.
    let _gone = request.reply.send(verdict);
}
