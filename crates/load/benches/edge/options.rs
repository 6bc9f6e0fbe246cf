//! What can be said on the command line.

use std::time::Duration;

use load::bench::{self, Words};

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How long each server is measured in each round.
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    pub(crate) connections: usize,
    /// How many batches of each step are measured.
    pub(crate) batches: u32,
}

impl bench::Options for Options {
    const HELP: &'static str = "\
cargo xtask bench edge [--json FILE] [--seconds N] [--rounds N] [--connections N] [--quick]";

    fn usual() -> Self {
        Options {
            time: Duration::from_secs(3),
            rounds: 5,
            connections: 64,
            batches: 200,
        }
    }

    fn take(&mut self, words: &mut Words) -> Result<bool, String> {
        match words.word() {
            "--quick" => {
                self.time = Duration::from_millis(500);
                self.rounds = 1;
                self.batches = 20;
            }
            "--seconds" => self.time = words.seconds()?,
            "--rounds" => self.rounds = words.at_least(1)?,
            "--connections" => self.connections = words.at_least(1)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}
