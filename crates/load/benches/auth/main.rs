//! The auth bench: what it costs a warm request to find out who asks, whether he may, and how often he has asked, and
//! whether that stays the same from a hundred restaurants to fifty thousand.
//!
//! The step is measured alone on one thread, for a thousand people in turn, many times; the quickest of many batches
//! counts, for what is slower was somebody else's work. No database may be asked meanwhile, and that is counted.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to whoever started it"
)]

mod fill;
mod house;
mod options;
mod steps;

use std::process::ExitCode;

use load::bench::Outcome;
use load::{Figure, Goal, Table};

use fill::Size;
use house::House;
use options::Options;
use steps::Means;
use tokio::runtime::Runtime;

/// What finding out may cost a warm request of a session, and what the other ways may.
const AUTH_US: f64 = 8.0;
const OTHERS_US: f64 = 12.0;

const SMALL: Size = Size {
    organisations: 10,
    restaurants: 100,
};
const LARGE: Size = Size {
    organisations: 5_000,
    restaurants: 50_000,
};

fn main() -> ExitCode {
    load::bench::bench("auth", |options| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        bench(options, &runtime)
    })
}

fn bench(options: &Options, runtime: &Runtime) -> Outcome<Vec<Figure>> {
    let small = runtime.block_on(House::open(SMALL))?;
    println!("{} restaurants: ready", SMALL.restaurants);
    let large = runtime.block_on(House::open(LARGE))?;
    println!("{} restaurants: ready", LARGE.restaurants);
    // Some steps arm timers, which only work within a runtime.
    let _within = runtime.enter();
    let mut table = Table::new(["us a request", "100 restaurants", "50000 restaurants"]);
    let mut figures = Vec::new();
    for means in Means::ALL {
        let costs = steps::compare(means, (&small, &large), options, runtime)?;
        if costs.loads > 0 {
            let (name, loads) = (means.name(), costs.loads);
            return Err(format!("{name}: databases were asked {loads} times").into());
        }
        let (few, many) = (costs.few_us, costs.many_us);
        table.row([
            means.name().to_owned(),
            format!("{few:.2}"),
            format!("{many:.2}"),
        ]);
        figures.push(Figure::new(
            means.figure(),
            "us",
            few.max(many),
            if means == Means::Cookie {
                AUTH_US
            } else {
                OTHERS_US
            },
            Goal::AtMost(1.0),
        ));
        if means == Means::Cookie {
            let flat = Goal::AtMost(1.1);
            figures.push(Figure::new("auth_50000_vs_100", "us", many, few, flat));
        }
    }
    println!("{table}");
    println!("databases asked during the measurements: 0");
    Ok(figures)
}
