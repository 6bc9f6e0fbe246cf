//! The store bench: an order-shaped commit through our store on both engines, beside what the machine can do.
//!
//! Systems that are compared run in turn, in several rounds, because a shared machine is not the same for long.
//! Nothing passes or fails by time; the bench fails when something that was acknowledged is not there afterwards.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to whoever started it"
)]

mod count;
mod course;
mod disk;
mod options;
mod postgres;
mod shop;
mod sqlite;

use std::process::ExitCode;
use std::time::Duration;

use base::Clock;
use load::bench::Outcome;
use load::{Figure, Goal};
use testkit::trial::{Bulk, Engine};

use course::{Run, Runs};
use options::Options;

const SYNCS_FOR: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    load::bench::bench_async("store", bench)
}

async fn bench(options: Options) -> Outcome<Vec<Figure>> {
    let options = &options;
    let bulk = Bulk {
        organisations: options.organisations,
        restaurants: options.restaurants,
    };
    let syncs = disk::syncs_per_second(&Clock::real(), &options.folder, SYNCS_FOR)?;
    println!("disk: {syncs:.0} writes of 4 KiB with fdatasync a second");
    let (mut figures, mut failed) = (Vec::new(), 0);
    let mut tables = String::new();
    for engine in &options.engines {
        let runs = match engine {
            Engine::Postgres => postgres::run(options, bulk).await?,
            Engine::Sqlite | Engine::Inline => sqlite::run(options, bulk).await?,
        };
        failed += runs.failed();
        figures.extend(match engine {
            Engine::Postgres => postgres_figures(&runs),
            Engine::Sqlite | Engine::Inline => sqlite_figures(&runs),
        });
        tables.push_str(&format!("{}\n", runs.table()));
    }
    println!(
        "\nmedians of {} rounds; disk: {syncs:.0} fsync/s\n{tables}",
        options.rounds
    );
    match failed {
        0 => Ok(figures),
        _ => Err(format!("{failed} requests went wrong").into()),
    }
}

fn postgres_figures(runs: &Runs) -> Vec<Figure> {
    use postgres::{BATCH_64, OURS_1, OURS_64, PIPELINED_1, REFUSALS_64, ROUND_TRIPS_64};
    let throughput = |name, ours, theirs, least| {
        let (value, limit) = runs.compare(ours, theirs, Run::rate)?;
        Some(Figure::new(
            name,
            "orders/s",
            value,
            limit,
            Goal::AtLeast(least),
        ))
    };
    let latency = |name, ours, theirs, most| {
        let (value, limit) = runs.compare(ours, theirs, Run::median_us)?;
        Some(Figure::new(name, "us", value, limit, Goal::AtMost(most)))
    };
    let figures = [
        throughput(
            "postgres_64_vs_sql_round_trips",
            OURS_64,
            ROUND_TRIPS_64,
            3.0,
        ),
        throughput("postgres_64_vs_sql_batch_64", OURS_64, BATCH_64, 0.7),
        latency("postgres_1_latency_vs_pipelined", OURS_1, PIPELINED_1, 1.5),
        throughput(
            "postgres_64_with_refusals_vs_clean",
            REFUSALS_64,
            OURS_64,
            0.5,
        ),
    ];
    figures.into_iter().flatten().collect()
}

fn sqlite_figures(runs: &Runs) -> Vec<Figure> {
    let compared = runs.compare(sqlite::OURS_256, sqlite::BATCH_64, Run::rate);
    let figure = |(value, limit)| {
        let goal = Goal::AtLeast(0.7);
        Figure::new("sqlite_256_vs_sql_batch_64", "orders/s", value, limit, goal)
    };
    compared.map(figure).into_iter().collect()
}
