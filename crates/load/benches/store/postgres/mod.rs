//! Everything that is measured on PostgreSQL, all on one server that makes every commit durable.

mod batch;
mod columns;
mod pipelined;
mod round_trips;
mod text;
mod wire;

use base::Clock;
use testkit::postgres::{Database, Server, Settings};
use testkit::trial::{Bulk, Engine, World};

use crate::course::{Course, Run, Runs};
use crate::options::Options;
use crate::shop::Ours;
use crate::{Outcome, count};

use batch::Batch;
use pipelined::Pipelined;
use round_trips::RoundTrips;

/// The role that the store commits as; the policies bind it.
const APP: &str = "comanda_app";

const MOVE_HEAD: &str = "UPDATE head SET position = position + $1 WHERE id = 1 RETURNING position";

/// Orders in one transaction of the preloading.
const CHUNK: u64 = 100_000;

pub(crate) const OURS_1: &str = "postgres_1";
pub(crate) const OURS_64: &str = "postgres_64";
pub(crate) const OURS_256: &str = "postgres_256";
pub(crate) const REFUSALS_64: &str = "postgres_64_with_refusals";
pub(crate) const ROUND_TRIPS_64: &str = "sql_round_trips_64";
/// The same without the head row, which makes every transaction wait for the one before it. Positions come from a
/// counter of the bench instead, so it promises less; it is shown to tell how much of the limit is that wait.
pub(crate) const HEADLESS_64: &str = "sql_round_trips_64_headless";
pub(crate) const BATCH_64: &str = "sql_batch_64";
pub(crate) const PIPELINED_1: &str = "sql_pipelined_1";

/// Systems that are compared stand beside each other.
const SYSTEMS: [&str; 8] = [
    HEADLESS_64,
    ROUND_TRIPS_64,
    OURS_64,
    BATCH_64,
    REFUSALS_64,
    OURS_256,
    PIPELINED_1,
    OURS_1,
];

/// Measures everything, and checks that all that was acknowledged is there.
pub(crate) async fn run(options: &Options, bulk: Bulk) -> Outcome<Runs> {
    let clock = Clock::real();
    let settings = Settings::durable()
        .with("shared_buffers", "1GB")
        // So large that no checkpoint falls into one run and spares another.
        .with("max_wal_size", "24GB")
        .with("min_wal_size", "4GB")
        .with("checkpoint_timeout", "1h")
        .inside(&options.folder);
    let server = Server::start(&settings);
    let world = World::on_server(&server, |_| {}).await;
    let shard = world.shard_on_server().ok_or("no shard")?;
    fill(options, bulk, &world, &clock).await?;

    let servers = vec![postmaster(&server)?];
    let course = Course::new(&clock, options, servers);
    let mut runs = Runs::default();
    for round in 1..=options.rounds {
        println!("postgres, round {round} of {}", options.rounds);
        for name in SYSTEMS.into_iter().filter(|name| course.wants(name)) {
            runs.0
                .push(measure(name, &course, &world, shard, bulk).await?);
        }
    }
    check(shard, bulk, options.preload, &runs).await?;
    Ok(runs)
}

async fn measure(
    name: &'static str,
    course: &Course,
    world: &World,
    shard: &Database,
    bulk: Bulk,
) -> Outcome<Run> {
    let (db, clock) = (&world.db, &course.clock);
    Ok(match name {
        HEADLESS_64 | ROUND_TRIPS_64 => {
            let mut clients = RoundTrips::clients(64, shard, clock, bulk).await?;
            if name == HEADLESS_64 {
                clients.iter_mut().for_each(RoundTrips::leave_the_head);
            }
            course.run(name, clients).await
        }
        BATCH_64 => {
            course
                .run(name, Batch::clients(2, shard, clock, bulk).await?)
                .await
        }
        PIPELINED_1 => {
            let client = Pipelined::client(shard, clock, bulk).await?;
            course.run(name, vec![client]).await
        }
        REFUSALS_64 => {
            course
                .run(name, Ours::refused_clients(64, db, clock, bulk))
                .await
        }
        OURS_256 => course.run(name, Ours::clients(256, db, clock, bulk)).await,
        OURS_1 => course.run(name, Ours::clients(1, db, clock, bulk)).await,
        _ => course.run(name, Ours::clients(64, db, clock, bulk)).await,
    })
}

/// Fills the databases past the store, without the triggers that check foreign keys.
async fn fill(options: &Options, bulk: Bulk, world: &World, clock: &Clock) -> Outcome<()> {
    let control = world.control_on_server().ok_or("no control database")?;
    let shard = world.shard_on_server().ok_or("no shard")?;
    let begun = clock.elapsed();
    for sql in bulk.control(Engine::Postgres) {
        control.execute_as_superuser(&sql).await;
    }
    for sql in bulk.shard(Engine::Postgres) {
        shard.execute_as_superuser(&sql).await;
    }
    let mut first = 1;
    while first <= options.preload {
        let last = options.preload.min(first + CHUNK - 1);
        let statements = bulk.orders(Engine::Postgres, first, last).join(";\n");
        let sql = format!("SET session_replication_role = replica;\nBEGIN;\n{statements};\nCOMMIT");
        shard.execute_as_superuser(&sql).await;
        println!(
            "postgres: {last} orders after {:.0} s",
            (clock.elapsed() - begun).as_secs_f64()
        );
        first = last + 1;
    }
    shard.execute_as_superuser("VACUUM ANALYZE").await;
    shard.execute_as_superuser("CHECKPOINT").await;
    world.db.refresh_directory(&world.db.deadline()).await?;
    println!(
        "postgres: ready after {:.0} s",
        (clock.elapsed() - begun).as_secs_f64()
    );
    Ok(())
}

/// The process that all others of the server are children of.
fn postmaster(server: &Server) -> Outcome<u32> {
    let path = server.folder().join("data/postmaster.pid");
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().next().unwrap_or_default().parse()?)
}

/// Holds what is stored against what was acknowledged.
async fn check(shard: &Database, bulk: Bulk, preload: u64, runs: &Runs) -> Outcome<()> {
    let mut found = Vec::new();
    for question in count::QUESTIONS {
        let rows = shard.execute_as_superuser(question).await;
        let number = rows.first().and_then(|row| row.get(0)).ok_or("no answer")?;
        found.push(number.parse()?);
    }
    let mut expected = count::expected(bulk, preload, runs);
    let [.., head] = &mut expected;
    *head -= i64::try_from(runs.acknowledged_by(HEADLESS_64))?;
    count::check("postgres", &found, &expected)
}
