//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = "\
cargo xtask bench menus [--json FILE] [--part speed|many|visible|search|memory] [--seconds N] [--rounds N] [--connections N] \
[--restaurants N] [--quick]";

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

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    /// How long each server is measured in each round.
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    pub(crate) connections: usize,
    /// How many restaurants are many.
    pub(crate) restaurants: u32,
    /// How often a menu is published.
    pub(crate) publishes: usize,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads the words after the program's name. None when it is not `cargo bench` who starts it: `cargo test
    /// --all-targets` runs every bench too, and does not want to wait for this one.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Options {
            parts: Vec::new(),
            time: Duration::from_secs(3),
            rounds: 5,
            connections: 64,
            restaurants: 50_000,
            publishes: 300,
            json: None,
        };
        let mut wanted = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--bench" => wanted = true,
                "--quick" => {
                    options.time = Duration::from_millis(700);
                    options.rounds = 3;
                    options.restaurants = 5_000;
                    options.publishes = 40;
                }
                "--part" => options.parts.push(part(&value()?)?),
                "--seconds" => {
                    options.time = Duration::from_secs(number::<u64>(&word, &value()?)?.max(1))
                }
                "--rounds" => options.rounds = number::<usize>(&word, &value()?)?.max(1),
                "--connections" => options.connections = number::<usize>(&word, &value()?)?.max(1),
                "--restaurants" => options.restaurants = number::<u32>(&word, &value()?)?.max(100),
                "--json" => options.json = Some(value()?.into()),
                _ => return Err(format!("unknown word {word}\n{HELP}")),
            }
        }
        if options.parts.is_empty() {
            options.parts = vec![Part::Speed, Part::Many, Part::Visible, Part::Search];
        }
        Ok(wanted.then_some(options))
    }
}

fn part(word: &str) -> Result<Part, String> {
    match word {
        "speed" => Ok(Part::Speed),
        "many" => Ok(Part::Many),
        "visible" => Ok(Part::Visible),
        "search" => Ok(Part::Search),
        "memory" => Ok(Part::Memory),
        _ => Err(format!("there is no part {word}\n{HELP}")),
    }
}

fn number<T: std::str::FromStr>(word: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{word} needs a number, not {value}"))
}
