//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use load::bench::{self, Words};

/// A part of the bench.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// On PostgreSQL, beside SQL by hand.
    Speed,
    /// On SQLite, beside SQL by hand.
    Sqlite,
    /// Few restaurants beside many.
    Many,
    /// Few stored orders beside many.
    Stored,
}

impl Part {
    const ALL: [Part; 4] = [Part::Speed, Part::Sqlite, Part::Many, Part::Stored];

    const fn name(self) -> &'static str {
        match self {
            Part::Speed => "speed",
            Part::Sqlite => "sqlite",
            Part::Many => "many",
            Part::Stored => "stored",
        }
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Those that were named.
    parts: Vec<Part>,
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    pub(crate) clients: usize,
    /// How many restaurants are many.
    pub(crate) restaurants: u32,
    /// How many stored orders are many; a tenth of it is few.
    pub(crate) stored: u64,
    /// Where the databases lie: on the disk that is to be measured.
    pub(crate) folder: PathBuf,
    /// The program, where it is not the one beside this bench.
    pub(crate) program: Option<PathBuf>,
    /// Whether the server counts what it is asked, which makes it slower.
    pub(crate) statements: bool,
}

impl Asked {
    /// What is measured: what was named, or all.
    pub(crate) fn parts(&self) -> &[Part] {
        match self.parts.as_slice() {
            [] => &Part::ALL,
            named => named,
        }
    }

    pub(crate) fn wants(&self, part: Part) -> bool {
        self.parts().contains(&part)
    }
}

impl bench::Options for Asked {
    const HELP: &'static str = "\
cargo xtask bench orders [--json FILE] [--part speed|sqlite|many|stored] [--seconds N] [--rounds N] [--clients N] \
[--restaurants N] [--stored ORDERS] [--folder DIR] [--program FILE] [--statements] [--quick]";

    fn usual() -> Self {
        Asked {
            parts: Vec::new(),
            time: Duration::from_secs(6),
            rounds: 3,
            clients: 64,
            restaurants: 50_000,
            stored: 2_000_000,
            folder: std::env::temp_dir(),
            program: None,
            statements: false,
        }
    }

    fn take(&mut self, words: &mut Words) -> Result<bool, String> {
        match words.word() {
            "--quick" => {
                self.time = Duration::from_secs(3);
                self.rounds = 1;
                self.restaurants = 5_000;
                self.stored = 200_000;
            }
            "--part" => self.parts.push(part(&words.value()?)?),
            "--seconds" => self.time = words.seconds()?,
            "--rounds" => self.rounds = words.at_least(1)?,
            "--clients" => self.clients = words.at_least(1)?,
            "--restaurants" => self.restaurants = words.at_least(100)?.min(50_000),
            "--stored" => self.stored = words.at_least(1_000)?,
            "--folder" => self.folder = words.value()?.into(),
            "--program" => self.program = Some(words.value()?.into()),
            "--statements" => self.statements = true,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn part(word: &str) -> Result<Part, String> {
    let found = Part::ALL.into_iter().find(|part| part.name() == word);
    found.ok_or_else(|| format!("there is no part {word}"))
}
