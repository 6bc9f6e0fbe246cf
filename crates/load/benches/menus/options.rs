//! What can be said on the command line.

use std::time::Duration;

use load::bench::{self, Words};

/// A part of the bench.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// One menu beside a bare server and nginx.
    Speed,
    /// Few restaurants beside many.
    Many,
    /// From the answer to a publish until it is seen.
    Visible,
    /// Finding among many.
    Search,
    /// What the program holds in memory; it needs the program itself, built for release.
    Memory,
}

/// Into how many turns a round is cut where two are compared.
const TURNS: u32 = 12;

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Those that were named.
    parts: Vec<Part>,
    /// How long each server is measured in each round.
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    pub(crate) connections: usize,
    /// How many restaurants are many.
    pub(crate) restaurants: u32,
    /// How often a menu is published.
    pub(crate) publishes: usize,
}

impl Options {
    /// What is measured: what was named, or all but the one that needs the program.
    pub(crate) fn parts(&self) -> &[Part] {
        match self.parts.as_slice() {
            [] => &[Part::Speed, Part::Many, Part::Visible, Part::Search],
            named => named,
        }
    }

    /// The same time in more and shorter rounds. A machine is faster now and slower then, by more than what is looked for:
    /// who is compared has to be measured right after each other.
    pub(crate) fn in_turns(&self) -> Self {
        let mut turns = self.clone();
        turns.time /= TURNS;
        turns.rounds *= TURNS as usize;
        turns
    }
}

impl bench::Options for Options {
    const HELP: &'static str = "\
cargo xtask bench menus [--json FILE] [--part speed|many|visible|search|memory] [--seconds N] [--rounds N] [--connections N] \
[--restaurants N] [--quick]";

    fn usual() -> Self {
        Options {
            parts: Vec::new(),
            time: Duration::from_secs(3),
            rounds: 5,
            connections: 64,
            restaurants: 50_000,
            publishes: 300,
        }
    }

    fn take(&mut self, words: &mut Words) -> Result<bool, String> {
        match words.word() {
            "--quick" => {
                self.time = Duration::from_millis(700);
                self.rounds = 3;
                self.restaurants = 5_000;
                self.publishes = 40;
            }
            "--part" => self.parts.push(part(&words.value()?)?),
            "--seconds" => self.time = words.seconds()?,
            "--rounds" => self.rounds = words.at_least(1)?,
            "--connections" => self.connections = words.at_least(1)?,
            "--restaurants" => self.restaurants = words.at_least(100)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn part(word: &str) -> Result<Part, String> {
    match word {
        "speed" => Ok(Part::Speed),
        "many" => Ok(Part::Many),
        "visible" => Ok(Part::Visible),
        "search" => Ok(Part::Search),
        "memory" => Ok(Part::Memory),
        _ => Err(format!("there is no part {word}")),
    }
}
