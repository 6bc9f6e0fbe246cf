//! What can be said on the command line.

use load::bench::{self, Words};

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How many batches are measured of each size, in turn.
    pub(crate) batches: u32,
}

impl bench::Options for Options {
    const HELP: &'static str = "cargo xtask bench auth [--json FILE] [--batches N] [--quick]";

    fn usual() -> Self {
        Options { batches: 800 }
    }

    fn take(&mut self, words: &mut Words) -> Result<bool, String> {
        match words.word() {
            "--quick" => self.batches = 30,
            "--batches" => self.batches = words.at_least(1)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}
