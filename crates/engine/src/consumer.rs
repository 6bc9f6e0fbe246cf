//! Consumers: each reads the log of every database from a position of its own, so that it loses nothing.
//!
//! An event may be handled twice: after a crash, or by two nodes that both think they hold the lease. Its effect is
//! stored once, because the commit of the effect claims (consumer, event). Events of one organisation come in order, or
//! only those of one stream where a consumer says that this is enough; all others come side by side. An event that fails
//! five times is put aside, and the others go on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::{Error, Kind, Organisation, Random, Result, Uid, codes};
use fabric::Pattern;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use store::{Call, Database, Db, Logged};

use crate::backoff::Backoff;
use crate::handle::{Handled, Handler, Trouble, boxed, call, told};
use crate::held::nap;
use crate::part::{ADD_DEAD_LETTER, CONSUMED, FIND_CONSUMED};
use crate::stop::Stop;
use crate::tail::Tail;

/// How often an event is tried before it is put aside.
pub(crate) const TRIES: u32 = 5;
/// The waits between these tries: a second and a half in all.
const BETWEEN: Backoff = Backoff {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(1),
};
/// Events that are read at once.
const PAGE: usize = 128;
/// Organisations whose events are handled side by side.
const ORGANISATIONS: usize = 8;
/// Streams whose events are handled side by side: what they wait for, such as a group of commits, they share.
const STREAMS: usize = 64;
/// How often the log is looked at although nobody called.
const FALLBACK: Duration = Duration::from_secs(1);
/// How long news is gathered before it is read: under load every group of commits is news to every consumer, and each
/// would read the few events of each group by itself.
const GATHER: Duration = Duration::from_millis(10);
/// Events of no interest that are passed over before that is written down.
const PASSED_OVER_MAX: i64 = 4_096;

/// Somebody who wants to know of events and does something about each.
#[derive(Clone)]
pub struct Consumer {
    name: &'static str,
    kinds: Vec<Pattern>,
    handle: Handler<Arc<Logged>>,
    away: WhenAway,
    order: Order,
}

/// Which events come one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    OfOrganisation,
    OfStream,
}

/// Whose events come one after the other: those of an organisation, or of one of its streams.
type Whose = (Organisation, Option<Uid>);

/// What becomes of an event while what the handler needs is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenAway {
    /// It is put aside after some tries, like any that fails.
    PutAside,
    /// It waits, and all after it.
    Wait,
}

impl Consumer {
    /// A consumer of the kinds of events that these patterns take (`order.*`). Its name is its position: under
    /// another name it begins anew.
    ///
    /// # Errors
    /// A pattern is not one.
    pub fn new<F>(
        name: &'static str,
        kinds: &[&str],
        handle: impl Fn(Arc<Logged>) -> F + Send + Sync + 'static,
    ) -> Result<Self>
    where
        F: Future<Output = Result<Handled>> + Send + 'static,
    {
        let kinds = kinds
            .iter()
            .map(|kind| kind.parse())
            .collect::<Result<_>>()?;
        Ok(Consumer {
            name,
            kinds,
            handle: boxed(handle),
            away: WhenAway::PutAside,
            order: Order::OfOrganisation,
        })
    }

    /// The same consumer as one that puts nothing aside because something that its handler needs is away (an error of
    /// kind unavailable): the event is tried again, and the ones after it wait, for as long as that lasts.
    #[must_use]
    pub fn waiting(mut self) -> Self {
        self.away = WhenAway::Wait;
        self
    }

    /// The same consumer as one to which only the events of one stream must come in order: many more come at once.
    #[must_use]
    pub fn by_stream(mut self) -> Self {
        self.order = Order::OfStream;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn waits_for(&self, error: &Error) -> bool {
        self.away == WhenAway::Wait && error.kind() == Kind::Unavailable
    }

    pub(crate) fn takes(&self, event: &Logged) -> bool {
        self.kinds.iter().any(|kind| kind.takes(&event.kind))
    }
}

/// A consumer at work on one database.
pub(crate) struct Reader {
    pub(crate) consumer: Consumer,
    pub(crate) db: Db,
    pub(crate) database: Database,
    pub(crate) tail: Tail,
    pub(crate) random: Random,
}

impl Reader {
    /// Handles what is there and what comes, until the stop.
    pub(crate) async fn run(&self, stop: &Stop) -> Result<()> {
        let name = self.consumer.name;
        let mut head = self.database.head();
        let mut stored = self.database.consumer(name, &self.db.deadline()).await?;
        let mut reached = stored;
        while !stop.is_stopping() {
            let page = self.page(reached).await?;
            let last = page.last().map_or(reached, |event| event.position);
            let full = page.len() == PAGE;
            let idle = !full && (page.is_empty() || *head.borrow() <= last);
            let wanted: Vec<Arc<Logged>> = page
                .into_iter()
                .filter(|event| self.consumer.takes(event))
                .collect();
            let worked = !wanted.is_empty();
            self.handle_all(wanted).await?;
            reached = last;
            let far = reached.saturating_sub(stored) >= PASSED_OVER_MAX;
            if reached > stored && (worked || far || idle) {
                let moved = self
                    .database
                    .move_consumer(name, stored, reached, &self.db.deadline())
                    .await?;
                // Somebody else is at work under the same name, and knows how far it has come.
                if !moved {
                    reached = self.database.consumer(name, &self.db.deadline()).await?;
                }
                stored = reached;
            }
            if !full {
                let news = head.wait_for(|head| *head > reached);
                tokio::select! {
                    () = stop.stopped() => {}
                    _ = tokio::time::timeout(FALLBACK, news) => {}
                }
                nap(stop, GATHER).await;
            }
        }
        Ok(())
    }

    /// What comes after a position: what the relay has just read, or else what the database has.
    async fn page(&self, after: i64) -> Result<Vec<Arc<Logged>>> {
        if let Some(page) = self.tail.after(after, PAGE) {
            return Ok(page);
        }
        let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let deadline = self.db.deadline();
        let page = self.database.log_after(after, most, &deadline).await?;
        Ok(page.into_iter().map(Arc::new).collect())
    }

    /// Handles the events of each queue in order, and several queues at once.
    async fn handle_all(&self, events: Vec<Arc<Logged>>) -> Result<()> {
        let (at_once, by_stream) = match self.consumer.order {
            Order::OfOrganisation => (ORGANISATIONS, false),
            Order::OfStream => (STREAMS, true),
        };
        let mut queues: Vec<(Whose, Vec<Arc<Logged>>)> = Vec::new();
        for event in events {
            let of = (event.organisation, by_stream.then_some(event.stream));
            match queues.iter_mut().find(|(known, _)| *known == of) {
                Some((_, queue)) => queue.push(event),
                None => queues.push((of, vec![event])),
            }
        }
        let each = queues
            .into_iter()
            .map(|(_, queue)| self.queue(queue).boxed());
        stream::iter(each.collect::<Vec<_>>())
            .buffer_unordered(at_once)
            .try_collect()
            .await
    }

    async fn queue(&self, events: Vec<Arc<Logged>>) -> Result<()> {
        for event in events {
            self.handle(event).await?;
        }
        Ok(())
    }

    /// Handles one event, or puts it aside. An error means that our own database is away: the event is still to do.
    async fn handle(&self, event: Arc<Logged>) -> Result<()> {
        let mut failures: u32 = 0;
        loop {
            let error = match self.attempt(&event).await {
                Ok(()) => return Ok(()),
                Err(Trouble::Away(failure)) => return Err(failure.into()),
                Err(Trouble::Failed(error)) if self.consumer.waits_for(&error) => {
                    return Err(error);
                }
                Err(Trouble::Failed(error)) => error,
            };
            failures = failures.saturating_add(1);
            metrics::counter!("consumer_failures_total", "consumer" => self.consumer.name)
                .increment(1);
            if failures >= TRIES {
                return self.put_aside(&event, &error, failures).await;
            }
            tokio::time::sleep(BETWEEN.wait(failures, &self.random)).await;
        }
    }

    /// One try.
    pub(crate) async fn attempt(&self, event: &Arc<Logged>) -> std::result::Result<(), Trouble> {
        if base::planted("event_skipped") && event.version % 2 == 1 {
            return Ok(());
        }
        let failed = match call(&self.consumer.handle, Arc::clone(event)).await {
            Ok(Handled::Done) => {
                self.count("done");
                return Ok(());
            }
            Ok(Handled::Commit(commit)) if commit.organisation() != event.organisation => {
                Trouble::Failed(Error::internal(
                    codes::INTERNAL,
                    "an effect belongs to the organisation of its event",
                ))
            }
            Ok(Handled::Commit(mut commit)) => {
                let at = commit.at();
                commit.claim(
                    &CONSUMED,
                    [
                        self.consumer.name.into(),
                        event.stream.into(),
                        event.version.into(),
                        at.into(),
                    ],
                );
                match self.db.commit(*commit, &self.db.deadline()).await {
                    Ok(_) => {
                        self.count("done");
                        return Ok(());
                    }
                    Err(failure) => failure.into(),
                }
            }
            Err(error) => Trouble::Failed(error),
        };
        // The effect itself may be why it cannot be had again: then the claim is there, and all is well.
        if matches!(failed, Trouble::Failed(_)) && self.is_consumed(event).await? {
            self.count("again");
            return Ok(());
        }
        Err(failed)
    }

    async fn is_consumed(&self, event: &Logged) -> std::result::Result<bool, Trouble> {
        let params = [
            self.consumer.name.into(),
            event.stream.into(),
            event.version.into(),
        ];
        let rows = self
            .db
            .home(event.organisation)
            .map(|(database, _)| database.clone());
        let database = match rows {
            Ok(database) => database,
            // People live in a database of their own, and so do the events of nobody.
            Err(_) if event.organisation == Organisation::PEOPLE => self.database.clone(),
            Err(_) => return Ok(false),
        };
        let calls = vec![Call::new(&FIND_CONSUMED, params)];
        let scope = store::Scope::Organisation(event.organisation);
        let rows = database.read(scope, calls, &self.db.deadline()).await?;
        Ok(rows.iter().any(|rows| !rows.is_empty()))
    }

    /// Writes down that an event could not be handled, so that the others need not wait.
    pub(crate) async fn put_aside(&self, event: &Logged, error: &Error, tries: u32) -> Result<()> {
        let name = self.consumer.name;
        let now = self.db.new_commit(event.organisation).at();
        let params = [
            name.into(),
            event.position.into(),
            event.organisation.into(),
            event.kind.as_str().into(),
            told(error).into(),
            i64::from(tries).into(),
            now.into(),
        ];
        let call = Call::new(&ADD_DEAD_LETTER, params);
        self.database
            .transact(vec![call], &self.db.deadline())
            .await?;
        metrics::counter!("dead_letters_total", "consumer" => name).increment(1);
        tracing::error!(
            consumer = name,
            organisation = %event.organisation,
            position = event.position,
            kind = event.kind,
            error = told(error),
            "an event was put aside"
        );
        Ok(())
    }

    fn count(&self, how: &'static str) {
        metrics::counter!("consumer_events_total", "consumer" => self.consumer.name, "how" => how)
            .increment(1);
    }
}

/// Waits as long as our own database is away; any other failure is passed on.
pub(crate) async fn unless_away(done: Result<()>, stop: &Stop) -> Result<()> {
    const AGAIN: Duration = Duration::from_millis(500);
    match done {
        Err(error) if error.kind() == Kind::Unavailable => {
            tracing::debug!(?error, "the database is away");
            nap(stop, AGAIN).await;
            Ok(())
        }
        done => done,
    }
}
