//! The one who appends in this process: takes what waits, links it to the end of the chain, stores it in one go.
//!
//! Several processes do so at once. The number of an entry is unique, so of two who link to the same end one is
//! refused, reads where the chain ends now, and links anew. What is not known to be stored is looked up by its hash.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base::{Error, Result, codes};
use domain::audit::{Link, Tail};
use engine::Stop;
use store::{Call, Failure, Outcome, Row, Scope};
use tokio::sync::mpsc;

use super::ledger::{Item, Ledger};
use super::signing::Signing;
use super::store::{ADD_ENTRY, FIND_SOURCE, READ_HASH, READ_TAIL, row_of, tail};

/// Entries that are stored at once.
const BATCH_MAX: usize = 512;
/// How often it is looked whether there is something to sign.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two tries while the database is away.
const AGAIN: Duration = Duration::from_millis(250);
/// How long we try to write the rest at a stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);
/// How often a batch is linked anew because others were faster, before somebody is asked to look.
const RACES_MAX: u32 = 200;
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// The appender at work.
struct Appender {
    ledger: Ledger,
    /// The end of the chain, when it is known.
    tail: Option<Tail>,
    /// Links of this batch that may have been stored without our knowing: the first of each try. They are of no
    /// other batch, so they go when this one is settled.
    open: Vec<Tail>,
    signing: Signing,
}

impl Ledger {
    /// Writes what is told, until the stop; then the rest.
    ///
    /// # Errors
    /// Never: what fails is tried again. It has the form of supervised work.
    pub async fn run(self, stop: Stop) -> Result<()> {
        let inner = self.0.clone();
        let mut queue = inner.queue.lock().await;
        let mut work = Appender {
            signing: Signing::new(&self),
            ledger: self,
            tail: None,
            open: Vec::new(),
        };
        let mut items = Vec::with_capacity(BATCH_MAX);
        let mut next_report = inner.clock.elapsed();
        loop {
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                _ = queue.recv_many(&mut items, BATCH_MAX) => {
                    work.until_stored(&mut items, Some(&stop)).await;
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            work.sign_if_due().await;
            if inner.clock.elapsed() >= next_report {
                inner.report();
                next_report = inner.clock.elapsed().saturating_add(REPORT_EVERY);
            }
        }
        work.finish(&mut queue, items).await;
        inner.report();
        Ok(())
    }
}

impl Appender {
    /// Stores a batch, for as long as that takes; only a stop ends it before.
    async fn until_stored(&mut self, items: &mut Vec<Item>, stop: Option<&Stop>) {
        loop {
            items.retain(Item::is_wanted);
            let stored = self.store(items).await;
            let is_away = matches!(
                stored,
                Err(Failure::Unavailable(_) | Failure::TooLate | Failure::Unknown(_))
            );
            self.ledger.0.away.store(is_away, Ordering::Relaxed);
            let failure = match stored {
                Ok(()) => {
                    self.open.clear();
                    return answer(items, || Ok(()));
                }
                Err(failure) => failure,
            };
            if !is_away {
                return self.refuse(items, &failure);
            }
            if stop.is_some_and(Stop::is_stopping) {
                return;
            }
            tracing::debug!(?failure, "the audit database is away");
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Links the entries to the end of the chain and stores them, or finds that they are stored.
    async fn store(&mut self, items: &mut Vec<Item>) -> Outcome<()> {
        let mut sources = BTreeSet::new();
        // One that comes twice in a batch is not answered, so that it comes again when the first is stored.
        items.retain(|item| match &item.entry.source {
            Some(source) => sources.insert(source.clone()),
            None => true,
        });
        for _ in 0..RACES_MAX {
            if items.is_empty() {
                return Ok(());
            }
            // The end first: of a try that is stored only now, either this look has it or the numbers are taken.
            let mut tail = self.tail().await?;
            if self.was_stored().await? {
                self.tail = None;
                return Ok(());
            }
            let entries = items.iter().map(|item| item.entry.clone());
            let links: Vec<Link> = entries.map(|entry| tail.append(entry)).collect();
            match self.insert(&links).await {
                Ok(()) => {
                    self.tail = Some(tail);
                    return Ok(());
                }
                Err(Failure::Violated { .. }) => {
                    self.tail = None;
                    self.drop_known(items).await?;
                }
                Err(failure) => {
                    self.tail = None;
                    let first = links.first();
                    self.open.extend(first.map(|link| Tail {
                        seq: link.seq,
                        hash: link.hash,
                    }));
                    return Err(failure);
                }
            }
        }
        Err(Failure::Unavailable(
            "others append faster than this process".to_owned(),
        ))
    }

    async fn insert(&self, links: &[Link]) -> Outcome<()> {
        let calls = links.iter().map(|link| Call::new(&ADD_ENTRY, row_of(link)));
        let db = &self.ledger.0.db;
        db.audit().transact(calls.collect(), &db.deadline()).await?;
        metrics::counter!("audit_entries_total").increment(links.len() as u64);
        Ok(())
    }

    /// Whether a try that ended without an answer was stored after all. A hash is of everything, so it tells.
    async fn was_stored(&mut self) -> Outcome<bool> {
        if self.open.is_empty() {
            return Ok(false);
        }
        self.open.dedup();
        let calls = self.open.iter();
        let calls = calls.map(|open| Call::new(&READ_HASH, [open.seq.into()]));
        let rows = self.ledger.read(calls.collect()).await?;
        for row in rows.iter().flatten() {
            if self.open.contains(&tail(row)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Leaves out what is written already, by whomever: its source is there.
    async fn drop_known(&self, items: &mut Vec<Item>) -> Outcome<()> {
        let sources = items.iter().filter_map(|item| item.entry.source.clone());
        let sources: Vec<String> = sources.collect();
        let calls = sources.iter();
        let calls = calls.map(|source| Call::new(&FIND_SOURCE, [source.as_str().into()]));
        let rows = self.ledger.read(calls.collect()).await?;
        let found = sources
            .iter()
            .zip(&rows)
            .filter(|(_, rows)| !rows.is_empty());
        let known: BTreeSet<&str> = found.map(|(source, _)| source.as_str()).collect();
        let is_known = |item: &Item| {
            let source = item.entry.source.as_deref();
            source.is_some_and(|source| known.contains(source))
        };
        let (mut known, new) = std::mem::take(items).into_iter().partition(is_known);
        *items = new;
        answer(&mut known, || Ok(()));
        Ok(())
    }

    async fn tail(&mut self) -> Outcome<Tail> {
        if let Some(tail) = self.tail {
            return Ok(tail);
        }
        let read = self.ledger.tail().await?;
        self.tail = Some(read);
        Ok(read)
    }

    /// Gives up on a batch that the database will not have: a mistake of ours, or damage.
    fn refuse(&mut self, items: &mut Vec<Item>, failure: &Failure) {
        self.open.clear();
        let untold = items.iter().filter(|item| item.done.is_none()).count();
        self.ledger.0.lose(untold as u64, "refused");
        tracing::error!(?failure, "the audit database refused entries");
        answer(items, || {
            Err(Error::internal(
                codes::INTERNAL,
                "the audit log cannot be written",
            ))
        });
    }

    async fn sign_if_due(&mut self) {
        // Without a known end nothing was added by us; at the start, what others left unsigned is signed.
        if self.signing.is_due(self.tail)
            && let Ok(tail) = self.tail().await
        {
            self.signing.sign(tail).await;
        }
    }

    /// Writes what still waits and signs the end, within the time that a stop has.
    async fn finish(&mut self, queue: &mut mpsc::Receiver<Item>, mut items: Vec<Item>) {
        // Whoever comes now is told at once, and does not hold up the stop.
        queue.close();
        let rest = async {
            // What a try may have stored is settled by itself, before anything else comes to it.
            self.until_stored(&mut items, None).await;
            loop {
                while items.len() < BATCH_MAX
                    && let Ok(item) = queue.try_recv()
                {
                    items.push(item);
                }
                if items.is_empty() {
                    break;
                }
                self.until_stored(&mut items, None).await;
            }
            if let Ok(tail) = self.tail().await {
                self.signing.sign(tail).await;
            }
        };
        if tokio::time::timeout(STOP_WITHIN, rest).await.is_err() {
            let left = items.len().saturating_add(queue.len());
            self.ledger.0.lose(left as u64, "stopped");
        }
    }
}

fn answer(items: &mut Vec<Item>, with: impl Fn() -> Result<()>) {
    for done in items.drain(..).filter_map(|item| item.done) {
        // Whoever has gone away does not want to know.
        let _gone = done.send(with());
    }
}

impl Ledger {
    /// The end of the chain as the database has it.
    pub(super) async fn tail(&self) -> Outcome<Tail> {
        let rows = self.read(vec![Call::new(&READ_TAIL, [])]).await?;
        let row = rows.first().and_then(|rows| rows.first());
        row.map_or(Ok(Tail::START), tail)
    }

    pub(super) async fn read(&self, calls: Vec<Call>) -> Outcome<Vec<Vec<Row>>> {
        let db = &self.0.db;
        db.audit().read(Scope::Nobody, calls, &db.deadline()).await
    }
}
