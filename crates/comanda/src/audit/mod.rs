//! `comanda audit`: looks whether the audit log is as it was written, and gives it out.

mod export;
mod verify;

use std::path::Path;

use base::{Clock, Random, Result, Time, Trail as _};
use clap::{Subcommand, ValueEnum};
use domain::organisations::OrganisationId;
use store::{Db, Place};

use crate::backup::line;
use crate::config::Settings;
use crate::databases;
use crate::ended::Ended;

pub(crate) const ABOUT: &str = "\
The audit log says who did what, read what and was refused what. Each entry carries the hash of the one before, and
heads of this chain are signed with the secret `audit` of this machine. Both commands may run beside `serve`.

  comanda audit verify                        reads it all, and says the first entry that is not as it was written
  comanda audit verify --from 1200000         the same from an entry on; what is before it is believed
  comanda audit export --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z > november.csv
  comanda audit export --organisation org_01jd6yv2m00000000000000000 --format json > lucia.json";

/// What `comanda audit` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Recompute every hash, test every signature, and see that nothing was cut off; exit code 4 when something is wrong
    Verify {
        /// The number of the first entry that is read
        #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
        from: i64,
    },
    /// Write entries to the standard output, the oldest first
    Export(Export),
}

/// Which entries, and how.
#[derive(Debug, clap::Args)]
struct Export {
    /// The first moment, as 2026-11-21T08:00:00Z [default: the beginning]
    #[arg(long, value_name = "TIME")]
    from: Option<Time>,
    /// The moment before which it ends [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<Time>,
    /// Only what happened in this organisation
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    /// As a table for spreadsheets, or with a summary for programs
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    format: Format,
}

/// What an export looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table
    Csv,
    /// An object with a summary and all entries
    Json,
}

/// Runs the command.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<Ended> {
    let places = databases::places(settings)?;
    for place in [&places.control, &places.audit] {
        if let Place::File(path) = place {
            is_there(path)?;
        }
    }
    let clock = Clock::real();
    crate::serve::runtime()?.block_on(async {
        let db = Db::open(&places, &clock, &Random::real());
        let db = db.context("opening the databases")?;
        match &args.command {
            Command::Verify { from } => verify::run(settings, &db, *from, &clock).await,
            Command::Export(export) => export::run(&db, export).await.map(|()| Ended::Well),
        }
    })
}

/// Opening a file that is not there would make it, and an empty log has nothing wrong with it.
fn is_there(path: &Path) -> Result<()> {
    match path.exists() {
        true => Ok(()),
        false => Err(line(format!("{} is not there", path.display()))),
    }
}
