//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use testkit::trial::Engine;

pub(crate) const HELP: &str = "\
cargo xtask bench sagas [--json FILE] [--engine postgres|sqlite] [--seconds N] [--rounds N] [--folder DIR]";

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) engines: Vec<Engine>,
    pub(crate) time: Duration,
    pub(crate) warm_up: Duration,
    pub(crate) rounds: usize,
    /// Where the databases lie: on the disk that is to be measured.
    pub(crate) folder: PathBuf,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads the words after the program's name. None when it is not `cargo bench` who starts it.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Options {
            engines: vec![Engine::Postgres, Engine::Sqlite],
            time: Duration::from_secs(5),
            warm_up: Duration::from_secs(1),
            rounds: 3,
            folder: std::env::temp_dir(),
            json: None,
        };
        let mut wanted = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--bench" => wanted = true,
                "--engine" => options.engines = vec![engine(&value()?)?],
                "--rounds" => options.rounds = number::<usize>(&word, &value()?)?.max(1),
                "--folder" => options.folder = value()?.into(),
                "--json" => options.json = Some(value()?.into()),
                "--seconds" => {
                    options.time = Duration::from_secs(number::<u64>(&word, &value()?)?.max(1));
                }
                _ => return Err(format!("unknown word {word}\n{HELP}")),
            }
        }
        Ok(wanted.then_some(options))
    }
}

fn number<T: std::str::FromStr>(word: &str, value: &str) -> Result<T, String> {
    let number = value.parse();
    number.map_err(|_| format!("{word} needs a number, not {value}"))
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
