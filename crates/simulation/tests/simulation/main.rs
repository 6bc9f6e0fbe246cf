//! The simulator: diners, restaurants, a payment provider and two processes over one region in memory, by a clock and a
//! chance of its own. What goes wrong is drawn from a seed, and the same seed goes the same way. `docs/simulation.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail wherever it likes"
)]
#![allow(clippy::print_stdout, reason = "it shows figures")]

mod acts;
mod book;
mod change;
mod checks;
mod course;
mod deeds;
mod fate;
#[path = "../../../commerce/tests/it/kitchen.rs"]
#[allow(dead_code, reason = "others ask more of it")]
mod kitchen;
mod legal;
mod limits;
#[cfg(feature = "planted")]
mod planted;
mod purse;
mod run;
mod sweep;
mod tabs;
mod world;

use std::path::Path;
use std::time::Duration;

use course::Course;
use fate::Plan;
use sweep::{Swept, Wanted, sweep, told, tried};

/// A number that is set from outside.
fn set(name: &str) -> Option<u64> {
    said(name)?.parse().ok()
}

/// A text that is set from outside.
#[allow(
    clippy::disallowed_methods,
    reason = "whoever runs the simulator says where it goes on"
)]
fn said(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[track_caller]
fn sound(swept: &Swept) {
    println!("{swept}");
    assert!(swept.broken.is_none(), "{swept}");
}

/// As many seeds as fit into a part of a minute; more where somebody has the time, and as many as are asked for at least.
#[test]
fn some_seeds() {
    let least = set("SIMULATE_LEAST").unwrap_or(0);
    let swept = sweep(Wanted {
        from: set("SIMULATE_FROM").unwrap_or(1),
        seeds: set("SIMULATE_SEEDS").unwrap_or(600),
        within: Some(Duration::from_secs(set("SIMULATE_SECONDS").unwrap_or(45))),
        least,
        tells: false,
        course: None,
    });
    sound(&swept);
    assert!(
        swept.all.seeds >= least,
        "{swept}, and {least} are asked for"
    );
}

/// Far more of them, in as many parts as it is stopped.
#[test]
#[ignore = "takes as long as it is given; `cargo xtask drill simulate`"]
fn drill() {
    let (from, seeds) = (
        set("SIMULATE_FROM").unwrap_or(1),
        set("SIMULATE_SEEDS").unwrap_or(200_000),
    );
    let path = said("SIMULATE_STATE");
    let course = path.map(|path| Course::at(Path::new(&path), (from, seeds), &course::code()));
    if let Some(course) = course.as_ref().filter(|course| course.next() > from) {
        println!("goes on at seed {}", course.next());
    }
    let swept = sweep(Wanted {
        from,
        seeds,
        within: set("SIMULATE_MINUTES").map(|minutes| Duration::from_secs(minutes * 60)),
        least: 0,
        tells: true,
        course: course.as_ref(),
    });
    if let Some(course) = course {
        println!("{}", course.ended(&swept.all));
    }
    sound(&swept);
}

#[test]
fn what_broke_once_is_whole() {
    let kept = include_str!("kept").lines();
    for line in kept.filter(|line| !line.starts_with('#')) {
        let seed = line.split_whitespace().next().unwrap();
        let plan = Plan::of(seed.parse().unwrap());
        if let Some(why) = tried(&plan).broken {
            panic!("{}\n  kept because: {line}", told(&plan, &why));
        }
    }
}

#[test]
fn the_same_seed_goes_the_same_way() {
    let seeds = set("SIMULATE_TWICE").unwrap_or(100);
    let mut traces = std::collections::BTreeSet::new();
    for seed in 1..=seeds {
        let plan = Plan::of(seed);
        let late = Plan {
            looks_late: true,
            ..plan.clone()
        };
        let (one, other) = (tried(&plan), tried(&late));
        assert_eq!(one, other, "seed {seed}");
        traces.insert(one.trace);
    }
    assert_eq!(traces.len() as u64, seeds, "no two seeds go the same way");
}
