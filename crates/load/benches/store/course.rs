//! The course that every system runs: warm-up, measured time, and what the machine did meanwhile.

use std::path::PathBuf;
use std::time::Duration;

use base::Clock;
use load::{Busy, Client, Pace, Table, Tally, Watch};

use crate::options::Options;

/// How runs are measured.
#[derive(Clone)]
pub(crate) struct Course {
    pub(crate) clock: Clock,
    warm_up: Duration,
    time: Duration,
    folder: PathBuf,
    servers: Vec<u32>,
    only: Vec<String>,
}

/// Other programs that use more of the machine than this spoil a run.
const OTHERS_MAX: f64 = 0.1;

/// One run of one system.
pub(crate) struct Run {
    pub(crate) name: &'static str,
    pub(crate) tally: Tally,
    pub(crate) busy: Busy,
    time: Duration,
}

impl Course {
    pub(crate) fn new(clock: &Clock, options: &Options, servers: Vec<u32>) -> Self {
        Course {
            clock: clock.clone(),
            warm_up: options.warm_up,
            time: options.time,
            folder: options.folder.clone(),
            servers,
            only: options.only.clone(),
        }
    }

    /// Whether a system is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }

    /// Lets these clients run, each on a task of its own.
    pub(crate) async fn run<C: Client + Send + 'static>(
        &self,
        name: &'static str,
        clients: Vec<C>,
    ) -> Run {
        let drives = clients.into_iter().map(|client| {
            let pace = Pace::start(&self.clock, self.warm_up, self.time);
            async move { load::drive(pace, client).await }
        });
        self.watch(name, drives.map(spawn).collect()).await
    }

    /// Lets one client run on a thread of its own, because it blocks.
    pub(crate) async fn run_blocking<C: Client + Send + 'static>(
        &self,
        name: &'static str,
        client: C,
    ) -> Run {
        let pace = Pace::start(&self.clock, self.warm_up, self.time);
        let runtime = tokio::runtime::Handle::current();
        let thread =
            tokio::task::spawn_blocking(move || runtime.block_on(load::drive(pace, client)));
        self.watch(name, vec![thread]).await
    }

    async fn watch(&self, name: &'static str, running: Vec<tokio::task::JoinHandle<Tally>>) -> Run {
        tokio::time::sleep(self.warm_up).await;
        let watch = Watch::start(&self.clock, &self.folder, &self.servers);
        tokio::time::sleep(self.time).await;
        let busy = watch.stop();
        let mut tally = Tally::default();
        for client in running {
            match client.await {
                Ok(seen) => tally.merge(seen),
                Err(error) => tally.merge(Tally {
                    failed_ever: 1,
                    failure: Some(error.to_string()),
                    ..Tally::default()
                }),
            }
        }
        let time = self.time;
        let run = Run {
            name,
            tally,
            busy,
            time,
        };
        println!("{run}");
        run
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the clients are what is measured; each is waited for, and its panic is a failure"
)]
fn spawn(drive: impl Future<Output = Tally> + Send + 'static) -> tokio::task::JoinHandle<Tally> {
    tokio::spawn(drive)
}

impl Run {
    /// Orders a second.
    pub(crate) fn rate(&self) -> f64 {
        self.tally.done as f64 / self.time.as_secs_f64()
    }

    /// What an order costs of all processors together, ours and the server's, in microseconds. Other programs
    /// disturb it least of all that is measured.
    fn processor_us(&self) -> f64 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let used = self.busy.own + self.busy.servers;
        used * processors as f64 * 1e6 / self.rate().max(1.0)
    }

    /// Whether other programs left the machine to it.
    fn is_quiet(&self) -> bool {
        self.busy.others() + self.busy.stolen < OTHERS_MAX
    }

    /// The median latency in microseconds.
    pub(crate) fn median_us(&self) -> f64 {
        self.tally.latencies.per_mille(500).as_secs_f64() * 1e6
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let latency = |share| self.tally.latencies.per_mille(share).as_secs_f64() * 1e3;
        write!(
            f,
            "  {:<26} {:>7.0} orders/s  p50 {:>7.2} ms  p99 {:>7.2} ms  refused {:>5}  {}",
            self.name,
            self.rate(),
            latency(500),
            latency(990),
            self.tally.refused,
            self.busy
        )?;
        match &self.tally.failure {
            Some(how) => write!(f, "\n  FAILED {} times: {how}", self.tally.failed_ever),
            None => Ok(()),
        }
    }
}

/// All runs of an engine, in the order in which they were made.
#[derive(Default)]
pub(crate) struct Runs(pub(crate) Vec<Run>);

impl Runs {
    /// Orders that were acknowledged in all runs.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.0.iter().map(|run| run.tally.done_ever).sum()
    }

    /// Orders that were acknowledged in the runs of one system.
    pub(crate) fn acknowledged_by(&self, name: &str) -> u64 {
        self.of(name).map(|run| run.tally.done_ever).sum()
    }

    /// How many requests went wrong.
    pub(crate) fn failed(&self) -> u64 {
        self.0.iter().map(|run| run.tally.failed_ever).sum()
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Run> {
        self.0.iter().filter(move |run| run.name == name)
    }

    /// The values of two systems in the round whose ratio is the median. Rounds that other programs spoiled count
    /// only when there is no other.
    pub(crate) fn compare(
        &self,
        ours: &str,
        theirs: &str,
        value: impl Fn(&Run) -> f64,
    ) -> Option<(f64, f64)> {
        let rounds: Vec<(&Run, &Run)> = self.of(ours).zip(self.of(theirs)).collect();
        let quiet = |(ours, theirs): &&(&Run, &Run)| ours.is_quiet() && theirs.is_quiet();
        let any_quiet = rounds.iter().any(|round| quiet(&round));
        let counted = rounds.iter().filter(|round| !any_quiet || quiet(round));
        let mut pairs: Vec<(f64, f64)> = counted
            .map(|(ours, theirs)| (value(ours), value(theirs)))
            .collect();
        pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        pairs.get(pairs.len() / 2).copied()
    }

    /// A table of medians, one row a system, in the order of the first round.
    pub(crate) fn table(&self) -> Table {
        let titles = [
            "system",
            "orders/s",
            "p50 ms",
            "p99 ms",
            "cpu us/order",
            "we",
            "server",
            "others",
            "disk",
        ];
        let mut table = Table::new(titles);
        let mut names: Vec<&str> = Vec::new();
        for run in &self.0 {
            if !names.contains(&run.name) {
                names.push(run.name);
            }
        }
        for name in names {
            let median = |value: &dyn Fn(&Run) -> f64| {
                let mut values: Vec<f64> = self.of(name).map(value).collect();
                values.sort_by(f64::total_cmp);
                values.get(values.len() / 2).copied().unwrap_or(0.0)
            };
            let latency = |share: u64| {
                median(&|run| run.tally.latencies.per_mille(share).as_secs_f64() * 1e3)
            };
            let percent = |part: f64| format!("{:.0} %", part * 100.0);
            table.row([
                name.to_owned(),
                format!("{:.0}", median(&Run::rate)),
                format!("{:.2}", latency(500)),
                format!("{:.2}", latency(990)),
                format!("{:.0}", median(&Run::processor_us)),
                percent(median(&|run| run.busy.own)),
                percent(median(&|run| run.busy.servers)),
                percent(median(&|run| run.busy.others())),
                percent(median(&|run| run.busy.disk)),
            ]);
        }
        table
    }
}
