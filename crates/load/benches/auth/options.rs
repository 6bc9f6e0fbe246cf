//! What can be said on the command line.

use std::path::PathBuf;

pub(crate) const HELP: &str = "cargo xtask bench auth [--json FILE] [--batches N] [--quick]";

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How many batches are measured of each size, in turn.
    pub(crate) batches: u32,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads the words after the program's name. None when it is not `cargo bench` who starts it: `cargo test
    /// --all-targets` runs every bench too, and does not want to wait for this one.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Options {
            batches: 800,
            json: None,
        };
        let mut wanted = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--bench" => wanted = true,
                "--quick" => options.batches = 30,
                "--batches" => {
                    let text = value()?;
                    let number: Result<u32, _> = text.parse();
                    options.batches = number
                        .map_err(|_| format!("{word} needs a number, not {text}"))?
                        .max(1);
                }
                "--json" => options.json = Some(value()?.into()),
                _ => return Err(format!("unknown word {word}\n{HELP}")),
            }
        }
        Ok(wanted.then_some(options))
    }
}
