//! Supervised tasks: whatever runs beside the requests is started here, so that nothing ends or panics unseen.
//!
//! A task that fails or panics is counted, logged and started again after a growing wait. One that ends with `Ok`
//! has done its work. At a stop all get the signal, have some time, and those that did not use it are named.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Clock, Error, Random, Result, codes};
use tokio::task::{JoinError, JoinSet};

use crate::backoff::Backoff;
use crate::handle::PANICKED;
use crate::stop::Stop;

/// The waits before a failed task runs again.
const RESTART: Backoff = Backoff {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(30),
};

/// A task that ran for so long before it failed has recovered: the next wait is the shortest again.
const RAN_WELL: Duration = Duration::from_secs(60);

/// How many tasks there may be at a time; more would be a leak.
const TASKS_MAX: usize = 65_536;

/// All tasks of a process. Cheap to clone.
#[derive(Clone)]
pub struct Tasks(Arc<Inner>);

struct Inner {
    clock: Clock,
    random: Random,
    stop: Stop,
    running: Mutex<Running>,
}

/// The tasks and what is known of them.
#[derive(Default)]
struct Running {
    set: JoinSet<()>,
    known: BTreeMap<u64, Known>,
    next: u64,
}

/// What is known of one task.
struct Known {
    name: Arc<str>,
    kept: Kept,
    running: bool,
    ended: bool,
    restarts: u64,
    last_failure: Option<String>,
}

/// Whether a task is shown after its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// It is there for as long as the process is, and its end is news.
    Always,
    /// It comes and goes.
    WhileRunning,
}

/// One task as health and the console show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskState {
    /// Its name.
    pub name: String,
    /// Whether it runs now. Between a failure and the next start it does not.
    pub running: bool,
    /// How often it was started again.
    pub restarts: u64,
    /// How it failed the last time, if it ever did.
    pub last_failure: Option<String>,
}

/// How one run of a task ended.
enum Ended {
    Done,
    Failed(String),
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new(clock: Clock, random: Random) -> Self {
        Tasks(Arc::new(Inner {
            clock,
            random,
            stop: Stop::new(),
            running: Mutex::default(),
        }))
    }

    /// The signal that all tasks get at a stop.
    #[must_use]
    pub fn signal(&self) -> Stop {
        self.0.stop.clone()
    }

    /// Runs work for as long as the process runs: after a failure or a panic it is started again, and again.
    /// `Ok` means that it has nothing more to do. After a stop nothing is started any more.
    pub fn spawn<F>(
        &self,
        name: impl Into<String>,
        work: impl Fn(Stop) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let name: Arc<str> = name.into().into();
        let this = self.clone();
        let begun = self.begin(&name, Kept::Always, |number| async move {
            this.supervise(number, work).await;
        });
        if let Err(error) = begun {
            tracing::error!(task = &*name, ?error, "a task was not started");
        }
    }

    /// Runs work that is not repeated. Its failure or panic is counted and logged like that of any other.
    ///
    /// # Errors
    /// Too many tasks run already, or all are about to end.
    pub fn once<F>(&self, name: impl Into<String>, work: F) -> Result<()>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let name: Arc<str> = name.into().into();
        let this = self.clone();
        self.begin(&name, Kept::WhileRunning, |number| async move {
            let ended = run(work).await;
            if let Ended::Failed(failure) = &ended {
                this.report(number, failure);
            }
            this.ended(number, &ended);
        })
    }

    /// How the lasting tasks are, by name. Those of [`Tasks::once`] are shown while they run.
    #[must_use]
    pub fn states(&self) -> Vec<TaskState> {
        let running = self.lock();
        let state = |known: &Known| TaskState {
            name: known.name.to_string(),
            running: known.running,
            restarts: known.restarts,
            last_failure: known.last_failure.clone(),
        };
        let mut states: Vec<TaskState> = running.known.values().map(state).collect();
        states.sort_by(|one, other| one.name.cmp(&other.name));
        states
    }

    /// Gives the signal, waits so long for all to end, ends the rest, and names those.
    pub async fn stop(&self, within: Duration) -> Vec<String> {
        self.0.stop.stop();
        let mut set = std::mem::take(&mut self.lock().set);
        let all = async { while set.join_next().await.is_some() {} };
        let _in_time = tokio::time::timeout(within, all).await;
        // Whoever does not end by itself ends at its next wait; dropping the set sees to that.
        drop(set);
        let running = self.lock();
        let late = running.known.values().filter(|known| !known.ended);
        let late: Vec<String> = late.map(|known| known.name.to_string()).collect();
        if !late.is_empty() {
            tracing::warn!(tasks = ?late, "tasks did not end in time");
        }
        late
    }

    fn begin<F>(&self, name: &Arc<str>, kept: Kept, work: impl FnOnce(u64) -> F) -> Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut running = self.lock();
        // Seen under the lock: a stop that comes later finds the task in the set.
        if self.0.stop.is_stopping() {
            return Err(Error::unavailable(
                codes::UNAVAILABLE,
                "the process is about to end",
            ));
        }
        while running.set.try_join_next().is_some() {}
        if running.set.len() >= TASKS_MAX {
            return Err(Error::unavailable(
                codes::UNAVAILABLE,
                "too many tasks run already",
            ));
        }
        let number = running.next;
        running.next = running.next.wrapping_add(1);
        running.known.insert(
            number,
            Known {
                name: Arc::clone(name),
                kept,
                running: true,
                ended: false,
                restarts: 0,
                last_failure: None,
            },
        );
        running.set.spawn(work(number));
        Ok(())
    }

    async fn supervise<F>(&self, number: u64, work: impl Fn(Stop) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let mut failures: u32 = 0;
        loop {
            let started = self.0.clock.elapsed();
            let ended = run(work(self.0.stop.clone())).await;
            let Ended::Failed(failure) = &ended else {
                return self.ended(number, &ended);
            };
            self.report(number, failure);
            if self.0.clock.elapsed().saturating_sub(started) >= RAN_WELL {
                failures = 0;
            }
            failures = failures.saturating_add(1);
            let wait = RESTART.wait(failures, &self.0.random);
            tokio::select! {
                () = self.0.stop.stopped() => return self.ended(number, &ended),
                () = tokio::time::sleep(wait) => self.restarted(number),
            }
        }
    }

    fn report(&self, number: u64, failure: &str) {
        let mut running = self.lock();
        let Some(known) = running.known.get_mut(&number) else {
            return;
        };
        known.running = false;
        known.last_failure = Some(failure.to_owned());
        let name = Arc::clone(&known.name);
        drop(running);
        metrics::counter!("task_failures_total", "task" => name.to_string()).increment(1);
        tracing::error!(task = &*name, failure, "a task failed");
    }

    fn restarted(&self, number: u64) {
        let mut running = self.lock();
        let Some(known) = running.known.get_mut(&number) else {
            return;
        };
        known.running = true;
        known.restarts = known.restarts.saturating_add(1);
        let name = known.name.to_string();
        drop(running);
        metrics::counter!("task_restarts_total", "task" => name).increment(1);
    }

    fn ended(&self, number: u64, ended: &Ended) {
        let mut running = self.lock();
        let Some(known) = running.known.get_mut(&number) else {
            return;
        };
        (known.running, known.ended) = (false, true);
        let (name, kept) = (Arc::clone(&known.name), known.kept);
        if kept == Kept::WhileRunning {
            running.known.remove(&number);
        }
        drop(running);
        if kept == Kept::Always && matches!(ended, Ended::Done) && !self.0.stop.is_stopping() {
            tracing::info!(task = &*name, "a task has done its work");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        // What is known of tasks is whole after every step, so a poisoned lock spoils nothing.
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs work as a task of its own, so that a panic in it ends nothing else.
async fn run(work: impl Future<Output = Result<()>> + Send + 'static) -> Ended {
    // The set ends its task when it is dropped: a supervisor that is ended takes its work with it.
    let mut set = JoinSet::new();
    set.spawn(work);
    match set.join_next().await {
        None | Some(Ok(Ok(()))) => Ended::Done,
        Some(Ok(Err(error))) => Ended::Failed(format!("{error:?}")),
        Some(Err(error)) => Ended::Failed(describe(error)),
    }
}

fn describe(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(_) => PANICKED.to_owned(),
        Err(error) => error.to_string(),
    }
}
