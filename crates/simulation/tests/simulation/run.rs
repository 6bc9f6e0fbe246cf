//! One seed: two processes, whatever works in them, and who gets to go on next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use base::{Clock, Organisation, Random, Uid};
use engine::Claimed;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rpc::providers::Notice;
use serde_json::Value as Json;
use store::Db;
use testkit::provider::Fake;
use tokio::sync::Notify;
use tokio::task::coop::unconstrained;

use super::acts::{Clients, Op};
use super::book::{Book, Rows};
use super::checks;
use super::fate::{Fates, Fault, NODES, Plan, Wire};
use super::limits::Locks;
use super::world::{Ground, OPERATOR, Process, Runs, SHARD, Said, Sent, What, runtime, start};

/// How much is under way at a time.
const TASKS_MAX: usize = 8;
/// How often somebody gets to go on before faults stop.
const TURNS: u64 = 2_500;
/// How often of these when clients have got all that they want.
const TURNS_AFTER: u64 = 200;

/// How often everybody gets to go on, after faults have stopped, until everything must have come to its end.
const ROUNDS_MAX: u64 = 200;

/// What came of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) trace: u64,
    pub(crate) orders: usize,
    pub(crate) borders: u64,
    pub(crate) struck: u64,
    pub(crate) broken: Option<String>,
    /// What has happened at last, where that is told.
    pub(crate) story: Vec<String>,
}

/// How something that was begun has ended.
enum Done {
    Answered(usize, Said),
    Claimed(Vec<Claimed>),
    Nothing,
}

/// What is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Ask(usize),
    Claim,
    Ring,
    Drive(Uid),
    Read(&'static str),
    /// What is to be remembered for ever is written down, as long as the process is there.
    Audit,
}

struct Task {
    /// Who it is, for ever.
    number: u64,
    node: usize,
    work: Work,
    future: BoxFuture<'static, Done>,
    flag: Arc<Flag>,
}

/// Whether a task can go on.
struct Flag {
    is_ready: AtomicBool,
    all: Arc<Notify>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_ready.store(true, Ordering::SeqCst);
        self.all.notify_one();
    }
}

/// A seed at work.
pub(crate) struct Sim {
    pub(crate) ground: &'static Ground,
    pub(crate) plan: Plan,
    pub(crate) chance: Random,
    pub(crate) clock: Clock,
    random: Random,
    /// The databases, past all gates.
    pub(crate) db: Db,
    pub(crate) fates: Arc<Fates>,
    pub(crate) fake: Fake,
    processes: Vec<Arc<Process>>,
    started: u64,
    tasks: Vec<Task>,
    any: Arc<Notify>,
    /// What keeps the thread for long work from working.
    holds: Option<std::sync::mpsc::SyncSender<()>>,
    pub(crate) clients: Clients,
    pub(crate) book: Book,
    pub(crate) claimed: VecDeque<Claimed>,
    pub(crate) told: Vec<Notice>,
    pub(crate) is_down: bool,
    /// The rules of the restaurant that takes money when an order is ready, until it says otherwise.
    pub(crate) rules: Option<Json>,
    locks: Locks,
    /// How many tasks were begun.
    begun: u64,
    /// How often an operator has asked for something.
    pub(crate) acted: u64,
}

/// Runs a seed to its end.
pub(crate) fn run(plan: &Plan) -> Ran {
    let ground = Ground::get();
    let plan = plan.clone();
    // The runtime would have a task wait that has asked it for much, counted from when it had to wait last: whether the
    // thread for long work is done before that is asked is a matter of the machine.
    runtime().block_on(unconstrained(async move {
        let mut sim = Sim::new(ground, plan).await;
        let broken = sim.all().await.err();
        let (borders, struck) = sim.fates.passed();
        Ran {
            trace: sim.fates.trace(),
            orders: sim.book.orders.len(),
            borders,
            struck,
            broken,
            story: sim.fates.story(),
        }
    }))
}

impl Sim {
    async fn new(ground: &'static Ground, plan: Plan) -> Self {
        let clock = Clock::simulated(start());
        clock.advance(Duration::from_secs(1)).unwrap();
        let random = Random::seeded(plan.seed ^ 0x1D5);
        let chance = Random::seeded(plan.seed ^ 0xC4A);
        let db = ground.db.copy(&clock, &random).unwrap();
        let db = db.again(None).await.unwrap();
        let fates = Fates::new(&plan);
        let fake = Fake::new("fake", &Random::seeded(plan.seed ^ 0xFACE));
        let mut sim = Sim {
            clients: Clients::new(ground),
            ground,
            plan,
            chance,
            clock,
            random,
            db,
            fates,
            fake,
            processes: Vec::new(),
            started: 0,
            tasks: Vec::new(),
            any: Arc::default(),
            holds: None,
            book: Book {
                careful: [ground.kitchens[0].restaurant.clone()].into(),
                ..Book::default()
            },
            claimed: VecDeque::new(),
            told: Vec::new(),
            is_down: false,
            rules: None,
            locks: Locks::default(),
            begun: 0,
            acted: 0,
        };
        for node in 0..NODES {
            let process = sim.started(node).await;
            sim.processes.push(process);
            sim.audit(node);
        }
        sim
    }

    /// A process that has just started, over the databases as they are.
    async fn started(&mut self, node: usize) -> Arc<Process> {
        self.started += 1;
        let db = self.db.again(Some(self.fates.gate(node))).await.unwrap();
        let wire = Wire {
            fake: self.fake.clone(),
            fates: Arc::clone(&self.fates),
            node,
        };
        let runs = Runs {
            clock: &self.clock,
            random: &self.random,
            provider: Arc::new(wire),
            name: format!("node-{node}-{}", self.started),
            asked: What::Orders,
        };
        Arc::new(self.ground.process(&db, runs))
    }

    async fn all(&mut self) -> Result<(), String> {
        self.furnish().await;
        self.note().await?;
        self.fake.set_faults(self.plan.of_provider(&self.chance));
        self.fates.calm(false);
        self.clients.wanted = usize::try_from(4 + self.chance.below(12)).unwrap();
        self.hold();
        let mut after = 0;
        for _ in 0..TURNS {
            self.turn().await?;
            after += u64::from(self.clients.is_over());
            if after > TURNS_AFTER {
                break;
            }
        }
        self.heal().await?;
        self.let_work().await;
        checks::end(self).await
    }

    /// Somebody gets to go on, or something new is begun.
    async fn turn(&mut self) -> Result<(), String> {
        let is_ready = |task: &Task| task.flag.is_ready.load(Ordering::SeqCst);
        let ready: Vec<usize> = (0..self.tasks.len())
            .filter(|at| is_ready(&self.tasks[*at]))
            .collect();
        let has_room = self.tasks.len() < TASKS_MAX + NODES;
        if has_room && (ready.is_empty() || self.chance.below(100) < 30) && self.act().await {
            return Ok(());
        }
        let Some(at) = self.pick(&ready) else {
            if self.is_at_rest() {
                self.pass(Duration::from_millis(100 + self.chance.below(900)));
            } else {
                self.idle().await;
            }
            return Ok(());
        };
        self.go_on(at).await?;
        self.pass(Duration::from_micros(self.chance.below(2_000)));
        Ok(())
    }

    pub(crate) fn pick(&self, from: &[usize]) -> Option<usize> {
        let at = self.chance.below(from.len() as u64);
        from.get(usize::try_from(at).unwrap()).copied()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time).unwrap();
    }

    /// Lets a task go on until it waits or ends.
    async fn go_on(&mut self, at: usize) -> Result<(), String> {
        let task = &mut self.tasks[at];
        let who = task.number;
        task.flag.is_ready.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&task.flag));
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        if self.fates.take_committed() {
            let locks = Rows(&self.db).locks().await;
            self.locks.wrote(who, locks)?;
        }
        if let Some(node) = self.fates.take_fallen() {
            return self.fall(node).await;
        }
        match polled {
            Poll::Ready(done) => {
                self.tasks.swap_remove(at);
                self.done(done);
            }
            Poll::Pending => self.aside(at).await,
        }
        self.note().await
    }

    /// Lets the thread for long work do what a task waits for. There is one, which does one thing after the other, and it
    /// stands still while anybody goes on: so nothing depends on how long anything takes.
    async fn aside(&mut self, at: usize) {
        if !self.tasks[at].flag.is_ready.load(Ordering::SeqCst) {
            self.let_work().await;
            self.hold();
        }
    }

    async fn let_work(&mut self) {
        self.holds = None;
        let worked = tokio::task::spawn_blocking(|| ());
        while self.plan.looks_late && !worked.is_finished() {
            std::thread::yield_now();
        }
        worked.await.unwrap();
    }

    fn hold(&mut self) {
        let (holds, held) = std::sync::mpsc::sync_channel::<()>(1);
        // It ends when the other end is dropped.
        tokio::task::spawn_blocking(move || held.recv().ok());
        self.holds = Some(holds);
    }

    /// Nobody can go on before some time has passed.
    async fn idle(&mut self) {
        self.let_work().await;
        self.any.notified().await;
        self.hold();
    }

    /// A process ends, and another one starts in its place.
    async fn fall(&mut self, node: usize) -> Result<(), String> {
        for task in self.tasks.extract_if(.., |task| task.node == node) {
            if let Work::Ask(op) = task.work {
                self.clients.ops[op].is_under_way = false;
            }
        }
        self.claimed.clear();
        let now = self.clock.now();
        self.fates
            .tell(|| format!("{now} process {node} has ended"));
        self.pass(Duration::from_millis(self.chance.below(3_000)));
        self.processes[node] = self.started(node).await;
        self.audit(node);
        self.note().await
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Answered(op, said) => {
                self.fates.note(&said.status.to_le_bytes());
                self.fates.note(said.body.to_string().as_bytes());
                let asked = &self.clients.ops[op];
                let now = self.clock.now();
                self.fates
                    .tell(|| format!("{now} {} to {:?}", said.status, asked.kind));
                self.clients.answered(op, said);
            }
            Done::Claimed(claimed) => self.claimed.extend(claimed),
            Done::Nothing => {}
        }
    }

    /// Reads what was stored since, and judges it.
    pub(crate) async fn note(&mut self) -> Result<(), String> {
        let shard = &self.db.shards()[SHARD];
        let head = *shard.head().borrow();
        if head <= self.book.position {
            return Ok(());
        }
        let deadline = self.db.deadline();
        let events = shard.log_after(self.book.position, 1_000, &deadline);
        let events = events.await.map_err(|failure| failure.to_string())?;
        for event in &events {
            let at = event.at;
            self.fates
                .tell(|| format!("{at} {} {:?}", event.kind, event.stream));
            self.fates.note(event.kind.as_bytes());
            self.fates.note(event.stream.as_bytes());
            self.fates.note(event.payload.as_bytes());
        }
        let touched = self.book.read(&events)?;
        checks::step(self, &touched).await
    }

    pub(crate) fn is_at(&self, work: &Work) -> bool {
        self.tasks.iter().any(|task| task.work == *work)
    }

    fn node(&self) -> usize {
        usize::try_from(self.chance.below(NODES as u64)).unwrap()
    }

    fn begin(&mut self, node: usize, work: Work, future: BoxFuture<'static, Done>) {
        let flag = Flag {
            is_ready: AtomicBool::new(true),
            all: Arc::clone(&self.any),
        };
        self.begun += 1;
        self.tasks.push(Task {
            number: self.begun,
            node,
            work,
            future,
            flag: Arc::new(flag),
        });
    }

    /// Whether nothing is under way that ever ends.
    fn is_at_rest(&self) -> bool {
        self.tasks.iter().all(|task| task.work == Work::Audit)
    }

    /// A process begins to write down who acted.
    fn audit(&mut self, node: usize) {
        let ledger = self.processes[node].ledger.clone();
        let future = async move {
            let _ended = ledger.run(engine::Stop::new()).await;
            Done::Nothing
        };
        self.begin(node, Work::Audit, future.boxed());
    }

    /// Asks for something while nothing else happens.
    pub(crate) async fn ask(&self, sent: &Sent) -> Said {
        self.processes[0].send(sent).await
    }

    /// Sends a request, for the first time or again.
    pub(crate) fn send(&mut self, op: usize) {
        let sent: Sent = self.clients.ops[op].sent.clone();
        self.clients.ops[op].is_under_way = true;
        self.acted += u64::from(sent.who == OPERATOR);
        let node = self.node();
        let process = Arc::clone(&self.processes[node]);
        let future = async move { Done::Answered(op, process.send(&sent).await) };
        self.begin(node, Work::Ask(op), future.boxed());
    }

    /// Somebody looks at the timers.
    pub(crate) fn claim(&mut self) {
        let node = self.node();
        let process = Arc::clone(&self.processes[node]);
        let future = async move {
            match process.engine.claim_timers(SHARD).await {
                Ok(claimed) => Done::Claimed(claimed),
                Err(_) => Done::Nothing,
            }
        };
        self.begin(node, Work::Claim, future.boxed());
    }

    /// A timer that was claimed rings.
    pub(crate) fn ring(&mut self, claimed: Claimed) {
        let node = self.node();
        let process = Arc::clone(&self.processes[node]);
        let future = async move {
            // Whatever comes of it, the timer is there until it was done.
            let _rang = process.engine.ring(SHARD, claimed).await;
            Done::Nothing
        };
        self.begin(node, Work::Ring, future.boxed());
    }

    pub(crate) fn drive(&mut self, organisation: Organisation, saga: Uid) {
        let node = self.node();
        let process = Arc::clone(&self.processes[node]);
        let future = async move {
            let _stood = process.commerce.sagas.drive(organisation, saga).await;
            Done::Nothing
        };
        self.begin(node, Work::Drive(saga), future.boxed());
    }

    /// A consumer reads on.
    pub(crate) fn read_on(&mut self, consumer: &'static str) {
        let node = self.node();
        let process = Arc::clone(&self.processes[node]);
        let future = async move {
            let _read = process.engine.read_on(SHARD, consumer).await;
            Done::Nothing
        };
        self.begin(node, Work::Read(consumer), future.boxed());
    }

    /// The provider tells something.
    pub(crate) fn tell(&mut self, notice: &Notice) {
        let (headers, body) = self.fake.write(std::slice::from_ref(notice));
        let mut sent = Sent::new(
            ("", ""),
            http::Method::POST,
            "/api/payments/fake/notices",
            &serde_json::Value::Null,
        );
        (sent.headers, sent.body) = (headers, body);
        self.clients.ops.push(Op::notice(sent));
        self.send(self.clients.ops.len() - 1);
    }

    pub(crate) fn consumers(&self) -> Vec<&'static str> {
        self.processes[0].engine.consumers().collect()
    }

    /// Faults stop, and everything has to come to its end.
    async fn heal(&mut self) -> Result<(), String> {
        self.fates.calm(true);
        self.fake.set_faults(Default::default());
        self.fake.come_up();
        self.is_down = false;
        self.fake.deliver_delayed();
        self.rest().await?;
        // Ever longer waits, as long as whoever waits for an order that is for later.
        for round in 0..ROUNDS_MAX {
            if self.round(round).await? {
                return Ok(());
            }
            let wait = 5_u64 << (round / 12).min(6);
            self.pass(Duration::from_secs(wait));
        }
        let rows = Rows(&self.db);
        let open = self.book.orders.values().filter(|order| !order.is_final());
        let open: Vec<_> = open.map(|order| (&order.id, &order.status)).collect();
        let (sagas, timers) = (rows.sagas().await, rows.timers().await);
        Err(format!(
            "16: no end: {open:?}, sagas {sagas:?}, timers {timers:?}"
        ))
    }

    /// Lets whatever is under way end.
    pub(crate) async fn rest(&mut self) -> Result<(), String> {
        while !self.is_at_rest() {
            let is_ready = |task: &Task| task.flag.is_ready.load(Ordering::SeqCst);
            match self.tasks.iter().position(is_ready) {
                Some(at) => self.go_on(at).await?,
                None => self.idle().await,
            }
        }
        Ok(())
    }

    /// Ten seconds in which nothing goes wrong; says whether all has come to its end.
    async fn round(&mut self, round: u64) -> Result<bool, String> {
        self.mend().await;
        self.claim();
        self.rest().await?;
        while let Some(claimed) = self.claimed.pop_front() {
            self.ring(claimed);
            self.rest().await?;
        }
        for (organisation, saga, run_at, ..) in Rows(&self.db).sagas().await {
            if run_at < i64::MAX {
                self.drive(organisation, saga);
                self.rest().await?;
            }
        }
        for consumer in self.consumers() {
            self.read_on(consumer);
            self.rest().await?;
        }
        let told = std::mem::take(&mut self.told);
        for notice in told.into_iter().chain(self.fake.take_notices()) {
            if !self.plan.has(Fault::NoticeLost) {
                self.tell(&notice);
                self.rest().await?;
            }
        }
        let open = self.clients.unfinished(&self.book, round);
        for op in open {
            self.send(op);
            self.rest().await?;
        }
        self.is_over().await
    }

    /// What was parked because nobody got to do anything for minutes again and again an operator lets run again. What is
    /// parked for any other reason stays, and is found.
    async fn mend(&self) {
        let rows = Rows(&self.db);
        let engine = &self.processes[0].engine;
        for (kind, run_at, error) in rows.timers().await {
            if run_at == i64::MAX && is_late(&error) {
                engine.retry_timers(SHARD, &kind).await.unwrap();
            }
        }
        let sagas = &self.processes[0].commerce.sagas;
        for (organisation, id, run_at, _, _, error) in rows.sagas().await {
            if run_at < i64::MAX || !is_late(&error) {
                continue;
            }
            let Some(parked) = sagas.find(organisation, id).await.unwrap() else {
                continue;
            };
            let mut commit = self.db.new_commit(organisation);
            parked.retry(&mut commit);
            let deadline = self.db.deadline();
            self.db.commit(commit, &deadline).await.unwrap();
        }
    }

    async fn is_over(&self) -> Result<bool, String> {
        let rows = Rows(&self.db);
        let sagas = rows.sagas().await;
        if let Some(parked) = sagas.iter().find(|saga| saga.2 == i64::MAX) {
            return Err(format!("16: a saga is parked: {parked:?}"));
        }
        let timers = rows.timers().await;
        if let Some(parked) = timers.iter().find(|timer| timer.1 == i64::MAX) {
            return Err(format!("16: a timer is parked: {parked:?}"));
        }
        let is_due = |kind: &str| kind.starts_with("payment.") || kind == "capacity.lapse";
        let waits = timers.iter().any(|timer| is_due(&timer.0));
        let is_open = self.book.orders.values().any(|order| !order.is_final());
        let asks = self.clients.ops.iter().any(Op::is_open);
        let waits = waits || self.book.refunds.values().any(|one| one.state == "asked");
        let is_done = sagas.is_empty() && !waits && !is_open && !asks;
        Ok(is_done && rows.unheard().await == 0 && rows.behind().await == 0)
    }
}

/// Whether it was given up because time was over.
fn is_late(error: &str) -> bool {
    error.starts_with("deadline:")
}
