//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use testkit::trial::Engine;

pub(crate) const HELP: &str = "\
cargo xtask bench store [--json FILE] [--engine postgres|sqlite] [--preload ORDERS] [--seconds N] [--rounds N] \
[--only SYSTEM,SYSTEM] [--folder DIR]";

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
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads the words after the program's name. None when it is not `cargo bench` who starts it: `cargo test
    /// --all-targets` runs every bench too, and does not want to wait for this one.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Options {
            engines: vec![Engine::Postgres, Engine::Sqlite],
            organisations: ORGANISATIONS,
            restaurants: RESTAURANTS,
            preload: 1_000_000,
            time: Duration::from_secs(5),
            warm_up: Duration::from_millis(1_250),
            rounds: 5,
            only: Vec::new(),
            folder: std::env::temp_dir(),
            json: None,
        };
        let mut wanted = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--bench" => wanted = true,
                "--engine" => options.engines = vec![engine(&value()?)?],
                "--preload" => options.preload = number(&word, &value()?)?,
                "--rounds" => options.rounds = number::<usize>(&word, &value()?)?.max(1),
                "--only" => options.only.extend(value()?.split(',').map(str::to_owned)),
                "--folder" => options.folder = value()?.into(),
                "--json" => options.json = Some(value()?.into()),
                "--seconds" => {
                    let seconds = number::<u64>(&word, &value()?)?.max(1);
                    options.time = Duration::from_secs(seconds);
                    options.warm_up = options.time / 4;
                }
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

fn engine(name: &str) -> Result<Engine, String> {
    let known = [Engine::Postgres, Engine::Sqlite];
    let found = known.into_iter().find(|engine| engine.to_string() == name);
    found.ok_or_else(|| {
        format!("there is no engine {name} to measure; there is postgres and sqlite")
    })
}
