//! Readers of files and rules of options, tried with what nobody would write, for as long as `fuzz_seconds` says.
//!
//! A drill of its own: `cargo xtask ci fuzz`. First it shows that it can fail, on targets with a planted mistake.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "a test may fail wherever it likes"
)]
#![allow(clippy::print_stdout, reason = "a drill says what it has done")]

mod bytes;
mod engine;
mod files;
mod menus;
mod planted;
mod rules;

use std::time::Duration;

use base::Random;
use engine::{Report, Target, fuzz, keep};

/// How long all targets are tried together.
const SECONDS: u64 = 60;
const TARGETS: [&Target; 4] = [&files::CSV, &files::JSON, &files::LINES, &rules::RULES];

/// Panics are what is looked for; those that are caught need not be printed.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = work();
    std::panic::set_hook(hook);
    done
}

fn print(report: &Report) {
    let seconds = report.took.as_secs_f64();
    let rate = report.executions as f64 / seconds.max(0.001);
    println!(
        "{:<8} {:>9} executions in {seconds:>5.1} s  {rate:>7.0}/s  {:>5} kinds of answers  seed {}",
        report.name, report.executions, report.kinds, report.seed
    );
}

#[test]
fn a_planted_mistake_is_found() {
    for target in planted::TARGETS {
        let report = quietly(|| fuzz(target, Random::real().u64(), Duration::from_secs(30)));
        print(&report);
        let failure = report.failure.expect("the planted mistake was not found");
        println!(
            "         found: {}",
            failure.said.lines().next().unwrap_or_default()
        );
        assert!(failure.input.len() < engine::BYTES_MAX);
    }
}

#[test]
fn nothing_is_found() {
    let share = Duration::from_secs(SECONDS) / TARGETS.len() as u32;
    let mut failed = Vec::new();
    for target in TARGETS {
        let report = quietly(|| fuzz(target, Random::real().u64(), share));
        print(&report);
        if let Some(failure) = report.failure {
            let path = keep(target.name, &failure);
            failed.push(format!(
                "{}: {}\nkept as {}",
                target.name,
                failure.said,
                path.display()
            ));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
