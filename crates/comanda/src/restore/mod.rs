//! `comanda restore`: makes a new data folder of a backup, and looks whether it is whole before it gets its place.

mod audit;
mod files;
mod recovery;
mod servers;
mod staging;
mod wal;

use std::path::{Path, PathBuf};

use base::{Clock, Result, Time, Trail as _};

use crate::backup::manifest::{Kind, Manifest};
use crate::backup::{blobs, line};
use crate::config::Settings;
use crate::ended::Ended;
use crate::progress::{Progress, human};

pub(crate) const ABOUT: &str = "\
Makes a new data folder of a backup. It checks every file before it touches anything, copies, verifies what it has
copied, and only then puts it into place. A folder that has anything in it is refused.

  comanda restore --from /mnt/backup/comanda/2026-11-21T08-00-00.123Z \\
                  --keys /mnt/keys/comanda/2026-11-21T08-00-02.456Z --data /srv/comanda

On PostgreSQL it starts each restored server on a socket of its own, lets it recover, verifies it and stops it. With
the kept write-ahead log it goes to any second after the backup:

  comanda restore --from /mnt/backup/comanda/2026-11-21T03-00-00.000Z --wal /mnt/backup/comanda/wal \\
                  --until 2026-11-21T08:00:00Z --data /srv/restored

An audit log that outlived the rest is not given up for an older one. Where the folder holds `audit.db` and nothing
else of the data, `--audit` says which of the two stays; the other is never removed:

  comanda restore --from /mnt/backup/comanda/2026-11-21T08-00-00.123Z --data /srv/comanda --audit keep

The secrets of the machine are no part of a backup; put them back with `comanda secrets restore`.";

/// What `comanda restore` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The backup: the folder that is named after its time
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// On SQLite, the backup of the personal keys; without it personal data cannot be read
    #[arg(long, value_name = "FOLDER", conflicts_with = "wal")]
    keys: Option<PathBuf>,
    /// On PostgreSQL, the write-ahead log that `backup --archive` has kept
    #[arg(long, value_name = "FOLDER")]
    wal: Option<PathBuf>,
    /// The moment to go to, as 2026-11-21T08:00:00Z [default: the end of the log]
    #[arg(long, value_name = "TIME", requires = "wal")]
    until: Option<Time>,
    /// On SQLite, which audit log stays when the folder has one already
    #[arg(long, value_name = "WHICH", conflicts_with = "wal")]
    audit: Option<Audit>,
}

/// Which audit log stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Audit {
    /// The one in the folder
    Keep,
    /// The one of the backup; the other gets another name
    Backup,
}

/// Runs the command.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<Ended> {
    let clock = Clock::real();
    let progress = Progress::shown(&clock);
    let manifest = Manifest::read(&args.from)?;
    let data: &Path = &settings.storage.data;
    match manifest.kind {
        Kind::Files if args.wal.is_none() => {
            let ended = files::restore(args, &manifest, data, &progress)?;
            bring_blobs(settings, args, &progress)?;
            Ok(ended)
        }
        Kind::Servers | Kind::KeyServers if args.keys.is_none() => {
            servers::restore(args, &manifest, data, &progress)
        }
        Kind::Files => Err(line(
            "--wal is for backups of PostgreSQL; this one is of SQLite files",
        )),
        Kind::Servers | Kind::KeyServers => Err(line(
            "--keys is for SQLite; a server of keys has a backup of its own",
        )),
        Kind::Keys => Err(line(
            "this is a backup of personal keys; name it by --keys beside --from with the data",
        )),
    }
}

/// Copies the blobs that lie beside the backup, where blobs are in a folder.
fn bring_blobs(settings: &Settings, args: &Args, progress: &Progress) -> Result<()> {
    let kept = args
        .from
        .parent()
        .map(|backups| backups.join(blobs::FOLDER));
    let place = settings.blobs.in_folder(&settings.storage.data);
    let (Some(kept), Some(place)) = (kept, place) else {
        return Ok(());
    };
    let copied = blobs::copy((&kept, &place), progress, &|| true);
    let copied = copied.context("copying the blobs; everything else is restored")?;
    if copied.count > 0 {
        println!("  with {} blobs, {}", copied.count, human(copied.bytes));
    }
    Ok(())
}

/// What has to be done by hand afterwards.
fn say_what_is_left(data: &Path) {
    println!("Put the secrets of the machine back before anything else:");
    println!(
        "  comanda secrets restore --from FILE --data {}    (docs/backup.md, \"Secrets\")",
        data.display()
    );
}
