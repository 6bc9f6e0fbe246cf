//! From the event log to the audit log, and what becomes of both while the audit database is away.

use std::sync::Arc;
use std::time::Duration;

use domain::audit::{Link, What};
use engine::{Parts as EngineParts, Settings, Tasks};
use fabric::{Bus, Room, Trust};
use platform::audit::{self, Period, Whose};
use store::{Db, Parts, Place};
use testkit::postgres::Server;
use testkit::proxy::{Direction, Proxy};
use testkit::trial::{Engine, SHARD, World};

use super::audit::{Log, WITHIN, entry, meddle, node};
use super::world::on_both;

on_both!(events_are_written_once);

static BRING: Parts = Parts {
    shards: &[&engine::PART],
    people: &[&engine::PART],
    control: &[&audit::CONTROL],
    audit: &[&audit::LOG],
};

/// An engine with the consumer of the audit log at work.
fn engine_of(log: &Log, name: &str) -> (engine::Engine, Tasks) {
    let world = &log.world;
    let tasks = Tasks::new(world.clock.clone(), world.random.clone());
    let parts = EngineParts {
        db: world.db.clone(),
        clock: world.clock.clone(),
        random: world.random.clone(),
        bus: Bus::memory(Room::default()),
        trust: Trust::withdrawn(),
    };
    let consumers = vec![audit::consumer(&log.ledger).unwrap()];
    let engine = engine::Engine::new(parts, Settings::new(name), consumers, Vec::new()).unwrap();
    engine.start(&tasks);
    (engine, tasks)
}

async fn actions(db: &Db) -> Vec<Link> {
    let of = (Whose::Everybodys, Period::new(None, None));
    let all = audit::oldest_first(db, of, None, 10_000).await.unwrap();
    all.into_iter()
        .filter(|link| link.entry.what == What::Action)
        .collect()
}

async fn until_written(db: &Db, count: usize) {
    for _ in 0..1_000 {
        if actions(db).await.len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the events were not written down");
}

async fn events_are_written_once(engine: Engine) {
    const EVENTS: usize = 40;
    let log = Log::new(engine).await;
    let world = &log.world;
    world.db.migrate(&BRING).await.unwrap();
    let home = world.home(1_000).await;
    for _ in 0..EVENTS {
        let order = world.order(&home);
        world.db.commit(order, &world.db.deadline()).await.unwrap();
    }
    let (_, tasks) = engine_of(&log, "one");
    until_written(&world.db, EVENTS).await;
    tasks.stop(WITHIN).await;
    // All are delivered once more.
    for database in ["shard", "people"] {
        meddle(
            world,
            database,
            "DELETE FROM consumers WHERE name = 'audit'",
        )
        .await;
    }
    let (_, tasks) = engine_of(&log, "two");
    for _ in 0..1_000 {
        let shard = &world.db.shards()[SHARD];
        let reached = shard.consumer("audit", &world.db.deadline()).await.unwrap();
        if reached >= shard.log_head(&world.db.deadline()).await.unwrap() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tasks.stop(WITHIN).await;
    let written = actions(&world.db).await;
    assert_eq!(written.len(), EVENTS);
    let shard = &world.db.shards()[SHARD];
    let logged = shard
        .log_after(0, 1_000, &world.db.deadline())
        .await
        .unwrap();
    assert_eq!(logged.len(), EVENTS);
    for event in &logged {
        let found = written.iter().find(|link| {
            let source = link.entry.source.as_deref().unwrap();
            source.ends_with(&format!(
                "{}/{}",
                base::uid::spell("str", event.stream),
                event.version
            ))
        });
        let entry = &found.unwrap().entry;
        assert_eq!(
            (&entry.operation, &entry.actor, entry.at),
            (&event.kind, &event.actor, event.at)
        );
        assert_eq!(entry.organisation, home.organisation);
    }
    log.stop().await;
    assert_eq!(log.verify().await.finding, None);
}

/// A world on PostgreSQL whose audit database is reached through a proxy.
async fn behind_a_proxy() -> (Log, Arc<Proxy>) {
    let address = Server::shared().address();
    let proxy = Arc::new(Proxy::start(address).await);
    let (from, to) = (
        format!("port={}", address.port()),
        format!("port={}", proxy.port()),
    );
    let world = World::tuned(Engine::Postgres, |settings| {
        let Place::Postgres(place) = &mut settings.audit else {
            panic!("it is on PostgreSQL");
        };
        for text in [&mut place.app, &mut place.queue, &mut place.direct] {
            *text = text.replace(&from, &to);
        }
    })
    .await;
    (Log::over(world).await, proxy)
}

#[tokio::test]
async fn while_the_log_is_away_events_wait_and_nobody_acts() {
    const EVENTS: usize = 30;
    let (log, proxy) = behind_a_proxy().await;
    let world = &log.world;
    world.db.migrate(&BRING).await.unwrap();
    let home = world.home(1_000).await;
    proxy.refuse();
    proxy.sever();
    let (engine, tasks) = engine_of(&log, "one");
    for _ in 0..EVENTS {
        let order = world.order(&home);
        world.db.commit(order, &world.db.deadline()).await.unwrap();
    }
    let began = world.clock.elapsed();
    let refused = log.ledger.append(entry(1), Duration::from_secs(3)).await;
    assert_eq!(refused.unwrap_err().kind(), base::Kind::Unavailable);
    assert!(world.clock.elapsed() - began < Duration::from_secs(10));
    // Long enough for more tries than any other consumer has.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let letters = engine.dead_letters(SHARD, "audit", 0, 100).await.unwrap();
    assert!(letters.is_empty(), "{letters:?}");
    proxy.accept();
    until_written(&world.db, EVENTS).await;
    tasks.stop(WITHIN).await;
    log.stop().await;
    assert_eq!(actions(&world.db).await.len(), EVENTS);
    assert_eq!(log.verify().await.finding, None);
}

#[tokio::test]
async fn an_answer_that_is_lost_writes_nothing_twice() {
    const ROUNDS: i64 = 8;
    let (log, proxy) = behind_a_proxy().await;
    let other_db = log.world.another_node().await;
    let (other, other_tasks) = node(&log.world, &other_db, &log.keys);
    let mut appended: i64 = 0;
    for round in 0..ROUNDS {
        // The connection is there, so that what is sent now reaches the server, and only the answer is lost.
        for ledger in [&other, &log.ledger] {
            ledger.append(entry(appended), WITHIN).await.unwrap();
            appended += 1;
        }
        proxy.freeze_one_way(Direction::ToClient);
        let lost = log.ledger.append(entry(appended), WITHIN);
        let cut = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            proxy.sever();
            proxy.thaw();
            // Others go on meanwhile, from what was stored.
            if round % 2 == 0 {
                other.append(entry(appended + 1), WITHIN).await.unwrap();
            }
        };
        let (lost, ()) = tokio::join!(lost, cut);
        lost.unwrap();
        appended += 2 - round % 2;
    }
    other_tasks.stop(WITHIN).await;
    log.stop().await;
    let verified = log.verify().await;
    assert_eq!((verified.entries, verified.finding), (appended, None));
}

#[tokio::test]
async fn what_nobody_waited_for_does_not_stand_for_what_came_after_it() {
    const ROUNDS: i64 = 6;
    let (log, proxy) = behind_a_proxy().await;
    for round in 0..ROUNDS {
        let (before, gone, after) = (entry(3 * round), entry(3 * round + 1), entry(3 * round + 2));
        log.ledger.append(before, WITHIN).await.unwrap();
        proxy.freeze_one_way(Direction::ToClient);
        let gone = log.ledger.append(gone, Duration::from_millis(100)).await;
        assert_eq!(gone.unwrap_err().kind(), base::Kind::Unavailable);
        tokio::time::sleep(Duration::from_millis(200)).await;
        proxy.sever();
        proxy.thaw();
        log.ledger.append(after, WITHIN).await.unwrap();
    }
    log.stop().await;
    let of = (Whose::Everybodys, Period::new(None, None));
    let all = audit::oldest_first(&log.world.db, of, None, 10_000).await;
    let written: Vec<i64> = all.unwrap().iter().map(number).collect();
    let told = (0..3 * ROUNDS).filter(|number| number % 3 != 1);
    let missing: Vec<i64> = told.filter(|number| !written.contains(number)).collect();
    let gone = written.len() as i64 - 2 * ROUNDS + missing.len() as i64;
    assert!(missing.is_empty() && gone > 0, "{missing:?} of {written:?}");
    assert_eq!(log.verify().await.finding, None);
}

/// What comes again later is not even taken while the database is away, and is as soon as it is back.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_come_later_is_not_taken_while_the_database_is_away() {
    const AT_ONCE: Duration = Duration::from_secs(2);
    let (log, proxy) = behind_a_proxy().await;
    log.ledger.append_later(entry(0), WITHIN).await.unwrap();
    proxy.refuse();
    proxy.sever();
    let until_known = async {
        loop {
            let began = log.world.clock.elapsed();
            let later = log.ledger.append_later(entry(1), WITHIN).await;
            assert_eq!(later.unwrap_err().kind(), base::Kind::Unavailable);
            if log.world.clock.elapsed().saturating_sub(began) < AT_ONCE {
                break;
            }
        }
    };
    tokio::time::timeout(4 * WITHIN, until_known).await.unwrap();
    proxy.accept();
    let is_back = async {
        while log.ledger.append_later(entry(2), WITHIN).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(4 * WITHIN, is_back).await.unwrap();
    log.stop().await;
}

fn number(link: &Link) -> i64 {
    link.entry.correlation.parse().unwrap()
}
