//! Jobs run once, in turn, whoever dies meanwhile; what failed can be looked at, and chains wait for what is before them.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::Uid;
use engine::jobs::{Progress, progress};
use engine::{Engine, Job, JobHandler, JobSettings, Priority, Settings, Tasks, Worked};
use fabric::{Bus, Room, Trust};
use store::Commit;
use testkit::trial::Home;

use crate::world::{SHARD, World, settings, stamp, until};

stamp! {
    sqlite Sqlite: jobs_run_once_and_when_they_may what_fails_is_put_aside_and_can_run_again
        ten_thousand_jobs_of_one_do_not_delay_the_one_of_another chains_wait_for_batches
        who_dies_with_a_job_is_followed_by_another many_nodes_share_many_jobs
        a_job_that_goes_on_later_has_not_failed a_stop_gives_back_what_is_under_way
        a_refused_commit_adds_none_and_a_cancelled_job_has_no_effect;
    postgres Postgres: jobs_run_once_and_when_they_may what_fails_is_put_aside_and_can_run_again
        ten_thousand_jobs_of_one_do_not_delay_the_one_of_another chains_wait_for_batches
        who_dies_with_a_job_is_followed_by_another many_nodes_share_many_jobs
        a_job_that_goes_on_later_has_not_failed a_stop_gives_back_what_is_under_way
        a_refused_commit_adds_none_and_a_cancelled_job_has_no_effect;
}

const LEASE: Duration = Duration::from_millis(900);

fn quick(node: &str) -> Settings {
    let mut settings = settings(node);
    settings.jobs = JobSettings {
        lease: LEASE,
        wait: Duration::from_millis(20),
        stop_within: Duration::from_millis(200),
        ..JobSettings::default()
    };
    settings
}

struct Node {
    engine: Engine,
    tasks: Tasks,
}

impl Node {
    fn new(world: &World, settings: Settings, jobs: Vec<JobHandler>) -> Self {
        let (clock, random) = (world.trial.clock.clone(), world.trial.random.clone());
        let tasks = Tasks::new(clock.clone(), random.clone());
        let parts = engine::Parts {
            db: world.db().clone(),
            clock,
            random,
            bus: Bus::memory(Room::default()),
            trust: Trust::withdrawn(),
        };
        let engine = Engine::new(parts, settings, vec![], vec![]).unwrap();
        let engine = engine.with_jobs(jobs).unwrap();
        engine.start(&tasks);
        Node { engine, tasks }
    }

    async fn stop(self) {
        let late = self.tasks.stop(Duration::from_secs(10)).await;
        assert_eq!(late, Vec::<String>::new());
        let failed = self.tasks.states().into_iter();
        let failed: Vec<_> = failed
            .filter(|state| state.last_failure.is_some())
            .collect();
        assert_eq!(failed, []);
    }
}

async fn store(world: &World, commit: Commit) {
    let stored = world.db().commit(commit, &world.db().deadline()).await;
    stored.unwrap();
}

async fn enqueue(world: &World, job: Job) -> Uid {
    let id = world.id();
    let mut commit = world.db().new_commit(world.home.organisation);
    job.enqueue(id, &mut commit);
    store(world, commit).await;
    id
}

fn job() -> Job {
    Job::new("thing.do", "{\"thing\":7}")
}

/// Has one effect for each job.
fn counts(world: &Arc<World>) -> JobHandler {
    let world = Arc::clone(world);
    JobHandler::new("thing.do", move |doing| {
        assert_eq!(doing.payload, "{\"thing\":7}");
        let effect = world.effect();
        async move { Ok(worked(effect)) }
    })
}

fn worked(effect: engine::Handled) -> Worked {
    match effect {
        engine::Handled::Commit(commit) => Worked::Commit(commit),
        engine::Handled::Done => Worked::Done,
    }
}

async fn jobs_run_once_and_when_they_may(world: Arc<World>) {
    let node = Node::new(&world, quick("a"), vec![counts(&world)]);
    let began = world.trial.clock.elapsed();
    let later = world.trial.clock.now().plus(Duration::from_millis(800));
    enqueue(&world, job().not_before(later.unwrap())).await;
    enqueue(&world, job().priority(Priority::High)).await;
    enqueue(&world, job().priority(Priority::Low)).await;
    until("two ran", || async { world.effects().await >= 2 }).await;
    until("all ran", || async { world.effects().await == 3 }).await;
    assert!(world.trial.clock.elapsed() - began >= Duration::from_millis(800));
    tokio::time::sleep(LEASE + Duration::from_millis(400)).await;
    assert_eq!(world.effects().await, 3, "none runs twice");
    node.stop().await;
}

async fn a_refused_commit_adds_none_and_a_cancelled_job_has_no_effect(world: Arc<World>) {
    let same = enqueue(&world, job().not_before(far(&world))).await;
    let (other, mut commit) = (world.id(), world.db().new_commit(world.home.organisation));
    job().enqueue(other, &mut commit);
    job().enqueue(same, &mut commit);
    let refused = world.db().commit(commit, &world.db().deadline()).await;
    assert!(refused.is_err(), "an id is there once");
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let inner = Arc::clone(&world);
    let slow = JobHandler::new("thing.slow", move |_| {
        seen.store(true, Ordering::SeqCst);
        let world = Arc::clone(&inner);
        async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok(worked(world.effect()))
        }
    });
    let node = Node::new(&world, quick("a"), vec![counts(&world), slow]);
    let cancelled = enqueue(&world, Job::new("thing.slow", "{}")).await;
    until("it has begun", || async { begun.load(Ordering::SeqCst) }).await;
    let mut commit = world.db().new_commit(world.home.organisation);
    Job::cancel(cancelled, &mut commit);
    Job::cancel(same, &mut commit);
    store(&world, commit).await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(world.effects().await, 0);
    node.stop().await;
}

fn far(world: &World) -> base::Time {
    let now = world.trial.clock.now();
    now.plus(Duration::from_secs(3_600)).unwrap()
}

async fn what_fails_is_put_aside_and_can_run_again(world: Arc<World>) {
    let (healed, tries) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let (good, count, inner) = (Arc::clone(&healed), Arc::clone(&tries), Arc::clone(&world));
    let ill = JobHandler::new("thing.ill", move |doing| {
        count.fetch_add(1, Ordering::SeqCst);
        assert!(
            good.load(Ordering::SeqCst) || doing.tries % 2 == 1,
            "panics are failures"
        );
        let effect = good.load(Ordering::SeqCst).then(|| worked(inner.effect()));
        async move { effect.ok_or_else(|| base::Error::internal(base::codes::INTERNAL, "it is ill")) }
    });
    let node = Node::new(&world, quick("a"), vec![ill]);
    let id = enqueue(&world, Job::new("thing.ill", "{}")).await;
    let failed = async || node.engine.failed_jobs(SHARD, None, 9).await.unwrap();
    until("it is put aside", || async { !failed().await.is_empty() }).await;
    assert_eq!(tries.load(Ordering::SeqCst), Priority::Normal.tries());
    let aside = failed().await;
    assert_eq!((aside[0].job.id, aside[0].job.tries), (id, 3));
    assert!(aside[0].error.ends_with("it is ill"), "{}", aside[0].error);
    healed.store(true, Ordering::SeqCst);
    let key = (world.home.organisation, id);
    assert!(node.engine.reprocess_job(SHARD, key).await.unwrap());
    until("it ran", || async { world.effects().await == 1 }).await;
    assert!(!node.engine.reprocess_job(SHARD, key).await.unwrap());
    assert!(!node.engine.discard_job(SHARD, key).await.unwrap());
    node.stop().await;
}

/// Organisation 0 of this world enqueues ten thousand, another one then a single job.
async fn ten_thousand_jobs_of_one_do_not_delay_the_one_of_another(world: Arc<World>) {
    let other: Home = world.trial.home(1).await;
    for _ in 0..20 {
        let mut commit = world.db().new_commit(world.home.organisation);
        for _ in 0..500 {
            Job::new("thing.slow", "{}").enqueue(world.id(), &mut commit);
        }
        store(&world, commit).await;
    }
    let (done, first) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(None)));
    let (count, seen, single) = (Arc::clone(&done), Arc::clone(&first), other.organisation);
    let slow = JobHandler::new("thing.slow", move |doing| {
        let before = count.fetch_add(1, Ordering::SeqCst);
        if doing.organisation == single {
            *seen.lock().unwrap() = Some(before);
        }
        async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(Worked::Done)
        }
    });
    let node = Node::new(&world, quick("a"), vec![slow]);
    until("many are done", || async {
        done.load(Ordering::SeqCst) > 50
    })
    .await;
    let before = done.load(Ordering::SeqCst);
    let mut commit = world.db().new_commit(other.organisation);
    let id = Uid::make(&world.trial.clock, &world.trial.random, other.organisation);
    Job::new("thing.slow", "{}").enqueue(id, &mut commit);
    store(&world, commit).await;
    until("it ran", || async { first.lock().unwrap().is_some() }).await;
    let waited = first.lock().unwrap().unwrap() - before;
    assert!(waited < 500, "{waited} of the other ran before it");
    node.stop().await;
}

async fn chains_wait_for_batches(world: Arc<World>) {
    let (order, open) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(AtomicBool::new(false)),
    );
    let (told, gate) = (Arc::clone(&order), Arc::clone(&open));
    let tells = JobHandler::new("thing.tell", move |doing| {
        let (told, open) = (Arc::clone(&told), gate.load(Ordering::SeqCst));
        async move {
            if !open && doing.payload == "2" {
                return Err(base::Error::internal(base::codes::INTERNAL, "not yet"));
            }
            told.lock().unwrap().push(doing.payload);
            Ok(Worked::Done)
        }
    });
    let house = world.home.organisation;
    let (batch, next, last) = (world.id(), world.id(), world.id());
    let mut commit = world.db().new_commit(house);
    let tell = |text: &str| Job::new("thing.tell", text);
    tell("last").after(next).enqueue(last, &mut commit);
    tell("next").after(batch).enqueue(next, &mut commit);
    for number in 0..5 {
        let one = tell(&number.to_string()).in_batch(batch, 5);
        one.enqueue(world.id(), &mut commit);
    }
    store(&world, commit).await;
    let how_far = async || progress(world.db(), house, batch).await.unwrap();
    let far = |done, failed| {
        Some(Progress {
            total: 5,
            done,
            failed,
        })
    };
    assert_eq!(how_far().await, far(0, 0));
    let node = Node::new(&world, quick("a"), vec![tells]);
    until("one has failed", || async { how_far().await == far(4, 1) }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(order.lock().unwrap().len(), 4, "the others wait for it");
    open.store(true, Ordering::SeqCst);
    let again = node.engine.reprocess_jobs(SHARD, "thing.tell").await;
    assert_eq!(again.unwrap(), 1);
    until("all ran", || async { order.lock().unwrap().len() == 7 }).await;
    assert_eq!(order.lock().unwrap()[4..], ["2", "next", "last"]);
    assert_eq!(how_far().await, None);
    // What has ended already is not waited for.
    enqueue(&world, tell("late").after(batch)).await;
    until("it ran", || async { order.lock().unwrap().len() == 8 }).await;
    node.stop().await;
}

async fn who_dies_with_a_job_is_followed_by_another(world: Arc<World>) {
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let never = JobHandler::new("thing.do", move |_| {
        seen.store(true, Ordering::SeqCst);
        std::future::pending()
    });
    let dead = Node::new(&world, quick("a"), vec![never]);
    enqueue(&world, job()).await;
    until("it has begun", || async { begun.load(Ordering::SeqCst) }).await;
    // While it is held, nobody else begins.
    let other = Node::new(&world, quick("b"), vec![counts(&world)]);
    tokio::time::sleep(LEASE + LEASE).await;
    assert_eq!(world.effects().await, 0, "its claim is renewed");
    let late = dead.tasks.stop(Duration::ZERO).await;
    drop(late);
    until("the other did it", || async { world.effects().await == 1 }).await;
    other.stop().await;
}

async fn many_nodes_share_many_jobs(world: Arc<World>) {
    let nodes: Vec<Node> = ["a", "b", "c"]
        .map(|name| Node::new(&world, quick(name), vec![counts(&world)]))
        .into();
    for _ in 0..4 {
        let mut commit = world.db().new_commit(world.home.organisation);
        for _ in 0..50 {
            job().enqueue(world.id(), &mut commit);
        }
        store(&world, commit).await;
    }
    until("all ran", || async { world.effects().await >= 200 }).await;
    tokio::time::sleep(LEASE).await;
    assert_eq!(world.effects().await, 200);
    for node in nodes {
        node.stop().await;
    }
}

async fn a_job_that_goes_on_later_has_not_failed(world: Arc<World>) {
    let (rounds, inner) = (Arc::new(AtomicU32::new(0)), Arc::clone(&world));
    let count = Arc::clone(&rounds);
    let goes_on = JobHandler::new("thing.on", move |doing| {
        let round = count.fetch_add(1, Ordering::SeqCst);
        assert_eq!(doing.tries, 1);
        let (effect, now) = (worked(inner.effect()), inner.trial.clock.now());
        async move {
            match effect {
                Worked::Commit(commit) if round < 9 => Ok(Worked::Again { commit, at: now }),
                effect => Ok(effect),
            }
        }
    });
    let node = Node::new(&world, quick("a"), vec![goes_on]);
    enqueue(&world, Job::new("thing.on", "{}")).await;
    until("it ended", || async { world.effects().await == 10 }).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(rounds.load(Ordering::SeqCst), 10);
    node.stop().await;
}

async fn a_stop_gives_back_what_is_under_way(world: Arc<World>) {
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let never = JobHandler::new("thing.do", move |_| {
        seen.store(true, Ordering::SeqCst);
        std::future::pending()
    });
    let mut long = quick("a");
    long.jobs.lease = Duration::from_secs(3_600);
    let node = Node::new(&world, long, vec![never]);
    enqueue(&world, job()).await;
    until("it has begun", || async { begun.load(Ordering::SeqCst) }).await;
    node.stop().await;
    let other = Node::new(&world, quick("b"), vec![counts(&world)]);
    until("the other did it", || async { world.effects().await == 1 }).await;
    other.stop().await;
}
