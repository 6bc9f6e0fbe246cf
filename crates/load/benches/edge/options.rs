//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = "\
cargo xtask bench edge [--json FILE] [--seconds N] [--rounds N] [--connections N] [--quick]";

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How long each server is measured in each round.
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    pub(crate) connections: usize,
    /// How many batches of each step are measured.
    pub(crate) batches: u32,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads the words after the program's name. None when it is not `cargo bench` who starts it: `cargo test
    /// --all-targets` runs every bench too, and does not want to wait for this one.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Options {
            time: Duration::from_secs(3),
            rounds: 5,
            connections: 64,
            batches: 200,
            json: None,
        };
        let mut wanted = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--bench" => wanted = true,
                "--quick" => {
                    options.time = Duration::from_millis(500);
                    options.rounds = 1;
                    options.batches = 20;
                }
                "--seconds" => {
                    options.time = Duration::from_secs(number::<u64>(&word, &value()?)?.max(1))
                }
                "--rounds" => options.rounds = number::<usize>(&word, &value()?)?.max(1),
                "--connections" => options.connections = number::<usize>(&word, &value()?)?.max(1),
                "--json" => options.json = Some(value()?.into()),
                _ => return Err(format!("unknown word {word}\n{HELP}")),
            }
        }
        Ok(wanted.then_some(options))
    }
}

fn number<T: std::str::FromStr>(word: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{word} needs a number, not {value}"))
}
