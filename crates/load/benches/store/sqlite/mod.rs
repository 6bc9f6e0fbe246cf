//! Everything that is measured on SQLite, all on one file that is synced at every commit.

mod batch;

use std::path::Path;

use base::Clock;
use rusqlite::Connection;
use store::Place;
use testkit::trial::{Bulk, Engine, World};

use crate::course::{Course, Run, Runs};
use crate::options::Options;
use crate::shop::Ours;
use crate::{Outcome, count};

use batch::Batch;

/// Orders between two lines that tell how far the preloading has come.
const CHUNK: u64 = 100_000;

pub(crate) const OURS_1: &str = "sqlite_1";
pub(crate) const OURS_64: &str = "sqlite_64";
pub(crate) const OURS_256: &str = "sqlite_256";
pub(crate) const REFUSALS_64: &str = "sqlite_64_with_refusals";
pub(crate) const BATCH_64: &str = "sqlite_sql_batch_64";

/// Systems that are compared stand beside each other.
const SYSTEMS: [&str; 5] = [BATCH_64, OURS_256, OURS_64, REFUSALS_64, OURS_1];

/// Measures everything, and checks that all that was acknowledged is there.
pub(crate) async fn run(options: &Options, bulk: Bulk) -> Outcome<Runs> {
    let clock = Clock::real();
    let world = World::in_folder(&options.folder, |_| {}).await;
    fill(options, bulk, &world, &clock)?;
    world.db.refresh_directory(&world.db.deadline()).await?;

    let course = Course::new(&clock, options, Vec::new());
    let shard = world.shard_file().ok_or("no shard")?;
    let mut runs = Runs::default();
    for round in 1..=options.rounds {
        println!("sqlite, round {round} of {}", options.rounds);
        for name in SYSTEMS.into_iter().filter(|name| course.wants(name)) {
            runs.0
                .push(measure(name, &course, &world, shard, bulk).await?);
        }
    }
    check(&Connection::open(shard)?, bulk, options.preload, &runs)?;
    Ok(runs)
}

async fn measure(
    name: &'static str,
    course: &Course,
    world: &World,
    shard: &Path,
    bulk: Bulk,
) -> Outcome<Run> {
    let (db, clock) = (&world.db, &course.clock);
    let clients = |count| Ours::clients(count, db, clock, bulk);
    Ok(match name {
        BATCH_64 => {
            let client = Batch::open(shard, clock, bulk)?;
            course.run_blocking(name, client).await
        }
        REFUSALS_64 => {
            course
                .run(name, Ours::refused_clients(64, db, clock, bulk))
                .await
        }
        OURS_256 => course.run(name, clients(256)).await,
        OURS_1 => course.run(name, clients(1)).await,
        _ => course.run(name, clients(64)).await,
    })
}

/// Fills the files past the store, without checking foreign keys and without syncing.
fn fill(options: &Options, bulk: Bulk, world: &World, clock: &Clock) -> Outcome<()> {
    let Place::File(control) = &world.settings.control else {
        return Err("the control database is no file".into());
    };
    let begun = clock.elapsed();
    let control = Connection::open(control)?;
    for sql in bulk.control(Engine::Sqlite) {
        control.execute_batch(&sql)?;
    }
    let shard = Connection::open(world.shard_file().ok_or("no shard")?)?;
    shard.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -1000000; BEGIN IMMEDIATE;",
    )?;
    for sql in bulk.shard(Engine::Sqlite) {
        shard.execute_batch(&sql)?;
    }
    let mut first = 1;
    while first <= options.preload {
        let last = options.preload.min(first + CHUNK - 1);
        for sql in bulk.orders(Engine::Sqlite, first, last) {
            shard.execute_batch(&sql)?;
        }
        println!(
            "sqlite: {last} orders after {:.0} s",
            (clock.elapsed() - begun).as_secs_f64()
        );
        first = last + 1;
    }
    shard.execute_batch("COMMIT; PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE);")?;
    println!(
        "sqlite: ready after {:.0} s",
        (clock.elapsed() - begun).as_secs_f64()
    );
    Ok(())
}

/// Holds what is stored against what was acknowledged.
fn check(shard: &Connection, bulk: Bulk, preload: u64, runs: &Runs) -> Outcome<()> {
    let mut found = Vec::new();
    for question in count::QUESTIONS {
        found.push(shard.query_row(question, [], |row| row.get(0))?);
    }
    count::check("sqlite", &found, &count::expected(bulk, preload, runs))
}
