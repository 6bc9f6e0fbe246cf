//! `comanda doctor`: looks whether this machine and its settings are fit, and says what to do. It changes nothing.

mod databases;
mod disk;
mod doors;
mod machine;
mod pooler;

use base::{Clock, Random, Result};

use crate::config::Settings;
use crate::ended::Ended;

pub(crate) const ABOUT: &str = "\
Looks whether this machine and its settings are fit for the platform: folders and their modes, room and speed of
the disk, open files, the clock, every database, secrets, certificates, ports. It changes nothing, and may run
beside `serve`. A line says ok, warn (it works, but not well) or fail (it does not), and what to do.

  comanda doctor                              this machine as it is set
  comanda doctor --production                 also what `serve --production` would refuse
  comanda doctor --config /etc/comanda.toml && systemctl restart comanda

It ends with exit code 4 when something fails.";

/// What `comanda doctor` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also look for what `serve --production` refuses
    #[arg(long)]
    production: bool,
}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Grade {
    Ok,
    Warn,
    Fail,
}

/// One line of the report.
#[derive(Debug)]
struct Finding {
    grade: Grade,
    what: String,
    found: String,
    /// What to do, where something is to be done.
    advice: String,
}

/// All findings, in the order in which they were made.
#[derive(Debug, Default)]
struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, what: impl Into<String>, found: impl Into<String>) {
        self.add(Grade::Ok, what, found, "");
    }

    fn warn(&mut self, what: impl Into<String>, found: impl Into<String>, advice: &str) {
        self.add(Grade::Warn, what, found, advice);
    }

    fn fail(&mut self, what: impl Into<String>, found: impl Into<String>, advice: &str) {
        self.add(Grade::Fail, what, found, advice);
    }

    fn add(
        &mut self,
        grade: Grade,
        what: impl Into<String>,
        found: impl Into<String>,
        advice: &str,
    ) {
        self.0.push(Finding {
            grade,
            what: what.into(),
            found: found.into(),
            advice: advice.to_owned(),
        });
    }

    fn has_failed(&self) -> bool {
        self.0.iter().any(|finding| finding.grade == Grade::Fail)
    }

    fn print(&self) {
        let width = self
            .0
            .iter()
            .map(|finding| finding.what.chars().count())
            .max();
        let width = width.unwrap_or_default();
        for finding in &self.0 {
            let grade = match finding.grade {
                Grade::Ok => "ok  ",
                Grade::Warn => "warn",
                Grade::Fail => "FAIL",
            };
            println!("{grade}  {:<width$}  {}", finding.what, finding.found);
            if !finding.advice.is_empty() {
                println!("      {:<width$}  -> {}", "", finding.advice);
            }
        }
    }
}

/// Runs the command.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<Ended> {
    let (clock, random) = (Clock::real(), Random::real());
    let mut report = Report::default();
    machine::look(settings, &clock, &mut report);
    disk::look(settings, &clock, &mut report);
    doors::look(settings, &clock, &mut report);
    if args.production {
        match crate::serve::production::check(settings) {
            Ok(()) => report.ok("production", "nothing that `serve --production` refuses"),
            Err(error) => report.fail("production", error.to_string(), "see above"),
        }
    }
    let runtime = crate::serve::runtime()?;
    runtime.block_on(databases::look(settings, (&clock, &random), &mut report));
    report.print();
    Ok(match report.has_failed() {
        true => Ended::FoundDamage,
        false => Ended::Well,
    })
}
