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
mod world;

use std::time::Duration;

use fate::Plan;
use sweep::{Swept, Wanted, sweep, told, tried};

/// A number that is set from outside.
#[allow(
    clippy::disallowed_methods,
    reason = "whoever runs the simulator says how much of it"
)]
fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
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
    });
    sound(&swept);
    assert!(swept.seeds >= least, "{swept}, and {least} are asked for");
}

/// Far more of them.
#[test]
#[ignore = "takes as long as it is given; `cargo xtask drill simulate`"]
fn drill() {
    sound(&sweep(Wanted {
        from: set("SIMULATE_FROM").unwrap_or(1),
        seeds: set("SIMULATE_SEEDS").unwrap_or(200_000),
        within: set("SIMULATE_MINUTES").map(|minutes| Duration::from_secs(minutes * 60)),
        least: 0,
        tells: true,
    }));
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
        let (one, other) = (tried(&plan), tried(&plan));
        assert_eq!(one, other, "seed {seed}");
        traces.insert(one.trace);
    }
    assert_eq!(traces.len() as u64, seeds, "no two seeds go the same way");
}
