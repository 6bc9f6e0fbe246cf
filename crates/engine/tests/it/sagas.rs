//! Sagas go on at once, are taken over when their holder dies, and are undone, parked or mended by an operator.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Currency, Money, Result, Uid};
use engine::Tasks;
use engine::sagas::{
    At, Direction, Kind, Pace, Parts, Saga, Sagas, Script, Shown, Standing, State, Turn, Which,
    wake,
};
use serde::{Deserialize, Serialize};
use store::Db;
use testkit::trial::HOLD_STOCK;
use tokio::runtime::Builder;

use crate::world::{World, stamp, until};

stamp! {
    sqlite Sqlite: steps_that_answer_go_on_at_once who_dies_is_followed_within_two_seconds
        a_step_may_take_longer_than_a_lease who_stops_in_time_leaves_nothing_waiting
        a_step_that_errs_is_tried_and_then_undone_from_its_own_undo_on what_failed_undoes_what_was_before_it
        an_undo_that_errs_is_parked_with_its_money_and_retried what_must_be_done_is_parked_and_settled_or_undone
        an_unknown_journal_is_parked_and_never_dropped what_waits_is_asked_again_and_woken
        a_stale_step_runs_again_at_once what_is_handed_on_is_had_by_the_next_step_alone
        what_cannot_be_undone_is_not_thrown_away;
    inline Inline: steps_that_answer_go_on_at_once what_failed_undoes_what_was_before_it
        what_waits_is_asked_again_and_woken what_is_handed_on_is_had_by_the_next_step_alone
        what_cannot_be_undone_is_not_thrown_away;
    postgres Postgres: steps_that_answer_go_on_at_once who_dies_is_followed_within_two_seconds
        a_step_may_take_longer_than_a_lease who_stops_in_time_leaves_nothing_waiting
        a_step_that_errs_is_tried_and_then_undone_from_its_own_undo_on what_failed_undoes_what_was_before_it
        an_undo_that_errs_is_parked_with_its_money_and_retried what_must_be_done_is_parked_and_settled_or_undone
        an_unknown_journal_is_parked_and_never_dropped what_waits_is_asked_again_and_woken
        a_stale_step_runs_again_at_once what_is_handed_on_is_had_by_the_next_step_alone
        what_cannot_be_undone_is_not_thrown_away;
}

static THINGS: Kind = Kind::new("trial.things", 1);

/// What a step does when it is called, by its name; undos have a minus in front.
#[derive(Clone, Copy, Debug)]
enum Does {
    Done,
    Then,
    Over,
    Errs,
    Fails,
    Waits(u64),
    Sleeps(u64),
    Hangs,
    /// A guard that does not hold, the first two times.
    Stale,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Things {
    done: Vec<String>,
}

impl State for Things {
    fn money(&self) -> Option<Money> {
        let euro: Currency = "EUR".parse().ok()?;
        Some(Money::new(2_549, euro))
    }
}

/// What steps do, and which were called.
#[derive(Clone, Default)]
struct Play {
    does: Arc<Mutex<BTreeMap<String, Does>>>,
    called: Arc<Mutex<Vec<String>>>,
}

impl Play {
    fn new(does: &[(&str, Does)]) -> Self {
        let play = Play::default();
        does.iter().for_each(|(name, does)| play.now(name, *does));
        play
    }

    fn now(&self, name: &str, does: Does) {
        self.does.lock().unwrap().insert(name.to_owned(), does);
    }

    fn called(&self) -> String {
        self.called.lock().unwrap().join(" ")
    }

    fn times(&self, name: &str) -> usize {
        let called = self.called.lock().unwrap();
        called.iter().filter(|other| *other == name).count()
    }

    async fn call(
        self,
        world: Arc<World>,
        name: String,
        mut at: At<Things>,
    ) -> Result<Turn<Things>> {
        self.called.lock().unwrap().push(name.clone());
        let does = self.does.lock().unwrap().get(&name).copied();
        at.state.done.push(name);
        Ok(match does.unwrap_or(Does::Done) {
            Does::Done => at.done(),
            Does::Then => at.then(),
            Does::Over => at.over(),
            Does::Errs => return Err(base::Error::internal(base::codes::INTERNAL, "no way")),
            Does::Fails => at.failed("REFUSED"),
            Does::Waits(millis) => at.wait(Duration::from_millis(millis)),
            Does::Sleeps(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                at.done()
            }
            Does::Hangs => std::future::pending().await,
            Does::Stale => {
                let stale = self.called.lock().unwrap().len() < 3;
                let wanted = if stale { 5 } else { 0 };
                at.commit
                    .guard(&HOLD_STOCK, [world.home.dish.into(), wanted.into()]);
                at.done()
            }
        })
    }

    /// `a` and `b` can be undone, `c` must be done.
    fn script(&self, world: &Arc<World>) -> Script<Things> {
        let step = |name: &'static str| {
            let (play, world) = (self.clone(), Arc::clone(world));
            move |at| play.clone().call(Arc::clone(&world), name.to_owned(), at)
        };
        Script::new(&THINGS)
            .step("a", step("a"), step("-a"))
            .step("b", step("b"), step("-b"))
            .must("c", step("c"))
    }
}

/// One node with nothing but sagas.
struct Node {
    sagas: Sagas,
    tasks: Tasks,
}

fn node(world: &Arc<World>, db: &Db, scripts: Vec<Script<Things>>) -> Node {
    let (clock, random) = (world.trial.clock.clone(), world.trial.random.clone());
    let tasks = Tasks::new(clock.clone(), random.clone());
    let parts = Parts {
        db: db.clone(),
        clock,
        random,
    };
    let pace = Pace {
        wait: Duration::from_millis(10),
        orphan: Duration::from_millis(1_000),
        ..Pace::default()
    };
    let sagas = Sagas::paced(parts, pace);
    let scripts = scripts.into_iter().map(Into::into);
    sagas.learn(scripts.collect()).unwrap();
    sagas.start(&tasks);
    Node { sagas, tasks }
}

impl Node {
    async fn stop(self) {
        let late = self.tasks.stop(Duration::from_secs(10)).await;
        assert_eq!(late, Vec::<String>::new());
        let failed = self.tasks.states().into_iter();
        let failed: Vec<_> = failed
            .filter(|state| state.last_failure.is_some())
            .collect();
        assert_eq!(failed, []);
    }

    async fn shown(&self, world: &World, saga: Uid) -> Option<Shown> {
        let found = self.sagas.find(world.home.organisation, saga).await;
        found.unwrap()
    }

    async fn parked(&self, world: &World, saga: Uid) -> Shown {
        until("it is parked", || async {
            let shown = self.shown(world, saga).await;
            shown.is_some_and(|shown| shown.standing == Standing::Parked)
        })
        .await;
        let listed = self.sagas.list(Which::Parked, None, 10).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(self.sagas.list(Which::Open, None, 10).await.unwrap(), []);
        assert_eq!(Some(&listed[0]), self.shown(world, saga).await.as_ref());
        listed[0].clone()
    }

    async fn ended(&self, world: &World, saga: Uid) {
        until("it has ended", || async {
            self.shown(world, saga).await.is_none()
        })
        .await;
    }
}

async fn begin(world: &World, sagas: &Sagas) -> Uid {
    let begun = store(world, &THINGS).await;
    let id = begun.id;
    sagas.go(begun);
    id
}

async fn store(world: &World, kind: &Kind) -> engine::sagas::Begun {
    let mut commit = world.db().new_commit(world.home.organisation);
    let saga = Saga::new(kind, world.id(), &Things { done: vec![] }).unwrap();
    let begun = saga.begin(&world.trial.random, &mut commit);
    act(world, commit).await;
    begun
}

async fn act(world: &World, commit: store::Commit) {
    let (db, deadline) = (world.db(), world.db().deadline());
    db.commit(commit, &deadline).await.unwrap();
}

#[allow(clippy::print_stdout, reason = "people ask how long it took")]
async fn steps_that_answer_go_on_at_once(world: Arc<World>) {
    let play = Play::new(&[("a", Does::Then)]);
    let node = node(&world, world.db(), vec![play.script(&world)]);
    let began = world.trial.clock.elapsed();
    let saga = begin(&world, &node.sagas).await;
    node.ended(&world, saga).await;
    let took = world.trial.clock.elapsed() - began;
    println!("three steps took {took:?}");
    assert_eq!(play.called(), "a b c");
    assert!(
        took < Duration::from_secs(1),
        "it waited for a look: {took:?}"
    );
    // One that nobody goes on with is found by its row.
    let found = store(&world, &THINGS).await.id;
    node.ended(&world, found).await;
    assert_eq!(play.called(), "a b c a b c");
    // Where nothing is left to do nobody else is called.
    play.now("b", Does::Over);
    let saga = begin(&world, &node.sagas).await;
    node.ended(&world, saga).await;
    assert_eq!(play.called(), "a b c a b c a b");
    node.stop().await;
}

#[allow(clippy::print_stdout, reason = "people ask how long it took")]
async fn who_dies_is_followed_within_two_seconds(world: Arc<World>) {
    let hangs = Play::new(&[("b", Does::Hangs)]);
    let begun = store(&world, &THINGS).await;
    let saga = begun.id;
    // A process of its own is a runtime that is dropped with all that it does, at any wait.
    let dying = {
        let (world, hangs) = (Arc::clone(&world), hangs.clone());
        tokio::task::spawn_blocking(move || {
            let process = Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            process.block_on(async {
                let db = world.trial.another_node().await;
                let node = node(&world, &db, vec![hangs.script(&world)]);
                node.sagas.go(begun);
                until("it hangs", || async { hangs.times("b") == 1 }).await;
                // Leases were renewed when it dies.
                tokio::time::sleep(Duration::from_millis(2_100)).await;
            });
            process.shutdown_background();
        })
    };
    let other = world.trial.another_node().await;
    let play = Play::default();
    let node = node(&world, &other, vec![play.script(&world)]);
    dying.await.unwrap();
    assert_eq!(play.called(), "", "it was taken from somebody who lives");
    let died = world.trial.clock.elapsed();
    until("it is taken over", || async { play.times("b") == 1 }).await;
    let waited = world.trial.clock.elapsed() - died;
    println!("taken over after {waited:?}");
    node.ended(&world, saga).await;
    assert_eq!(
        (hangs.called(), play.called()),
        ("a b".into(), "b c".into())
    );
    assert!(waited <= Duration::from_secs(2), "it waited for {waited:?}");
    node.stop().await;
}

async fn a_step_may_take_longer_than_a_lease(world: Arc<World>) {
    let slow = Play::new(&[("b", Does::Sleeps(3_500))]);
    let one = node(&world, world.db(), vec![slow.script(&world)]);
    let saga = begin(&world, &one.sagas).await;
    until("it sleeps", || async { slow.times("b") == 1 }).await;
    let other = world.trial.another_node().await;
    let play = Play::default();
    let two = node(&world, &other, vec![play.script(&world)]);
    one.ended(&world, saga).await;
    assert_eq!(
        (slow.called(), play.called()),
        ("a b c".into(), String::new())
    );
    one.stop().await;
    two.stop().await;
}

async fn who_stops_in_time_leaves_nothing_waiting(world: Arc<World>) {
    let slow = Play::new(&[("a", Does::Sleeps(300))]);
    let one = node(&world, world.db(), vec![slow.script(&world)]);
    let saga = begin(&world, &one.sagas).await;
    until("it sleeps", || async { slow.times("a") == 1 }).await;
    one.stop().await;
    let other = world.trial.another_node().await;
    let play = Play::default();
    let two = node(&world, &other, vec![play.script(&world)]);
    two.ended(&world, saga).await;
    assert_eq!(format!("{} {}", slow.called(), play.called()), "a b c");
    two.stop().await;
}

async fn a_step_that_errs_is_tried_and_then_undone_from_its_own_undo_on(world: Arc<World>) {
    let play = Play::new(&[("b", Does::Errs)]);
    let node = node(&world, world.db(), vec![play.script(&world)]);
    let saga = begin(&world, &node.sagas).await;
    node.ended(&world, saga).await;
    assert_eq!(play.called(), "a b b b b b -b -a");
    node.stop().await;
}

async fn what_failed_undoes_what_was_before_it(world: Arc<World>) {
    let play = Play::new(&[("a", Does::Then), ("b", Does::Fails)]);
    let node = node(&world, world.db(), vec![play.script(&world)]);
    let saga = begin(&world, &node.sagas).await;
    node.ended(&world, saga).await;
    assert_eq!(play.called(), "a b -a");
    node.stop().await;
}

async fn an_undo_that_errs_is_parked_with_its_money_and_retried(world: Arc<World>) {
    let play = Play::new(&[("b", Does::Fails), ("-a", Does::Errs)]);
    let node = node(&world, world.db(), vec![play.script(&world)]);
    let saga = begin(&world, &node.sagas).await;
    let shown = node.parked(&world, saga).await;
    assert_eq!(play.times("-a"), 8);
    let euro: Currency = "EUR".parse().unwrap();
    assert_eq!(shown.money, Some(Money::new(2_549, euro)));
    assert_eq!(
        (shown.error.as_str(), shown.reason.as_str()),
        ("internal: no way", "REFUSED")
    );
    assert_eq!(
        (shown.step, shown.direction, shown.tries),
        (0, Direction::Back, 8)
    );
    assert_eq!(
        (shown.steps.clone(), shown.run_at),
        (vec!["a", "b", "c"], None)
    );

    let mut commit = world.db().new_commit(world.home.organisation);
    assert!(shown.compensate("again", &mut commit).is_err());
    play.now("-a", Does::Done);
    shown.retry(&mut commit);
    act(&world, commit).await;
    node.ended(&world, saga).await;
    node.stop().await;
}

async fn what_must_be_done_is_parked_and_settled_or_undone(world: Arc<World>) {
    let play = Play::new(&[("c", Does::Fails)]);
    let node = node(&world, world.db(), vec![play.script(&world)]);
    let settled = begin(&world, &node.sagas).await;
    let shown = node.parked(&world, settled).await;
    assert_eq!(
        (shown.error.as_str(), shown.direction),
        ("REFUSED", Direction::Forward)
    );
    assert!(shown.state.contains("\"c\""), "{}", shown.state);
    let mut commit = world.db().new_commit(world.home.organisation);
    shown.settle(&mut commit).unwrap();
    act(&world, commit).await;
    assert_eq!(node.shown(&world, settled).await, None);
    assert_eq!(play.called(), "a b c");

    let undone = begin(&world, &node.sagas).await;
    let shown = node.parked(&world, undone).await;
    let mut commit = world.db().new_commit(world.home.organisation);
    shown.compensate("the guest has gone", &mut commit).unwrap();
    let mut again = world.db().new_commit(world.home.organisation);
    shown.retry(&mut again);
    act(&world, commit).await;
    let late = world.db().commit(again, &world.db().deadline()).await;
    assert!(
        late.is_err(),
        "an act upon what was seen before another act"
    );
    node.ended(&world, undone).await;
    assert_eq!(play.called(), "a b c a b c -b -a");

    // Who waits after somebody's word does not know any more why it was parked.
    let waits = begin(&world, &node.sagas).await;
    let shown = node.parked(&world, waits).await;
    play.now("c", Does::Waits(3_600_000));
    let mut commit = world.db().new_commit(world.home.organisation);
    shown.retry(&mut commit);
    act(&world, commit).await;
    until("it waits", || async {
        let shown = node.shown(&world, waits).await.unwrap();
        shown.standing == Standing::Waiting
    })
    .await;
    assert_eq!(node.shown(&world, waits).await.unwrap().error, "");
    node.stop().await;
}

async fn an_unknown_journal_is_parked_and_never_dropped(world: Arc<World>) {
    let next = Kind::new("trial.things", 2);
    let saga = store(&world, &next).await.id;
    let node = node(&world, world.db(), vec![Play::default().script(&world)]);
    let shown = node.parked(&world, saga).await;
    let said = "no node knows version 2 of the journal of trial.things";
    assert_eq!((shown.error.as_str(), shown.steps.len()), (said, 0));
    node.stop().await;
}

async fn what_waits_is_asked_again_and_woken(world: Arc<World>) {
    let play = Play::new(&[("b", Does::Waits(50))]);
    let node = node(&world, world.db(), vec![play.script(&world)]);
    let saga = begin(&world, &node.sagas).await;
    until("it asked often", || async { play.times("b") > 9 }).await;
    play.now("b", Does::Waits(3_600_000));
    let waits = async || {
        let shown = node.shown(&world, saga).await.unwrap();
        let far = world.trial.clock.now().plus(Duration::from_secs(60));
        shown.standing == Standing::Waiting && shown.run_at > far
    };
    until("it waits for long", waits).await;
    play.now("b", Does::Done);
    let mut commit = world.db().new_commit(world.home.organisation);
    wake(saga, &mut commit);
    act(&world, commit).await;
    node.ended(&world, saga).await;
    assert!(play.called().ends_with("b c"), "{}", play.called());
    node.stop().await;
}

async fn a_stale_step_runs_again_at_once(world: Arc<World>) {
    let play = Play::new(&[("b", Does::Stale)]);
    let node = node(&world, world.db(), vec![play.script(&world)]);
    let saga = begin(&world, &node.sagas).await;
    node.ended(&world, saga).await;
    assert_eq!(play.called(), "a b b c");
    node.stop().await;
}

/// What each step had of what the one before it handed on.
type Had = Arc<Mutex<Vec<Option<String>>>>;

async fn hands_on(
    world: Arc<World>,
    (name, stale): (&'static str, i64),
    had: Had,
    mut at: At<Things>,
) -> Result<Turn<Things>> {
    let before = at.had::<String>();
    let is_first = before.is_some();
    had.lock()
        .unwrap()
        .push(before.map(|text| text.to_string()));
    // What it had is old, says a guard: it runs again, and is handed nothing.
    let wanted = if is_first { stale } else { 0 };
    at.commit
        .guard(&HOLD_STOCK, [world.home.dish.into(), wanted.into()]);
    at.hand(name.to_owned());
    Ok(at.done())
}

async fn what_is_handed_on_is_had_by_the_next_step_alone(world: Arc<World>) {
    let had = Had::default();
    let step = |name, stale| {
        let (world, had) = (Arc::clone(&world), Arc::clone(&had));
        move |at| hands_on(Arc::clone(&world), (name, stale), Arc::clone(&had), at)
    };
    let silent = |at: At<Things>| async move { Ok(at.done()) };
    let script = Script::<Things>::new(&THINGS)
        .must("a", step("a", 0))
        .must("b", step("b", 5))
        .must("silent", silent)
        .must("c", step("c", 0));
    let node = node(&world, world.db(), vec![script]);
    let begun = store(&world, &THINGS).await;
    let (saga, now) = (begun.id, world.trial.clock.now());
    node.sagas.go(begun.hand("first".to_owned(), now));
    node.ended(&world, saga).await;
    let all = had.lock().unwrap().clone();
    let all: Vec<_> = all.iter().map(Option::as_deref).collect();
    assert_eq!(all, [Some("first"), Some("a"), None, None]);
    // Who takes it over, or comes late, has nothing.
    had.lock().unwrap().clear();
    let saga = store(&world, &THINGS).await.id;
    node.ended(&world, saga).await;
    let late = store(&world, &THINGS).await;
    let (saga, long_ago) = (late.id, now.minus(Duration::from_secs(5)).unwrap());
    node.sagas.go(late.hand("late".to_owned(), long_ago));
    node.ended(&world, saga).await;
    let all = had.lock().unwrap().clone();
    assert_eq!((all.len(), &all[0], &all[4]), (8, &None, &None));
    node.stop().await;
}

async fn what_cannot_be_undone_is_not_thrown_away(world: Arc<World>) {
    let fails = |at: At<Things>| async move { Ok(at.failed("REFUSED")) };
    let script = || Script::<Things>::new(&THINGS).must("a", fails);
    let node = node(&world, world.db(), vec![script()]);
    let saga = begin(&world, &node.sagas).await;
    let shown = node.parked(&world, saga).await;
    let mut commit = world.db().new_commit(world.home.organisation);
    let refused = shown.compensate("the guest has gone", &mut commit);
    assert_eq!(refused.unwrap_err().code(), base::codes::REFUSED);
    // Somebody who does not know its steps may say so all the same.
    let strange = Sagas::new(Parts {
        db: world.db().clone(),
        clock: world.trial.clock.clone(),
        random: world.trial.random.clone(),
    });
    let found = strange.find(world.home.organisation, saga).await;
    let found = found.unwrap().unwrap();
    found.compensate("the guest has gone", &mut commit).unwrap();
    act(&world, commit).await;
    until("it stands as it stood", || async {
        let shown = node.shown(&world, saga).await.unwrap();
        shown.standing == Standing::Parked && shown.direction == Direction::Forward
    })
    .await;
    let shown = node.parked(&world, saga).await;
    assert_eq!(
        (shown.step, shown.error.as_str()),
        (0, "there is no way back from here")
    );
    node.stop().await;
}
