//! What all benches have in common: how their words are read, how they begin, and how they tell what they found.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to whoever started it"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use crate::figure::{Figure, Report};

/// What a step of a bench answers; the text of a failure is for people.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What can be said to a bench on its command line, beside `--json FILE`, which all know.
pub trait Options: Sized {
    /// How it is called, for whoever said something else.
    const HELP: &'static str;

    /// What is done when nothing is said.
    fn usual() -> Self;

    /// Reads one word, and the values behind it; false where the bench does not know it.
    ///
    /// # Errors
    /// What is wrong with the value.
    fn take(&mut self, words: &mut Words) -> Result<bool, String>;
}

/// The words of a command line, one after the other.
pub struct Words {
    rest: std::vec::IntoIter<String>,
    word: String,
}

impl Words {
    /// The word that is to be read.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The value behind it.
    ///
    /// # Errors
    /// There is none.
    pub fn value(&mut self) -> Result<String, String> {
        let next = self.rest.next();
        next.ok_or_else(|| format!("{} needs a value", self.word))
    }

    /// The same as a number that is not less than this one.
    ///
    /// # Errors
    /// There is none, or it is no number.
    pub fn at_least<T: FromStr + Ord>(&mut self, least: T) -> Result<T, String> {
        let value = self.value()?;
        let number: Result<T, _> = value.parse();
        let number = number.map_err(|_| format!("{} needs a number, not {value}", self.word))?;
        Ok(number.max(least))
    }

    /// The same as whole seconds, of which there is at least one.
    ///
    /// # Errors
    /// There is none, or it is no number.
    pub fn seconds(&mut self) -> Result<Duration, String> {
        self.at_least(1).map(Duration::from_secs)
    }
}

/// What was said to a bench.
struct Said<O> {
    options: O,
    json: Option<PathBuf>,
}

/// Runs a bench as its command line says, and tells what it found as a table, and as JSON where that is wanted.
pub fn bench<O: Options>(
    name: &'static str,
    run: impl FnOnce(&O) -> Outcome<Vec<Figure>>,
) -> ExitCode {
    let said = match parse::<O>(std::env::args().skip(1).collect()) {
        Ok(Some(said)) => said,
        Ok(None) => {
            println!("nothing to do without --bench: {}", O::HELP);
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::FAILURE;
        }
    };
    let told = run(&said.options).and_then(|figures| {
        let report = Report {
            bench: name,
            figures,
        };
        println!("\n{report}");
        said.json
            .map_or(Ok(()), |path| Ok(report.write_json(&path)?))
    });
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the bench failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The same on a runtime of its own.
pub fn bench_async<O, F>(name: &'static str, run: impl FnOnce(O) -> F) -> ExitCode
where
    O: Options + Clone,
    F: Future<Output = Outcome<Vec<Figure>>>,
{
    bench(name, |options: &O| {
        tokio::runtime::Runtime::new()?.block_on(run(options.clone()))
    })
}

/// Reads the words after the program's name. None when it is not `cargo bench` who starts it: `cargo test
/// --all-targets` runs every bench too, and does not want to wait.
fn parse<O: Options>(words: Vec<String>) -> Result<Option<Said<O>>, String> {
    let mut words = Words {
        rest: words.into_iter(),
        word: String::new(),
    };
    let mut said = Said {
        options: O::usual(),
        json: None,
    };
    let mut is_wanted = false;
    while let Some(word) = words.rest.next() {
        words.word.clone_from(&word);
        match word.as_str() {
            "--bench" => is_wanted = true,
            "--json" => said.json = Some(words.value()?.into()),
            _ if said.options.take(&mut words)? => {}
            _ => return Err(format!("unknown word {word}\n{}", O::HELP)),
        }
    }
    Ok(is_wanted.then_some(said))
}

/// The value in the middle.
///
/// # Errors
/// There is none.
pub fn median(mut values: Vec<f64>) -> Outcome<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2);
    middle.copied().ok_or_else(|| "nothing was measured".into())
}

/// What this process holds in memory. Elsewhere than on Linux nobody says.
#[must_use]
pub fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: Option<f64> = kib.and_then(|kib| kib.parse().ok());
    kib.unwrap_or_default() / 1_024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Own {
        rounds: u32,
        time: Duration,
    }

    impl Options for Own {
        const HELP: &'static str = "say --rounds N or --seconds N";

        fn usual() -> Self {
            Own {
                rounds: 5,
                time: Duration::from_secs(3),
            }
        }

        fn take(&mut self, words: &mut Words) -> Result<bool, String> {
            match words.word() {
                "--rounds" => self.rounds = words.at_least(1)?,
                "--seconds" => self.time = words.seconds()?,
                _ => return Ok(false),
            }
            Ok(true)
        }
    }

    fn parsed(text: &str) -> Result<Option<(u32, u64, Option<PathBuf>)>, String> {
        let words = text.split_whitespace().map(str::to_owned).collect();
        let said = parse::<Own>(words)?;
        Ok(said.map(|said| (said.options.rounds, said.options.time.as_secs(), said.json)))
    }

    #[test]
    fn words_are_read_in_any_order_and_wrong_ones_are_refused() {
        let json = Some(PathBuf::from("f"));
        assert_eq!(parsed("--bench"), Ok(Some((5, 3, None))));
        let all = "--seconds 0 --json f --rounds 9 --bench";
        assert_eq!(parsed(all), Ok(Some((9, 1, json))));
        assert_eq!(parsed("--rounds 9"), Ok(None));
        for wrong in ["--rounds", "--rounds x", "--other", "rounds"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        let said = parsed("--other").unwrap_err();
        assert!(
            said.contains("--other") && said.contains(Own::HELP),
            "{said}"
        );
    }

    #[test]
    fn the_median_is_in_the_middle_of_what_there_is() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).unwrap(), 2.0);
        assert!(median(Vec::new()).is_err());
    }
}
