//! Many seeds, on as many threads as the machine has cores: what they did, and the first that broke, cut to what it needs.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::fate::Plan;
use super::run::{Ran, run};

/// How often it is told how far it has come.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Which seeds, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) from: u64,
    pub(crate) seeds: u64,
    /// When no more are begun, but for so many that there must be.
    pub(crate) within: Option<Duration>,
    pub(crate) least: u64,
    /// Whether it is told how far it has come.
    pub(crate) tells: bool,
}

/// What many seeds did.
#[derive(Default)]
pub(crate) struct Swept {
    pub(crate) seeds: u64,
    pub(crate) orders: u64,
    pub(crate) borders: u64,
    pub(crate) struck: u64,
    pub(crate) took: Duration,
    /// When it was told last how far it has come.
    told: Duration,
    pub(crate) broken: Option<(Plan, String)>,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.seeds as f64 / self.took.as_secs_f64().max(0.001);
        write!(
            f,
            "{} seeds, {} orders, {} borders passed, {} of them struck, {:.1} seeds/s",
            self.seeds, self.orders, self.borders, self.struck, rate
        )?;
        match &self.broken {
            None => Ok(()),
            Some((plan, why)) => write!(f, "\n{}", told(plan, why)),
        }
    }
}

/// How a seed is told that broke something: what it needs for it, and how it is run again.
pub(crate) fn told(plan: &Plan, why: &str) -> String {
    let commit = std::process::Command::new("git")
        .args(["rev-parse", "HEAD"])
        .output();
    let commit = commit.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    let commit = commit.unwrap_or_default();
    format!(
        "seed {} at commit {commit}: {why}\n  it needs {:?}, crashes at {:?}, money when ready {:?}\n  again: SIMULATE_FROM={} \
         SIMULATE_SEEDS=1 cargo test --profile ci -p simulation -- --ignored --exact --nocapture drill\
         \n  what has happened at last:\n    {}",
        plan.seed,
        plan.faults,
        plan.crashes,
        plan.when_ready,
        plan.seed,
        story(plan).join("\n    ")
    )
}

/// What happens at last in a plan.
fn story(plan: &Plan) -> Vec<String> {
    let mut plan = plan.clone();
    plan.tells = true;
    tried(&plan).story
}

/// Runs a plan; a panic breaks it too.
pub(crate) fn tried(plan: &Plan) -> Ran {
    let caught = std::panic::catch_unwind(|| run(plan));
    caught.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Ran {
            trace: 0,
            orders: 0,
            borders: 0,
            struck: 0,
            broken: Some(format!("a panic: {}", said.unwrap_or_default())),
            story: Vec::new(),
        }
    })
}

/// The same plan with no more in it than it needs to break something.
pub(crate) fn cut(plan: &Plan) -> Plan {
    let mut least = plan.clone();
    for fault in plan.faults.clone() {
        let mut less = least.clone();
        less.faults.remove(&fault);
        if tried(&less).broken.is_some() {
            least = less;
        }
    }
    for crash in plan.crashes.clone() {
        let mut less = least.clone();
        less.crashes.remove(&crash);
        if tried(&less).broken.is_some() {
            least = less;
        }
    }
    least
}

/// Runs seeds until one breaks something, all are done, or the time is over.
#[allow(
    clippy::disallowed_methods,
    reason = "how long seeds take is no part of what they do"
)]
pub(crate) fn sweep(wanted: Wanted) -> Swept {
    let began = Instant::now();
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let swept = Mutex::new(Swept::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let is_late = wanted.within.is_some_and(|within| began.elapsed() > within);
                    if place >= wanted.seeds || is_late && place >= wanted.least {
                        return;
                    }
                    let plan = Plan::of(wanted.from + place);
                    let ran = tried(&plan);
                    let mut swept = swept.lock().unwrap();
                    swept.add(&plan, ran);
                    swept.took = began.elapsed();
                    if swept.broken.is_some() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    if wanted.tells && swept.took >= swept.told + TELL_EVERY {
                        swept.told = swept.took;
                        tell(&swept, wanted);
                    }
                }
            });
        }
    });
    let mut swept = swept.into_inner().unwrap();
    if let Some((plan, _)) = &mut swept.broken {
        *plan = cut(plan);
    }
    swept
}

impl Swept {
    fn add(&mut self, plan: &Plan, ran: Ran) {
        self.seeds += 1;
        self.orders += ran.orders as u64;
        self.borders += ran.borders;
        self.struck += ran.struck;
        if let (Some(why), None) = (ran.broken, &self.broken) {
            self.broken = Some((plan.clone(), why));
        }
    }
}

#[allow(clippy::print_stdout, reason = "it tells how far it has come")]
fn tell(swept: &Swept, wanted: Wanted) {
    let left = wanted.seeds.saturating_sub(swept.seeds) as f64;
    let minutes = swept.took.as_secs_f64() / swept.seeds.max(1) as f64 * left / 60.0;
    let next = wanted.from + swept.seeds;
    println!("{swept}, about {minutes:.0} minutes left, now at seed {next}");
}
