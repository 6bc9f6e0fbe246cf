//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use load::bench::{self, Words};
use testkit::trial::Engine;

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) engines: Vec<Engine>,
    pub(crate) time: Duration,
    pub(crate) warm_up: Duration,
    pub(crate) rounds: usize,
    /// Where the databases lie: on the disk that is to be measured.
    pub(crate) folder: PathBuf,
}

impl bench::Options for Options {
    const HELP: &'static str = "\
cargo xtask bench sagas [--json FILE] [--engine postgres|sqlite] [--seconds N] [--rounds N] [--folder DIR]";

    fn usual() -> Self {
        Options {
            engines: vec![Engine::Postgres, Engine::Sqlite],
            time: Duration::from_secs(5),
            warm_up: Duration::from_secs(1),
            rounds: 3,
            folder: std::env::temp_dir(),
        }
    }

    fn take(&mut self, words: &mut Words) -> Result<bool, String> {
        match words.word() {
            "--engine" => self.engines = vec![engine(&words.value()?)?],
            "--rounds" => self.rounds = words.at_least(1)?,
            "--folder" => self.folder = words.value()?.into(),
            "--seconds" => self.time = words.seconds()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn engine(name: &str) -> Result<Engine, String> {
    match name {
        "postgres" => Ok(Engine::Postgres),
        "sqlite" => Ok(Engine::Sqlite),
        _ => Err(format!(
            "there is no engine {name}; there is postgres and sqlite"
        )),
    }
}
