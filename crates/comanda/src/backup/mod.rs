//! `comanda backup`: copies of SQLite files, of the personal keys, or of whole PostgreSQL servers and their log.
//!
//! A backup appears under its name only when it is whole and was checked, and old ones go only after that. No
//! secret of this machine is ever in one.

pub(crate) mod archive;
pub(crate) mod blobs;
mod files;
pub(crate) mod manifest;
mod schedule;
pub(crate) mod servers;
pub(crate) mod target;
pub(crate) mod tools;

use std::path::{Path, PathBuf};

use base::{Clock, Error, Result, codes};

use crate::config::Settings;
use crate::databases;
use crate::ended::Ended;
use crate::progress::{Progress, human};
use servers::Which;

pub(crate) use schedule::scheduled;

pub(crate) const ABOUT: &str = "\
Makes a backup while the platform runs. On SQLite all databases are of one moment, and writers wait for some
milliseconds. On PostgreSQL it drives pg_basebackup; with --archive it keeps the write-ahead log too, without end,
so that `restore` can go to any second.

  comanda backup --to /mnt/backup/comanda             the data
  comanda backup --keys --to /mnt/keys/comanda        the personal keys, apart from the data and kept for a short time
  comanda backup --archive --to /mnt/backup/comanda   PostgreSQL's log, until it is stopped

The secrets of this machine are in none of these; `comanda secrets backup` is for them.";

/// What `comanda backup` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder that backups go to, best on another machine [default: backup.to of the settings]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// How many backups are kept there [default: backup.keep of the settings]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// The personal keys instead of the data
    #[arg(long, conflicts_with = "archive")]
    keys: bool,
    /// The write-ahead log of PostgreSQL, until it is stopped
    #[arg(long)]
    archive: bool,
}

/// Runs the command.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<Ended> {
    settings.backup.check()?;
    let clock = Clock::real();
    let to = args.folder(settings)?;
    let keep = args.keep.map(|keep| keep as usize);
    let progress = Progress::shown(&clock);
    if args.archive {
        archive::run(settings, &to, &clock)?;
        return Ok(Ended::Well);
    }
    if settings.storage.is_postgres() {
        if !args.keys && settings.blobs.in_folder(&settings.storage.data).is_some() {
            println!(
                "blobs are in a folder and not in this backup: copy them afterwards (docs/pictures.md)"
            );
        }
        let (which, kept) = match args.keys {
            true => (Which::Keys, settings.backup.keys_keep),
            false => (Which::Data, settings.backup.keep),
        };
        servers::make(settings, which, (&to, keep.unwrap_or(kept)), &progress)?;
        return Ok(Ended::Well);
    }
    let data = &settings.storage.data;
    if !data.exists() {
        return Err(line(format!("{} is not there", data.display())));
    }
    let places = databases::places(settings)?;
    let job = if args.keys {
        files::keys(&places, &to, keep.unwrap_or(settings.backup.keys_keep))?
    } else {
        let blobs = settings.blobs.in_folder(data);
        files::data(&places, &to, keep.unwrap_or(settings.backup.keep))?.with_blobs(blobs)
    };
    let made = files::make(&job, &clock, &progress, &|| true)?;
    println!("{} is whole and checked", made.folder.display());
    println!(
        "  {}, writers waited {} ms, {} older removed",
        human(made.bytes),
        made.held_for.as_millis(),
        made.pruned
    );
    if let Some(blobs) = made.blobs {
        println!("  {} new blobs, {}", blobs.count, human(blobs.bytes));
    }
    for (name, head) in &made.heads {
        println!("  {name}: {}", said_of(*head));
    }
    Ok(Ended::Well)
}

impl Args {
    fn folder(&self, settings: &Settings) -> Result<PathBuf> {
        let known = if self.keys {
            &settings.backup.keys_to
        } else {
            &settings.backup.to
        };
        let folder = self.to.as_ref().or(known.as_ref());
        folder
            .cloned()
            .ok_or_else(|| line("say where to: --to FOLDER"))
    }
}

/// How far a log has come, in words.
pub(crate) fn said_of(head: Option<i64>) -> String {
    head.map_or("no log".to_owned(), |head| {
        format!("log to position {head}")
    })
}

/// A backup that cannot be used or made.
#[track_caller]
pub(crate) fn refused(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(codes::BACKUP_REFUSED, text)
}

/// A place or word on the command line that cannot be used.
#[track_caller]
pub(crate) fn line(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(codes::LINE_MALFORMED, text)
}

/// Names the file with which something failed.
#[track_caller]
pub(crate) fn no_file<T>(path: &Path, result: std::io::Result<T>) -> Result<T> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(Error::unavailable(
            codes::UNAVAILABLE,
            format!("{}: {error}", path.display()),
        )),
    }
}
