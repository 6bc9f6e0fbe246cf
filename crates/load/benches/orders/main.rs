//! The orders bench: full orders over HTTP, with sessions, prices, ledger and sagas to the end, beside SQL by hand.
//!
//! The program itself runs, with a payment provider that answers at once, on PostgreSQL and on SQLite. It shares the machine
//! with the diners of this bench and with the database. An order is whole when its saga has ended: what is counted is all
//! orders of a run by the time until no saga was left. Nothing passes or fails by time; the bench fails when an order is
//! refused or a saga does not end.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    dead_code,
    reason = "a bench talks to whoever started it, and this one uses a part of the one of the store"
)]

mod asked;
#[path = "../store/count.rs"]
mod count;
#[path = "../store/course.rs"]
mod course;
#[path = "../menus/dishes.rs"]
mod dishes;
mod fill;
mod house;
mod limits;
mod merged;
#[path = "../store/options.rs"]
mod options;
mod parts;
#[path = "../store/postgres/mod.rs"]
mod postgres;
mod rows;
#[path = "../store/shop.rs"]
mod shop;
#[path = "../store/sqlite/mod.rs"]
mod sqlite;
mod statements;

use std::process::ExitCode;

use base::Clock;
use load::Figure;
use load::bench::{Outcome, median};

use asked::{Asked, Part};

fn main() -> ExitCode {
    load::bench::bench_async("orders", bench)
}

async fn bench(asked: Asked) -> Outcome<Vec<Figure>> {
    let asked = &asked;
    let clock = Clock::real();
    println!(
        "{} parts of {} rounds of {:.0} s; all of it takes about nine minutes on a quiet machine",
        asked.parts().len(),
        asked.rounds,
        asked.time.as_secs_f64()
    );
    let mut figures = Vec::new();
    for part in asked.parts() {
        figures.extend(match part {
            Part::Speed => parts::speed(asked, &clock).await?,
            Part::Sqlite => parts::sqlite(asked, &clock).await?,
            Part::Many => parts::many(asked, &clock).await?,
            Part::Stored => parts::stored(asked, &clock).await?,
        });
        println!(
            "after {:.0} s, load {}",
            clock.elapsed().as_secs_f64(),
            busy_machine()
        );
    }
    println!("\nmedians of {} rounds", asked.rounds);
    Ok(figures)
}

/// How many wanted a processor lately, as Linux counts it.
fn busy_machine() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}
