//! Many seeds, on as many threads as the machine has cores: what they did, and the first that broke, cut to what it needs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::course::Course;
use super::fate::Plan;
use super::run::{Ran, run};

/// How often it is told, and written down, how far it has come.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Which seeds, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) from: u64,
    pub(crate) seeds: u64,
    /// When no more are begun, but for so many that there must be.
    pub(crate) within: Option<Duration>,
    pub(crate) least: u64,
    /// Whether it is told how far it has come.
    pub(crate) tells: bool,
    /// Where it is written down how far it has come, and what of it was done before.
    pub(crate) course: Option<&'a Course>,
}

/// What seeds did, one after the other from the first one on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) seeds: u64,
    pub(crate) orders: u64,
    pub(crate) borders: u64,
    pub(crate) struck: u64,
    pub(crate) seconds: u64,
}

/// What many seeds did.
#[derive(Default)]
pub(crate) struct Swept {
    /// The first of them.
    from: u64,
    pub(crate) all: Tally,
    /// Those that are done before one that came before them.
    ahead: BTreeMap<u64, Ran>,
    /// How many were done before this began, and what it took since.
    before: Tally,
    took: Duration,
    /// When it was told last how far it has come.
    told: Duration,
    pub(crate) broken: Option<(Plan, String)>,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.all;
        write!(
            f,
            "{} seeds, {} orders, {} borders passed, {} of them struck, {:.1} seeds/s",
            all.seeds,
            all.orders,
            all.borders,
            all.struck,
            self.rate()
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
pub(crate) fn sweep(wanted: Wanted<'_>) -> Swept {
    let began = Instant::now();
    let swept = Swept::after(wanted);
    let (next, stop) = (AtomicU64::new(swept.all.seeds), AtomicBool::new(false));
    let swept = Mutex::new(swept);
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
                    if swept.took >= swept.told + TELL_EVERY {
                        swept.told = swept.took;
                        swept.tell(wanted);
                    }
                }
            });
        }
    });
    let mut swept = swept.into_inner().unwrap();
    swept.keep(wanted);
    if let Some((plan, _)) = &mut swept.broken {
        *plan = cut(plan);
    }
    swept
}

impl Swept {
    /// What was done before, where something was.
    fn after(wanted: Wanted<'_>) -> Self {
        let before = wanted.course.map(|course| course.before);
        let before = before.unwrap_or_default();
        Swept {
            from: wanted.from,
            all: before,
            before,
            ..Swept::default()
        }
    }

    /// Takes note of a seed. It counts when all before it are done, so that whoever goes on leaves out none.
    fn add(&mut self, plan: &Plan, ran: Ran) {
        if let Some(why) = ran.broken {
            self.broken.get_or_insert((plan.clone(), why));
            return;
        }
        self.ahead.insert(plan.seed, ran);
        while let Some(ran) = self.ahead.remove(&(self.from + self.all.seeds)) {
            self.all.seeds += 1;
            self.all.orders += ran.orders as u64;
            self.all.borders += ran.borders;
            self.all.struck += ran.struck;
        }
    }

    /// How many a second, since this began.
    fn rate(&self) -> f64 {
        let seeds = self.all.seeds - self.before.seeds;
        seeds as f64 / self.took.as_secs_f64().max(0.001)
    }

    /// Writes down how far it has come, where that is wanted.
    fn keep(&mut self, wanted: Wanted<'_>) {
        self.all.seconds = self.before.seconds + self.took.as_secs();
        if let Some(course) = wanted.course {
            course.keep(&self.all);
        }
    }

    /// Tells how far it has come, and writes it down, where that is wanted.
    #[allow(clippy::print_stdout, reason = "it tells how far it has come")]
    fn tell(&mut self, wanted: Wanted<'_>) {
        self.keep(wanted);
        if wanted.tells {
            let left = wanted.seeds.saturating_sub(self.all.seeds) as f64;
            let minutes = left / self.rate().max(0.001) / 60.0;
            let next = self.from + self.all.seeds;
            println!("{self}, about {minutes:.0} minutes left, now at seed {next}");
        }
    }
}
