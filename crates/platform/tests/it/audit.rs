//! The audit log: what is written once, what is found when anybody meddles with it, and who may read it.

use std::sync::Arc;
use std::time::Duration;

use base::{KeyRing, Organisation, Random, Time};
use domain::audit::{Entry, What};
use edge::{Seen, Witness as _};
use engine::{Stop, Tasks};
use futures_util::future::join_all;
use platform::audit::{self, Basis, Erasure, Ledger, Period, Verified, Whose};
use store::{Call, Class, Column, Database, Db, Parts, Sql, Table};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

use super::world::on_both;

on_both!(
    what_is_told_is_chained_and_signed,
    an_event_is_written_once,
    several_processes_make_one_chain,
    whatever_is_done_to_a_hundred_thousand_is_found,
    a_chain_that_was_cut_is_not_signed_over,
    keys_rotate_and_old_heads_stay_verifiable,
    nobody_changes_or_removes,
    acting_waits_until_it_is_durable,
    erasures_are_written_once_and_paged,
);

static BRING: Parts = Parts {
    shards: &[],
    people: &[],
    control: &[&audit::CONTROL],
    audit: &[&audit::LOG],
};

pub(crate) const WITHIN: Duration = Duration::from_secs(20);

/// A world with an audit log that somebody writes.
pub(crate) struct Log {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) keys: watch::Sender<KeyRing>,
    tasks: Tasks,
}

impl Log {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::over(World::new(engine).await).await
    }

    /// The same over a world of the test's own.
    pub(crate) async fn over(world: World) -> Self {
        world.db.migrate(&BRING).await.unwrap();
        let keys = watch::Sender::new(KeyRing::draw(&Random::real()));
        let (ledger, tasks) = node(&world, &world.db, &keys);
        Log {
            world,
            ledger,
            keys,
            tasks,
        }
    }

    /// Stops the writer, which writes and signs the rest.
    pub(crate) async fn stop(&self) {
        assert!(self.tasks.stop(Duration::from_secs(10)).await.is_empty());
    }

    async fn fill(&self, entries: i64) {
        for number in 1..=entries {
            if number % 4_000 == 0 || number == entries {
                self.ledger.append(entry(number), WITHIN).await.unwrap();
            } else {
                self.ledger.tell(entry(number));
            }
        }
    }

    pub(crate) async fn verify(&self) -> Verified {
        self.verify_from(1).await
    }

    async fn verify_from(&self, from: i64) -> Verified {
        let known = audit::public_keys(&self.keys.borrow()).unwrap();
        let basis = Basis {
            known: &known,
            from,
        };
        let mut told = (0, 0);
        let verified = audit::verify(&self.world.db, basis, &mut |at, of| told = (at, of)).await;
        let verified = verified.unwrap();
        if verified.finding.is_none() && verified.entries > 0 {
            assert_eq!(told.0, verified.tail.seq);
        }
        verified
    }

    /// What is found, which must be something.
    async fn found(&self) -> (i64, String) {
        self.found_from(1).await
    }

    async fn found_from(&self, from: i64) -> (i64, String) {
        let verified = self.verify_from(from).await;
        verified.finding.expect("nothing was found")
    }

    /// Changes the audit database past everything: as its superuser, where there is one.
    async fn meddle(&self, sql: &str) {
        meddle(&self.world, "audit", sql).await;
    }
}

/// Changes a database past everything.
pub(crate) async fn meddle(world: &World, name: &str, sql: &str) {
    let (server, database) = match name {
        "audit" => (world.audit_on_server(), world.db.audit()),
        "people" => (world.people_on_server(), world.db.people()),
        "shard" => (world.shard_on_server(), world.shard()),
        _ => (world.control_on_server(), world.db.control()),
    };
    if let Some(server) = server {
        server.execute_as_superuser(sql).await;
        return;
    }
    // On SQLite the tables keep themselves; whoever has the file can take that away.
    let tables: &[&str] = match name {
        "audit" => &["entries", "heads", "signers"],
        _ => &[],
    };
    let kept = tables.iter().map(|table| {
        format!(
            "DROP TRIGGER IF EXISTS {table}_no_update; DROP TRIGGER IF EXISTS {table}_no_delete"
        )
    });
    let kept: Vec<String> = kept.collect();
    for statement in kept
        .iter()
        .flat_map(|kept| kept.split(';'))
        .chain(sql.split(';'))
    {
        if let Err(failure) = run(world, database, statement).await {
            panic!("{statement}: {failure}");
        }
    }
}

/// Runs any statement on SQLite.
async fn run(world: &World, database: &Database, statement: &str) -> store::Outcome<()> {
    static ANY: Table = Table::new("any", Class::Queue, &[Column::int("id")], 1, &[]);
    let text: &'static str = statement.trim().to_owned().leak();
    let sql: &'static Sql = Box::leak(Box::new(Sql::new("any", &ANY, text)));
    let calls = vec![Call::new(sql, [])];
    database.transact(calls, &world.db.deadline()).await?;
    Ok(())
}

/// One more process that writes the log.
pub(crate) fn node(world: &World, db: &Db, keys: &watch::Sender<KeyRing>) -> (Ledger, Tasks) {
    let ledger = Ledger::new(db, &world.clock, keys.subscribe());
    let tasks = Tasks::new(world.clock.clone(), world.random.clone());
    let run = ledger.clone();
    tasks.spawn("audit", move |stop: Stop| run.clone().run(stop));
    (ledger, tasks)
}

pub(crate) fn entry(number: i64) -> Entry {
    Entry {
        at: Time::from_micros(1_000_000 + number),
        organisation: Organisation::new(u32::try_from(number % 3).unwrap()),
        actor: "per_01jd6yv2m00000000000000000".to_owned(),
        role: "person".to_owned(),
        what: What::Read,
        operation: "people.read".to_owned(),
        target: String::new(),
        code: String::new(),
        reason: String::new(),
        correlation: number.to_string(),
        source: None,
    }
}

fn event(number: i64) -> Entry {
    Entry {
        what: What::Action,
        source: Some(format!("1/stream/{number}")),
        ..entry(number)
    }
}

async fn all(db: &Db) -> Vec<domain::audit::Link> {
    let of = (Whose::Everybodys, Period::new(None, None));
    audit::oldest_first(db, of, None, 10_000).await.unwrap()
}

async fn what_is_told_is_chained_and_signed(engine: Engine) {
    let log = Log::new(engine).await;
    assert_eq!(log.verify().await.entries, 0);
    log.ledger.append(entry(1), WITHIN).await.unwrap();
    // What stays unsigned is signed within some seconds.
    let mut unsigned = 1;
    for _ in 0..100 {
        unsigned = log.verify().await.unsigned;
        if unsigned == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(unsigned, 0);
    log.ledger.tell(entry(2));
    log.stop().await;
    let verified = log.verify().await;
    assert_eq!(
        (verified.entries, verified.finding, verified.unsigned),
        (2, None, 0)
    );
    let links = all(&log.world.db).await;
    assert_eq!(links[1].entry, entry(2));
    assert_eq!(links[1].previous, links[0].hash);
    // Nobody writes any more, so nobody is told that it was written.
    let late = log.ledger.append(entry(3), Duration::from_millis(50)).await;
    assert_eq!(late.unwrap_err().kind(), base::Kind::Unavailable);
}

async fn an_event_is_written_once(engine: Engine) {
    let log = Log::new(engine).await;
    let other_db = log.world.another_node().await;
    let (other, other_tasks) = node(&log.world, &other_db, &log.keys);
    for _ in 0..3 {
        let appends = (1..=50).flat_map(|number| {
            [&log.ledger, &other].map(|ledger| async move {
                // Two deliveries in one batch may be told to come again.
                while ledger.append(event(number), WITHIN).await.is_err() {}
            })
        });
        join_all(appends).await;
    }
    other_tasks.stop(WITHIN).await;
    log.stop().await;
    assert_eq!(all(&log.world.db).await.len(), 50);
    assert_eq!(log.verify().await.finding, None);
}

async fn several_processes_make_one_chain(engine: Engine) {
    let log = Log::new(engine).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let db = log.world.another_node().await;
        others.push(node(&log.world, &db, &log.keys));
    }
    let ledgers: Vec<&Ledger> = others
        .iter()
        .map(|(ledger, _)| ledger)
        .chain([&log.ledger])
        .collect();
    for round in 0..20 {
        let appends = (0..40).map(|number| {
            let ledger = ledgers[number % ledgers.len()];
            ledger.append(entry(round * 40 + i64::try_from(number).unwrap()), WITHIN)
        });
        for appended in join_all(appends).await {
            appended.unwrap();
        }
    }
    for (_, tasks) in &others {
        tasks.stop(WITHIN).await;
    }
    log.stop().await;
    let verified = log.verify().await;
    assert_eq!((verified.entries, verified.finding), (800, None));
}

async fn whatever_is_done_to_a_hundred_thousand_is_found(engine: Engine) {
    const ENTRIES: i64 = 100_000;
    // Five times what it takes.
    const LONG: Duration = Duration::from_secs(20);
    let log = Log::new(engine).await;
    let began = log.world.clock.elapsed();
    log.fill(ENTRIES).await;
    log.stop().await;
    let filled = log.world.clock.elapsed();
    let verified = log.verify().await;
    assert_eq!((verified.entries, verified.finding), (ENTRIES, None));
    let (appending, verifying) = (filled - began, log.world.clock.elapsed() - filled);
    assert!(
        appending < LONG && verifying < LONG,
        "{appending:?}, {verifying:?}"
    );

    let place = i64::try_from(Random::real().below(90_000)).unwrap() + 1_000;
    let seq = |place: i64| format!("WHERE seq = {place}");
    // From shortly before the place on, so that each does not read everything again.
    let near = place - 500;
    let actor = entry(place).actor;
    for (column, wrong, right) in [
        ("actor", "per_2", actor.as_str()),
        ("what", "nothing", "read"),
    ] {
        for (value, from) in [(wrong, Some(place)), (right, None)] {
            let set = format!("UPDATE entries SET {column} = '{value}'");
            log.meddle(&format!("{set} {}", seq(place))).await;
            let found = log.verify_from(near).await.finding;
            assert_eq!(found.map(|(at, _)| at), from, "{column}");
        }
    }

    // Two that change places: their numbers, with everything else.
    let swap = format!(
        "UPDATE entries SET seq = 900000 {}; UPDATE entries SET seq = {place} {}; UPDATE entries SET seq = {} {}",
        seq(place),
        seq(place + 1),
        place + 1,
        seq(900_000)
    );
    log.meddle(&swap).await;
    assert_eq!(log.found_from(near).await.0, place);
    log.meddle(&swap).await;
    assert_eq!(log.verify_from(near).await.finding, None);
    removed_and_cut(&log, place).await;
}

async fn removed_and_cut(log: &Log, place: i64) {
    log.meddle(&format!("DELETE FROM entries WHERE seq = {place}"))
        .await;
    assert_eq!(log.found().await.0, place);
    // Cut off from there, with the heads that say that there was more.
    log.meddle(&format!(
        "DELETE FROM entries WHERE seq > {place}; DELETE FROM heads WHERE seq >= {place}"
    ))
    .await;
    let (first, said) = log.found().await;
    assert_eq!(first, place, "{said}");
    // The newest head of the other database goes too: then the chain is whole, up to there.
    meddle(&log.world, "control", "DELETE FROM audit_heads").await;
    let verified = log.verify().await;
    assert_eq!((verified.entries, verified.finding), (place - 1, None));
}

async fn a_chain_that_was_cut_is_not_signed_over(engine: Engine) {
    let log = Log::new(engine).await;
    log.fill(100).await;
    log.stop().await;
    let whole = all(&log.world.db).await;
    log.meddle("DELETE FROM entries WHERE seq > 60").await;
    // The next process goes on at the cut, and its entries say something else under the same numbers.
    let (ledger, tasks) = node(&log.world, &log.world.db, &log.keys);
    for number in 1..=80 {
        ledger.append(entry(number + 1_000), WITHIN).await.unwrap();
    }
    tasks.stop(WITHIN).await;
    let (first, said) = log.found().await;
    assert_eq!(first, 100, "{said}");
    // Also when the heads of the audit database are gone, and everything is linked anew.
    log.meddle("DELETE FROM heads").await;
    assert_eq!(log.found().await.0, 100);
    // A head that somebody else signed with a key of his own.
    let stranger = KeyRing::draw(&Random::real());
    let known = audit::public_keys(&stranger).unwrap();
    let basis = Basis {
        known: &known,
        from: 1,
    };
    let verified = audit::verify(&log.world.db, basis, &mut |_, _| {}).await;
    assert!(verified.unwrap().finding.is_some());
    assert_eq!(whole.len(), 100);
}

async fn keys_rotate_and_old_heads_stay_verifiable(engine: Engine) {
    let log = Log::new(engine).await;
    for number in 1..=4 {
        let (ledger, tasks) = node(&log.world, &log.world.db, &log.keys);
        ledger.append(entry(number), WITHIN).await.unwrap();
        tasks.stop(WITHIN).await;
        let rotated = log
            .keys
            .borrow()
            .retired()
            .rotated(&Random::real())
            .unwrap();
        log.keys.send_replace(rotated);
    }
    // The ring is one ahead of the log, and the first three keys are nowhere any more.
    let verified = log.verify().await;
    assert_eq!((verified.entries, verified.finding), (4, None));
    log.stop().await;
    // Whoever has lost the ring cannot go on signing under a new one.
    let lost = KeyRing::draw(&Random::real());
    let ring = watch::Sender::new(lost);
    let (ledger, tasks) = node(&log.world, &log.world.db, &ring);
    ledger.append(entry(5), WITHIN).await.unwrap();
    tasks.stop(WITHIN).await;
    let verified = log.verify().await;
    assert_eq!((verified.finding, verified.unsigned), (None, 1));
    // A key that somebody slips in.
    log.meddle("UPDATE signers SET public_key = (SELECT public_key FROM signers WHERE number = 1) WHERE number = 2")
        .await;
    assert!(log.verify().await.finding.is_some());
}

async fn nobody_changes_or_removes(engine: Engine) {
    let log = Log::new(engine).await;
    log.ledger.append(entry(1), WITHIN).await.unwrap();
    log.stop().await;
    let Some(server) = log.world.audit_on_server() else {
        for statement in [
            "UPDATE entries SET at = 0",
            "DELETE FROM entries",
            "DELETE FROM heads",
        ] {
            let refused = run(&log.world, log.world.db.audit(), statement).await;
            assert!(refused.is_err(), "{statement}");
        }
        return;
    };
    for role in ["comanda_app", "comanda_queue"] {
        let client = server.connect(role).await;
        for table in ["entries", "heads", "signers", "erasures"] {
            for statement in [
                format!("UPDATE {table} SET at = 0"),
                format!("DELETE FROM {table}"),
                format!("TRUNCATE {table}"),
                format!("DROP TABLE {table}"),
            ] {
                let refused = client.batch_execute(&statement).await.unwrap_err();
                let code = refused.code().map(|code| code.code().to_owned());
                assert_eq!(code.as_deref(), Some("42501"), "{role}: {statement}");
            }
        }
    }
    assert_eq!(log.verify().await.finding, None);
}

fn seen(what: edge::What) -> Seen {
    Seen {
        actor: "opr_01jd6yv2m00000000000000000".to_owned(),
        role: Some(edge::Role::Operator),
        organisation: Some(Organisation::new(7)),
        operation: "brands.list",
        target: Some("lucia@example.com".to_owned()),
        what,
        reason: Some("ticket 4711".to_owned()),
        correlation: Arc::from("req"),
        at: Time::from_micros(5),
    }
}

async fn acting_waits_until_it_is_durable(engine: Engine) {
    let log = Log::new(engine).await;
    log.ledger.acting(seen(edge::What::Acting)).await.unwrap();
    let links = all(&log.world.db).await;
    let entry = &links[0].entry;
    assert_eq!(
        (entry.what, entry.reason.as_str()),
        (What::Acting, "ticket 4711")
    );
    assert_eq!(entry.target, "", "a word of the caller is kept");
    log.ledger.saw(seen(edge::What::Refused("forbidden")));
    log.ledger.saw(Seen {
        actor: "nobody".to_owned(),
        role: None,
        ..seen(edge::What::Refused("unauthenticated"))
    });
    log.stop().await;
    let links = all(&log.world.db).await;
    assert_eq!(links.len(), 3);
    assert_eq!(links[1].entry.code, "forbidden");
    assert_eq!(links[2].entry.role, "nobody");
    // Nobody writes any more: whoever wants to act is refused, and what is seen does not wait.
    let refused = log.ledger.acting(seen(edge::What::Acting)).await;
    assert_eq!(refused.unwrap_err().kind(), base::Kind::Unavailable);
    let began = log.world.clock.elapsed();
    for _ in 0..20_000 {
        log.ledger.saw(seen(edge::What::Read));
    }
    assert!(log.world.clock.elapsed() - began < Duration::from_secs(5));
}

async fn erasures_are_written_once_and_paged(engine: Engine) {
    let log = Log::new(engine).await;
    let db = &log.world.db;
    let make = || {
        domain::people::PersonId::make(&log.world.clock, &log.world.random, Organisation::PEOPLE)
    };
    let mut erased: Vec<Erasure> = (0..700)
        .map(|number| Erasure {
            person: make(),
            at: Time::from_micros(number),
            by: "per_x".to_owned(),
        })
        .collect();
    join_all(erased.iter().map(|one| audit::erased(db, one)))
        .await
        .into_iter()
        .for_each(|done| done.unwrap());
    let later = Erasure {
        at: Time::from_micros(9_999),
        ..erased[0].clone()
    };
    audit::erased(db, &later).await.unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = audit::erasures(db, after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.person);
        found.extend(page);
    }
    erased.sort_by_key(|one| one.person);
    assert_eq!(found, erased);
}
