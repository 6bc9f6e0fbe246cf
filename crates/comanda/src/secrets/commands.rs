//! `comanda secrets`: rotate, retire, back up, restore.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base::{Clock, Error, Random, Result, Time, Trail as _, codes};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use store::Db;
use zeroize::Zeroizing;

use super::{Name, Secrets, archive, guarded, is_there, passphrase, put_folder, read_ring};
use crate::config::{Settings, refused};
use crate::databases;

/// Within this time every running `serve` has read a rotation.
const READ_WITHIN: Duration = Duration::from_secs(60);

pub(crate) const ABOUT: &str = "\
The secrets of this machine lie in `secrets` in the data folder, readable by its owner alone: the keys of
tokens, cursors and the audit log, the pepper of sessions, and the master key of personal fields. No backup of data
holds them. A running `serve` follows a rotation within 60 seconds, without a restart.

  comanda secrets list                        which keys are in force, without showing them
  comanda secrets rotate token                a new key; the one before stays valid
  comanda secrets retire token                the one before is no longer valid
  comanda secrets backup --to FILE            one file, sealed by a passphrase; keep it apart from the data
  comanda secrets restore --from FILE         brings them back into an empty place";

/// What `comanda secrets` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell which keys are in force, without showing them
    List,
    /// Draw a new key; the one before stays valid until it is retired
    Rotate {
        /// Which secret
        name: Name,
    },
    /// Drop the key before the current one
    Retire {
        /// Which secret
        name: Name,
    },
    /// Write all secrets into one file, sealed by a passphrase
    Backup {
        /// The file, which must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// The file with the passphrase, instead of asking at the terminal
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Bring all secrets back from such a file
    Restore {
        /// The file
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// The file with the passphrase, instead of asking at the terminal
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
}

/// Runs the command.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<()> {
    let data = &settings.storage.data;
    match &args.command {
        Command::List => list(data),
        Command::Rotate { name } => rotate(data, *name),
        Command::Retire { name } => {
            if *name == Name::Master {
                rewrap(settings)?;
            }
            retire(data, *name)
        }
        Command::Backup {
            to,
            passphrase_file,
        } => backup(data, to, passphrase_file.as_deref()),
        Command::Restore {
            from,
            passphrase_file,
        } => restore(data, from, passphrase_file.as_deref()),
    }
}

fn list(data: &Path) -> Result<()> {
    let folder = Secrets::folder(data);
    guarded::check_folder(&folder)?;
    for name in Name::ALL {
        let ring = read_ring(&folder, name)?;
        let previous = match ring.previous {
            Some((number, _)) => format!(", key {number} is still valid"),
            None => String::new(),
        };
        println!("{:<7} key {}{previous}", name.word(), ring.current.0);
    }
    Ok(())
}

fn rotate(data: &Path, name: Name) -> Result<()> {
    let ring = Secrets::change(data, name, |ring| ring.rotated(&Random::real()))?;
    let (word, number) = (name.word(), ring.current.0);
    println!(
        "{word} has key {number} now; key {} stays valid.",
        number - 1
    );
    println!("A running `comanda serve` takes it within 60 seconds. Back the secrets up again.");
    println!("When nothing needs the old one any more: comanda secrets retire {word}");
    Ok(())
}

/// Refuses while a running `serve` may still have the old ring, for it would wrap new keys by it.
fn wait_for_readers(settings: &Settings) -> Result<()> {
    let is_alone = !settings.storage.is_postgres() && databases::lock(settings).is_ok();
    let file = Secrets::folder(&settings.storage.data).join(Name::Master.file());
    let changed = file.metadata().and_then(|about| about.modified());
    let changed = changed.map_err(|error| refused(format!("{}: {error}", file.display())))?;
    let changed = changed
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let changed = Time::EPOCH.plus(changed).unwrap_or(Time::EPOCH);
    let age = Clock::real().now().since(changed);
    match READ_WITHIN.checked_sub(age) {
        Some(rest) if !is_alone && !rest.is_zero() => {
            let seconds = rest.as_secs().saturating_add(1);
            let text = format!(
                "every running `serve` takes the new key within {} seconds of its rotation; try again in {seconds}",
                READ_WITHIN.as_secs()
            );
            Err(Error::conflict(codes::CONFLICT, text))
        }
        _ => Ok(()),
    }
}

/// Puts every key of a person under the current master key, so that nothing needs the one before.
fn rewrap(settings: &Settings) -> Result<()> {
    let secrets = Secrets::read(&settings.storage.data)?;
    if secrets.master.previous.is_none() {
        return Ok(());
    }
    wait_for_readers(settings)?;
    let places = databases::places(settings)?;
    crate::serve::runtime()?.block_on(async {
        let db = Db::open(&places, &Clock::real(), &Random::real())?;
        let bar = ProgressBar::new(0).with_message("personal keys");
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos} of {len}, {eta} left")
        {
            bar.set_style(style);
        }
        let sealer = db.sealer(&secrets.master);
        let rewrapped = sealer.rewrap(|done, all| {
            bar.set_length(all);
            bar.set_position(done);
        });
        let count = rewrapped
            .await
            .context("putting the keys under the new master key")?;
        bar.finish_and_clear();
        println!(
            "{count} personal key(s) are under key {} now.",
            secrets.master.current.0
        );
        Ok(())
    })
}

fn retire(data: &Path, name: Name) -> Result<()> {
    let ring = Secrets::change(data, name, |ring| match ring.previous {
        Some(_) => Ok(ring.retired()),
        None => Err(Error::conflict(
            codes::CONFLICT,
            "there is no key before the current one",
        )),
    })?;
    println!("{} has key {} only.", name.word(), ring.current.0);
    Ok(())
}

fn backup(data: &Path, to: &Path, file: Option<&Path>) -> Result<()> {
    let folder = Secrets::folder(data);
    Secrets::read(data)?;
    if is_there(to) {
        return Err(refused(format!("{} is there already", to.display())));
    }
    let mut files = archive::Files::new();
    for name in names(&folder)? {
        let text = guarded::read(&folder.join(&name))?;
        files.insert(name, text.to_string());
    }
    let passphrase = passphrase::choose(file)?;
    let sealed = archive::seal(&files, &passphrase, &Random::real());
    wipe(files);
    guarded::write(to, &sealed?)?;
    println!("The secrets are in {}, sealed.", to.display());
    println!(
        "Without it and its passphrase no backup of data can be read. Keep both apart from the data."
    );
    Ok(())
}

/// The names of all files of secrets, without what a crash left behind.
fn names(folder: &Path) -> Result<Vec<String>> {
    let failed = |error| refused(format!("{} cannot be read: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        names.extend(
            name.into_string()
                .ok()
                .filter(|name| !name.starts_with('.')),
        );
    }
    names.sort();
    Ok(names)
}

fn restore(data: &Path, from: &Path, file: Option<&Path>) -> Result<()> {
    let folder = Secrets::folder(data);
    if is_there(&folder) {
        return Err(refused(format!(
            "{} is there already; move it away if it is to be replaced",
            folder.display()
        )));
    }
    let sealed = std::fs::read(from)
        .map_err(|error| refused(format!("{} cannot be read: {error}", from.display())))?;
    let files = archive::open(&sealed, &passphrase::ask(file)?)?;
    if files
        .keys()
        .any(|name| name.contains(['/', '\0']) || name.starts_with('.'))
    {
        return Err(refused("the backup names a file outside of its folder"));
    }
    databases::make_folder(data)?;
    let listed: Vec<(String, &[u8])> = files
        .iter()
        .map(|(name, text)| (name.clone(), text.as_bytes()))
        .collect();
    put_folder(&folder, &listed)?;
    wipe(files);
    Secrets::read(data)?;
    println!("The secrets are in {}.", folder.display());
    Ok(())
}

fn wipe(files: archive::Files) {
    for text in files.into_values() {
        drop(Zeroizing::new(text));
    }
}
