//! Restoring whole PostgreSQL servers, to the end of what there is or to a chosen moment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base::{Result, Trail};
use store::{Place, postgres};

use super::recovery::{PORT, Recovery, Running};
use super::staging::Staging;
use super::wal::Wal;
use super::{Args, say_what_is_left};
use crate::backup::manifest::{Kind, Manifest, Server, hash};
use crate::backup::servers::{FILES, check};
use crate::backup::target::{private, sync};
use crate::backup::tools::{self, Account, Tools};
use crate::backup::{no_file, refused};
use crate::ended::Ended;
use crate::progress::{Progress, Step};
use crate::verify;

/// Restores every server of a backup.
pub(crate) fn restore(
    args: &Args,
    manifest: &Manifest,
    data: &Path,
    progress: &Progress,
) -> Result<Ended> {
    let account = Account::pick()?;
    let from = no_file(&args.from, args.from.canonicalize())?;
    for server in &manifest.servers {
        let folder = from.join(&server.folder);
        check_copy(server, &folder).context("checking the backup; nothing was restored")?;
    }
    let staging = Staging::begin(data, &[], |left| stop_leftovers(left, manifest, account))?;
    account.owns(staging.folder())?;
    let_in(data, account)?;
    let mut running = Vec::new();
    for server in &manifest.servers {
        running.push(recover(server, args, &staging, (account, progress))?);
    }
    let verified = match manifest.kind {
        // Keys alone have no log to be compared with; PostgreSQL has compared every file.
        Kind::KeyServers => None,
        _ => {
            let places = places(manifest, &running)?;
            Some(verify::look(&places, progress).context("verifying what was restored")?)
        }
    };
    running.into_iter().try_for_each(Running::stop)?;
    if let Some(verified) = verified.filter(|verified| !verified.is_sound()) {
        verify::print(&verified);
        return Err(refused(format!(
            "what was restored is damaged and was left in {}",
            staging.folder().display()
        )));
    }
    remove_logs(staging.folder())?;
    let data = staging.finish()?;
    println!("{} holds the region {}", data.display(), manifest.region);
    match (args.until, &args.wal) {
        (Some(until), _) => println!("  as it was at {until}"),
        (None, Some(_)) => println!("  as it was at the end of the kept log"),
        (None, None) => println!("  as it was at {}", manifest.at),
    }
    for server in &manifest.servers {
        say_how_to_start(server, &data);
    }
    say_what_is_left(&data);
    Ok(Ended::Well)
}

/// PostgreSQL's manifest vouches for each file, and ours for that manifest.
fn check_copy(server: &Server, folder: &Path) -> Result<()> {
    if Path::new(&server.folder).file_name() != Some(server.folder.as_ref()) {
        return Err(refused(format!(
            "`{}` is no name of a folder",
            server.folder
        )));
    }
    let path = folder.join(FILES);
    if hash(&path, &mut |_| {})?.sha256 != server.manifest_sha256 {
        return Err(refused(format!(
            "{} is not as it was written",
            path.display()
        )));
    }
    check(folder, &Tools::of(server.major))
}

fn recover(
    server: &Server,
    args: &Args,
    staging: &Staging,
    (account, progress): (Account, &Progress),
) -> Result<Running> {
    let (from, data) = (
        args.from.join(&server.folder),
        staging.folder().join(&server.folder),
    );
    let step = progress.bytes(format!("copying {}", server.folder), server.bytes);
    let mut done = 0;
    copy(&from, &data, &mut done, &step)?;
    sync_all(&data)?;
    drop(step);
    account.owns(&data)?;
    let wal = match &args.wal {
        Some(wal) => {
            let bytes = piece_bytes(&data, server.major)?;
            Some(Wal::look(&wal.join(&server.folder), &data, bytes)?)
        }
        None => None,
    };
    let recovery = Recovery {
        data: &data,
        major: server.major,
        wal,
        until: args.until,
        account,
        copies: staging.folder().join(format!("{}.wal", server.folder)),
    };
    recovery
        .run(progress)
        .context(format!("recovering server {}", server.folder))
}

fn copy(from: &Path, to: &Path, done: &mut u64, step: &Step) -> Result<()> {
    no_file(to, fs::create_dir(to))?;
    private(to)?;
    for entry in no_file(from, fs::read_dir(from))? {
        let entry = no_file(from, entry)?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = no_file(&path, entry.file_type())?;
        if kind.is_dir() {
            copy(&path, &target, done, step)?;
        } else if kind.is_file() {
            *done += no_file(&path, fs::copy(&path, &target))?;
            step.at(*done);
        } else {
            return Err(refused(format!(
                "{} is neither file nor folder",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Makes a whole folder durable. Done once everything is written, it costs the disk far less than file by file.
fn sync_all(folder: &Path) -> Result<()> {
    for entry in no_file(folder, fs::read_dir(folder))? {
        let path = no_file(folder, entry)?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            sync(&path)?;
        }
    }
    sync(folder)
}

/// How long a piece of log is on this server.
fn piece_bytes(data: &Path, major: u32) -> Result<u64> {
    let mut command = Tools::of(major).command("pg_controldata")?;
    command.arg("-D").arg(data);
    let said = tools::said(command, "pg_controldata")?;
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("Bytes per WAL segment:"));
    let bytes = line.and_then(|bytes| bytes.trim().parse().ok());
    bytes.ok_or_else(|| refused("pg_controldata does not tell the size of a piece of log"))
}

/// A server that runs as another user must be able to come to its files.
fn let_in(data: &Path, account: Account) -> Result<()> {
    match account {
        Account::Own => Ok(()),
        Account::Postgres { .. } => {
            let mut place = no_file(data, data.canonicalize())?;
            account.owns_only(&place)?;
            while let Some(parent) = place.parent().map(PathBuf::from) {
                if !account.may_enter(&parent)? {
                    return Err(refused(format!(
                        "the user `postgres`, whom the server must run as, may not enter {}; restore to another place",
                        parent.display()
                    )));
                }
                place = parent;
            }
            Ok(())
        }
    }
}

/// A restore that was killed may have left servers running.
fn stop_leftovers(left: &Path, manifest: &Manifest, account: Account) {
    for server in &manifest.servers {
        let data = left.join(&server.folder);
        if data.join("postmaster.pid").exists()
            && let Ok(mut command) = Tools::of(server.major).command("pg_ctl")
        {
            command.arg("-D").arg(&data);
            command.args(["-m", "immediate", "-w", "stop"]);
            account.runs(&mut command);
            // It may be gone already; then there is nothing to stop.
            let _stopped = tools::said(command, "pg_ctl");
        }
    }
}

fn remove_logs(staging: &Path) -> Result<()> {
    for entry in no_file(staging, fs::read_dir(staging))? {
        let path = no_file(staging, entry)?.path();
        if path.extension().is_some_and(|kind| kind == "wal") {
            no_file(&path, fs::remove_dir_all(&path))?;
        }
    }
    Ok(())
}

/// The restored databases, each on the socket of its server.
fn places(manifest: &Manifest, running: &[Running]) -> Result<store::Settings> {
    let mut named: BTreeMap<String, Place> = BTreeMap::new();
    for (server, running) in manifest.servers.iter().zip(running) {
        for (name, database) in &server.databases {
            let socket = running.socket.display();
            let address = format!("host={socket} port={PORT} dbname={database}");
            let settings = postgres::Settings::at(&address);
            named.insert(name.clone(), Place::Postgres(Box::new(settings)));
        }
    }
    verify::places(&manifest.region, named)
}

fn say_how_to_start(server: &Server, data: &Path) {
    let folder = data.join(&server.folder);
    println!(
        "Server {} (PostgreSQL {}) is stopped. Look at its postgresql.conf and pg_hba.conf, then start it:",
        server.folder, server.major
    );
    println!("  pg_ctl -D {} -l server.log start", folder.display());
}
