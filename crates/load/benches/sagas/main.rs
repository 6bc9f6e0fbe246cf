//! The sagas bench: four steps that answer at once, each journaled durably before the next begins.
//!
//! A client begins a saga in a commit, waits until its last step is stored, and begins the next: five durable commits
//! a saga. The goals are what a leading durable-execution server did on such a machine, and more: 700 sagas a second at
//! 32 clients (p99 95 ms, 536 MiB), 830 at 128, and 6.7 ms for one alone. Memory is that of this process, the clients in
//! it; the PostgreSQL server beside it has its own. The bench fails when a saga went wrong or is left.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to whoever started it"
)]

#[path = "../store/disk.rs"]
mod disk;
mod ground;
mod options;
mod steps;

use std::process::ExitCode;
use std::time::Duration;

use base::Clock;
use load::bench::{Outcome, median, resident_mib};
use load::{Figure, Goal, Pace, Tally};
use testkit::trial::Engine;

use ground::Ground;
use options::Options;
use steps::Guest;

const SYNCS_FOR: Duration = Duration::from_secs(1);
/// Clients side by side.
const CROWDS: [usize; 3] = [32, 128, 1];

const PER_S: f64 = 3_000.0;
const P99_MS: f64 = 50.0;
const ALONE_P50_MS: f64 = 3.0;
const RESIDENT_MIB: f64 = 150.0;

fn main() -> ExitCode {
    load::bench::bench_async("sagas", bench)
}

async fn bench(options: Options) -> Outcome<Vec<Figure>> {
    let syncs = disk::syncs_per_second(&Clock::real(), &options.folder, SYNCS_FOR)?;
    println!("disk: {syncs:.0} writes of 4 KiB with fdatasync a second");
    let mut figures = Vec::new();
    for engine in &options.engines {
        let ground = Ground::make(*engine, &options).await?;
        let mut runs = Vec::new();
        for round in 1..=options.rounds {
            println!("{engine}, round {round} of {}", options.rounds);
            for crowd in CROWDS {
                runs.push(Run::of(crowd, &ground, &options).await?);
            }
        }
        let resident = resident_mib();
        figures.extend(shown(*engine, &runs, resident)?);
        let left = ground.left().await?;
        if left > 0 {
            return Err(format!("{left} sagas are left").into());
        }
        ground.end().await;
    }
    println!(
        "\nmedians of {} rounds; disk: {syncs:.0} fsync/s",
        options.rounds
    );
    Ok(figures)
}

/// So many clients for a time.
struct Run {
    crowd: usize,
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Run {
    async fn of(crowd: usize, ground: &Ground, options: &Options) -> Outcome<Run> {
        let mut running = tokio::task::JoinSet::new();
        for number in 0..crowd {
            let pace = Pace::start(&ground.clock, options.warm_up, options.time);
            running.spawn(load::drive(pace, Guest::new(ground, number)));
        }
        let mut tally = Tally::default();
        while let Some(ended) = running.join_next().await {
            tally.merge(ended?);
        }
        if let Some(failure) = tally.failure {
            return Err(format!("{} sagas went wrong: {failure}", tally.failed_ever).into());
        }
        let ms = |share| tally.latencies.per_mille(share).as_secs_f64() * 1e3;
        let run = Run {
            crowd,
            rate: tally.done_per_second(options.time),
            p50_ms: ms(500),
            p99_ms: ms(990),
        };
        println!(
            "  {crowd:>4} clients {:>7.0} sagas/s  p50 {:>7.2} ms  p99 {:>7.2} ms  {:>5.0} MiB",
            run.rate,
            run.p50_ms,
            run.p99_ms,
            resident_mib()
        );
        Ok(run)
    }
}

fn shown(engine: Engine, runs: &[Run], resident: f64) -> Outcome<Vec<Figure>> {
    let of = |crowd: usize, value: fn(&Run) -> f64| {
        let all = runs.iter().filter(|run| run.crowd == crowd);
        median(all.map(value).collect())
    };
    let names = match engine {
        Engine::Postgres => [
            "postgres_sagas_32_per_s",
            "postgres_sagas_32_p50_ms",
            "postgres_sagas_32_p99_ms",
            "postgres_sagas_128_per_s",
            "postgres_saga_alone_p50_ms",
            "postgres_sagas_resident_mib",
        ],
        Engine::Sqlite | Engine::Inline => [
            "sqlite_sagas_32_per_s",
            "sqlite_sagas_32_p50_ms",
            "sqlite_sagas_32_p99_ms",
            "sqlite_sagas_128_per_s",
            "sqlite_saga_alone_p50_ms",
            "sqlite_sagas_resident_mib",
        ],
    };
    let (most, least) = (Goal::AtMost(1.0), Goal::AtLeast(1.0));
    let values = [
        ("sagas/s", of(32, |run| run.rate)?, PER_S, least),
        ("ms", of(32, |run| run.p50_ms)?, P99_MS, most),
        ("ms", of(32, |run| run.p99_ms)?, P99_MS, most),
        ("sagas/s", of(128, |run| run.rate)?, PER_S, least),
        ("ms", of(1, |run| run.p50_ms)?, ALONE_P50_MS, most),
        ("MiB", resident, RESIDENT_MIB, most),
    ];
    let figures = names.into_iter().zip(values);
    let figure = |(name, (unit, value, limit, goal))| Figure::new(name, unit, value, limit, goal);
    Ok(figures.map(figure).collect())
}
