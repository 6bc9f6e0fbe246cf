//! The menus bench: what a menu of about 23 KB costs to send beside a bare server and nginx that send the same bytes,
//! whether fifty thousand restaurants are served as quickly as a hundred, how soon a published menu is seen, and how
//! quickly something is found.
//!
//! All servers have one thread, and the clients another; they are measured in turn, in several rounds, and the median
//! counts. Nothing passes or fails by time.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench talks to whoever started it, and ends when its ground is not there"
)]

mod dishes;
mod fill;
mod guest;
mod house;
mod many;
mod memory;
mod options;
mod search;
mod servers;
mod speed;
mod visible;

use std::process::ExitCode;

use load::Figure;
use load::bench::Outcome;

use options::{Options, Part};

/// As in the program: how memory is laid out is a part of what is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    load::bench::bench("menus", bench)
}

fn bench(options: &Options) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for part in options.parts() {
        figures.extend(match part {
            Part::Speed => speed::run(options)?,
            Part::Many => many::run(options)?,
            Part::Visible => visible::run(options)?,
            Part::Search => search::run(options)?,
            Part::Memory => memory::run(options)?,
        });
    }
    Ok(figures)
}
