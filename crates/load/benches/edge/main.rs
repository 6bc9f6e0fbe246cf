//! The edge bench: what each step of the gate costs a small request, what a refusal costs, and how many requests a
//! second pass our server and gate beside a bare one that sends the same bytes.
//!
//! Steps are measured alone on one thread, many times in a row, and the quickest of many batches counts: what is
//! slower was somebody else's work. Servers run in turn, in several rounds. Nothing passes or fails by time.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to whoever started it"
)]

mod layers;
mod options;
mod servers;
mod shop;

use std::process::ExitCode;

use load::bench::Outcome;
use load::{Figure, Goal, Table};

use options::Options;

/// What all steps may cost together, and what a refusal may.
const ALL_US: f64 = 10.0;
const REFUSAL_US: f64 = 15.0;

fn main() -> ExitCode {
    load::bench::bench("edge", bench)
}

fn bench(options: &Options) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut costs = Table::new(["", "us"]);
    for cost in layers::run(options.batches)? {
        costs.row([cost.name.to_owned(), format!("{:.2}", cost.us)]);
        let most = if cost.name == layers::REFUSAL {
            REFUSAL_US
        } else {
            ALL_US
        };
        figures.push(Figure::new(
            cost.name,
            "us",
            cost.us,
            most,
            Goal::AtMost(1.0),
        ));
    }
    println!("{costs}");
    let rates = servers::run(options)?;
    println!("{}", rates.table());
    let compared =
        |name, value| Figure::new(name, "requests/s", value, rates.bare, Goal::AtLeast(0.5));
    figures.push(compared("edge_vs_bare", rates.edge));
    figures.push(compared("server_vs_bare", rates.server));
    Ok(figures)
}
