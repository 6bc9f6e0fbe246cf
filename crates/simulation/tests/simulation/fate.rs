//! What goes wrong in a seed, where, and what passed: all of it drawn before, so that it can be cut.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use base::{Random, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rpc::Provider;
use rpc::providers::{Answer, Change, Charge, Headers, LookUp, Notice, Return};
use store::{Border, Gate};
use testkit::provider::{Fake, Faults};

/// How many processes work at a time.
pub(crate) const NODES: usize = 2;
/// How much of what has happened is told.
const STORY_MAX: usize = 60;

/// A kind of thing that goes wrong. Each seed leaves out about half of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Calls of the provider that never arrive.
    LostBefore,
    /// Answers of the provider that never arrive.
    LostAfter,
    /// Answers that come after everybody has stopped waiting.
    Late,
    /// Answers that say nothing; half of these calls are done.
    Broken,
    /// Calls that arrive twice.
    Twice,
    /// Calls that arrive long after they were given up.
    Delayed,
    /// Times at which nothing reaches the provider.
    Down,
    /// Processes that end at the border of a commit or of an outside call.
    Crash,
    /// Work that is overtaken at such borders.
    Overtaken,
    /// Notices that are told twice.
    NoticeTwice,
    /// Notices that are never told.
    NoticeLost,
    /// Notices that are told late, and in another order.
    NoticeLate,
    /// Requests that are sent again after they were answered, or while they are under way.
    Repeated,
    /// Clients that give up.
    GivesUp,
    /// Minutes in which nobody gets to do anything.
    Pause,
    /// Sagas that somebody else takes over although nobody has died.
    TakenOver,
    /// Nobody looks at timers for long.
    SlowTimers,
    /// Nobody answers for the restaurant.
    NoAnswer,
}

impl Fault {
    pub(crate) const ALL: [Fault; 18] = [
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::Late,
        Fault::Broken,
        Fault::Twice,
        Fault::Delayed,
        Fault::Down,
        Fault::Crash,
        Fault::Overtaken,
        Fault::NoticeTwice,
        Fault::NoticeLost,
        Fault::NoticeLate,
        Fault::Repeated,
        Fault::GivesUp,
        Fault::Pause,
        Fault::TakenOver,
        Fault::SlowTimers,
        Fault::NoAnswer,
    ];
}

/// What is drawn from a seed before anything happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) faults: BTreeSet<Fault>,
    /// At which borders, counted from the first, the process there ends.
    pub(crate) crashes: BTreeSet<u64>,
    /// Which restaurant, if one does, takes money when an order is ready, until it says otherwise.
    pub(crate) when_ready: Option<usize>,
    /// Whether what happens is written down, for whoever looks for the reason.
    pub(crate) tells: bool,
    /// Whether nobody asks the thread for long work for anything before it is done, as where the machine is slow elsewhere:
    /// nothing may come of it.
    pub(crate) looks_late: bool,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let random = Random::seeded(seed ^ 0x51_4D);
        let some = Fault::ALL.into_iter().filter(|_| random.below(2) == 0);
        let faults: BTreeSet<Fault> = some.collect();
        let mut crashes = BTreeSet::new();
        if faults.contains(&Fault::Crash) {
            let reach = 200 + random.below(3_000);
            for _ in 0..=random.below(6) {
                crashes.insert(1 + random.below(reach));
            }
        }
        let when_ready = [Some(0), Some(1), None, None];
        let when_ready = when_ready[usize::try_from(random.below(4)).unwrap()];
        Plan {
            seed,
            faults,
            crashes,
            when_ready,
            tells: false,
            looks_late: false,
        }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// How many calls of a hundred go wrong at the provider.
    pub(crate) fn of_provider(&self, chance: &Random) -> Faults {
        let share = |fault| match self.has(fault) {
            true => 2 + chance.below(12),
            false => 0,
        };
        Faults {
            lost_before: share(Fault::LostBefore),
            lost_after: share(Fault::LostAfter),
            late: share(Fault::Late),
            broken: share(Fault::Broken),
            twice: share(Fault::Twice),
            delayed: share(Fault::Delayed),
        }
    }
}

/// What all processes of a seed pass.
pub(crate) struct Fates(Mutex<State>);

struct State {
    chance: Random,
    is_calm: bool,
    /// Of a hundred borders, at so many somebody else gets to go on.
    overtaken: u64,
    crashes: BTreeSet<u64>,
    passed: u64,
    struck: u64,
    fallen: [bool; NODES],
    is_committed: bool,
    trace: u64,
    /// What has happened at last, where that is told.
    story: Option<VecDeque<String>>,
}

enum Fate {
    On,
    Wait,
    Fall,
}

impl Fates {
    pub(crate) fn new(plan: &Plan) -> Arc<Self> {
        let chance = Random::seeded(plan.seed ^ 0xFA7E);
        let overtaken = match plan.has(Fault::Overtaken) {
            true => 5 + chance.below(60),
            false => 0,
        };
        Arc::new(Fates(Mutex::new(State {
            chance,
            is_calm: true,
            overtaken,
            crashes: plan.crashes.clone(),
            passed: 0,
            struck: 0,
            fallen: [false; NODES],
            is_committed: false,
            trace: 0xcbf2_9ce4_8422_2325,
            story: plan.tells.then(VecDeque::new),
        })))
    }

    /// From now on nothing goes wrong any more, or it does.
    pub(crate) fn calm(&self, is_calm: bool) {
        self.lock().is_calm = is_calm;
    }

    /// Adds something to the trace.
    pub(crate) fn note(&self, what: &[u8]) {
        self.lock().note(what);
    }

    /// Writes down what happens, where that is told.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if let Some(story) = &mut self.lock().story {
            if story.len() >= STORY_MAX {
                story.pop_front();
            }
            story.push_back(what());
        }
    }

    pub(crate) fn story(&self) -> Vec<String> {
        let story = self.lock().story.take();
        story.unwrap_or_default().into()
    }

    pub(crate) fn trace(&self) -> u64 {
        self.lock().trace
    }

    /// How many borders were passed, and at how many somebody was overtaken or ended.
    pub(crate) fn passed(&self) -> (u64, u64) {
        let state = self.lock();
        (state.passed, state.struck)
    }

    /// Whether anything was stored since this was asked last.
    pub(crate) fn take_committed(&self) -> bool {
        std::mem::take(&mut self.lock().is_committed)
    }

    /// Which process has ended since this was asked last.
    pub(crate) fn take_fallen(&self) -> Option<usize> {
        let mut state = self.lock();
        let node = state.fallen.iter().position(|fallen| *fallen)?;
        state.fallen[node] = false;
        Some(node)
    }

    /// The gate of the databases of a process.
    pub(crate) fn gate(self: &Arc<Self>, node: usize) -> Gate {
        let fates = Arc::clone(self);
        Arc::new(move |border| {
            let word: &[u8] = match border {
                Border::Read => b"r",
                Border::Commit => b"c",
                Border::Committed => b"C",
            };
            fates.border(node, word)
        })
    }

    fn border(&self, node: usize, what: &[u8]) -> BoxFuture<'static, ()> {
        if what == b"C" {
            self.lock().is_committed = true;
        }
        match self.lock().pass(node, what) {
            Fate::On => std::future::ready(()).boxed(),
            Fate::Wait => Overtaken(false).boxed(),
            Fate::Fall => std::future::pending().boxed(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn note(&mut self, what: &[u8]) {
        for byte in what {
            self.trace ^= u64::from(*byte);
            self.trace = self.trace.wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn pass(&mut self, node: usize, what: &[u8]) -> Fate {
        if self.fallen[node] {
            return Fate::Fall;
        }
        self.note(what);
        if self.is_calm {
            return Fate::On;
        }
        self.passed += 1;
        if self.crashes.remove(&self.passed) {
            self.fallen[node] = true;
            self.struck += 1;
            self.note(b"!");
            return Fate::Fall;
        }
        match self.overtaken > 0 && self.chance.below(100) < self.overtaken {
            true => {
                self.struck += 1;
                Fate::Wait
            }
            false => Fate::On,
        }
    }
}

/// Lets the others go first, once.
struct Overtaken(bool);

impl Future for Overtaken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The way of one process to the provider: its ends are borders too.
pub(crate) struct Wire {
    pub(crate) fake: Fake,
    pub(crate) fates: Arc<Fates>,
    pub(crate) node: usize,
}

impl Wire {
    async fn over<T>(&self, call: impl Future<Output = T>) -> T {
        self.fates.border(self.node, b"p").await;
        let answer = call.await;
        self.fates.border(self.node, b"P").await;
        answer
    }
}

impl Provider for Wire {
    fn name(&self) -> &str {
        self.fake.name()
    }

    fn deadline(&self) -> Duration {
        self.fake.deadline()
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        self.over(self.fake.authorise(charge)).boxed()
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        self.over(self.fake.go_on(back)).boxed()
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.over(self.fake.capture(change)).boxed()
    }

    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.over(self.fake.cancel(change)).boxed()
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.over(self.fake.refund(change)).boxed()
    }

    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        self.over(self.fake.look_up(look_up)).boxed()
    }

    fn read_notices<'a>(
        &'a self,
        headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>>> {
        self.fake.read_notices(headers, body)
    }

    fn accepted(&self) -> &'static str {
        self.fake.accepted()
    }
}
