//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use load::bench::{self, Words};
use testkit::trial::Engine;

const RESTAURANTS: u32 = 10_000;
const ORGANISATIONS: u32 = 1_000;

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) engines: Vec<Engine>,
    pub(crate) organisations: u32,
    pub(crate) restaurants: u32,
    /// Orders that are there before anything is measured.
    pub(crate) preload: u64,
    pub(crate) time: Duration,
    pub(crate) warm_up: Duration,
    /// How often each system is measured, in turn with the others.
    pub(crate) rounds: usize,
    /// The systems to measure; all of them if empty.
    pub(crate) only: Vec<String>,
    /// Where the databases lie: on the disk that is to be measured.
    pub(crate) folder: PathBuf,
}

impl bench::Options for Options {
    const HELP: &'static str = "\
cargo xtask bench store [--json FILE] [--engine postgres|sqlite] [--preload ORDERS] [--seconds N] [--rounds N] \
[--only SYSTEM,SYSTEM] [--folder DIR]";

    fn usual() -> Self {
        Options {
            engines: vec![Engine::Postgres, Engine::Sqlite],
            organisations: ORGANISATIONS,
            restaurants: RESTAURANTS,
            preload: 1_000_000,
            time: Duration::from_secs(5),
            warm_up: Duration::from_millis(1_250),
            rounds: 5,
            only: Vec::new(),
            folder: std::env::temp_dir(),
        }
    }

    fn take(&mut self, words: &mut Words) -> Result<bool, String> {
        match words.word() {
            "--engine" => self.engines = vec![engine(&words.value()?)?],
            "--preload" => self.preload = words.at_least(0)?,
            "--rounds" => self.rounds = words.at_least(1)?,
            "--only" => {
                let only = words.value()?;
                self.only.extend(only.split(',').map(str::to_owned));
            }
            "--folder" => self.folder = words.value()?.into(),
            "--seconds" => {
                self.time = words.seconds()?;
                self.warm_up = self.time / 4;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn engine(name: &str) -> Result<Engine, String> {
    let known = [Engine::Postgres, Engine::Sqlite];
    let found = known.into_iter().find(|engine| engine.to_string() == name);
    found.ok_or_else(|| {
        format!("there is no engine {name} to measure; there is postgres and sqlite")
    })
}
