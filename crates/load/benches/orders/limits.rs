//! What the machine can do: orders by hand, as the bench of the store measures them, in the same run.

use std::time::Duration;

use load::{Client, Pace, Tally};
use testkit::trial::Bulk;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::asked::Asked;
use crate::course::Run;
use crate::options::Options;
use crate::{postgres, sqlite};

/// The name under which the bench of the store knows its 64 orders in a transaction of SQLite.
const SQLITE_BATCH_64: &str = "sqlite_sql_batch_64";

/// Orders a second, a statement a round trip, from 64 clients on PostgreSQL.
pub(crate) async fn round_trips(asked: &Asked) -> Outcome<f64> {
    let options = options(asked, postgres::ROUND_TRIPS_64);
    let runs = postgres::run(&options, bulk(&options)).await?;
    median(runs.0)
}

/// Orders a second, 64 in a transaction of SQLite.
pub(crate) async fn sqlite_batch(asked: &Asked) -> Outcome<f64> {
    let options = options(asked, SQLITE_BATCH_64);
    let runs = sqlite::run(&options, bulk(&options)).await?;
    median(runs.0)
}

/// Things a second that these clients do.
pub(crate) async fn rate<C: Client + Send + 'static>(
    clock: &base::Clock,
    time: Duration,
    clients: Vec<C>,
) -> Outcome<f64> {
    let pace = Pace::start(clock, time / 4, time);
    let mut driving = JoinSet::new();
    for client in clients {
        driving.spawn(load::drive(pace.clone(), client));
    }
    let mut tally = Tally::default();
    while let Some(ended) = driving.join_next().await {
        tally.merge(ended?);
    }
    match tally.failure {
        Some(failure) => Err(failure.into()),
        None => Ok(tally.done_per_second(time)),
    }
}

fn options(asked: &Asked, only: &str) -> Options {
    Options {
        engines: Vec::new(),
        organisations: 100,
        restaurants: 1_000,
        preload: 100_000,
        time: asked.time,
        warm_up: asked.time / 4,
        rounds: asked.rounds,
        only: vec![only.to_owned()],
        folder: asked.folder.clone(),
    }
}

fn bulk(options: &Options) -> Bulk {
    Bulk {
        organisations: options.organisations,
        restaurants: options.restaurants,
    }
}

fn median(runs: Vec<Run>) -> Outcome<f64> {
    let failure = runs.iter().find_map(|run| run.tally.failure.clone());
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    crate::median(runs.iter().map(Run::rate).collect())
}
