//! Restoring SQLite files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base::{Result, Trail};
use store::{Place, backup};

use super::staging::Staging;
use super::{Args, Audit, audit, say_what_is_left};
use crate::backup::manifest::{Entry, Kind, Manifest, hash};
use crate::backup::target::sync;
use crate::backup::{line, no_file, refused, said_of};
use crate::ended::Ended;
use crate::progress::Progress;
use crate::verify;

/// A file of a backup and where it is there.
struct From<'m> {
    entry: &'m Entry,
    path: PathBuf,
}

/// Restores the files of a backup, and those of the keys if they are given.
pub(crate) fn restore(
    args: &Args,
    manifest: &Manifest,
    data: &Path,
    progress: &Progress,
) -> Result<Ended> {
    let keys = args.keys.as_deref().map(keys).transpose()?;
    let mut all = files(manifest, &args.from)?;
    if let (Some(keys), Some(folder)) = (&keys, &args.keys) {
        all.extend(files(keys, folder)?);
    }
    check(&all, progress).context("checking the backup; nothing was restored")?;
    let staging = Staging::begin(data, audit::FILES, |_| {})?;
    let kept = audit::decide(data, args.audit, manifest.at)?;
    if kept == Some(Audit::Keep) {
        all.retain(|from| from.entry.name != audit::NAME);
    }
    copy(&all, staging.folder(), progress)?;
    let mut named = named(&all, staging.folder());
    if kept == Some(Audit::Keep) {
        named.insert(audit::NAME.to_owned(), Place::File(data.join(audit::FILE)));
    }
    let places = verify::places(&manifest.region, named)?;
    let found = verify::look(&places, progress).context("verifying what was restored")?;
    if !found.is_sound() {
        verify::print(&found);
        return Err(refused(format!(
            "what was restored is damaged and was left in {}",
            staging.folder().display()
        )));
    }
    if kept == Some(Audit::Backup) {
        audit::put_aside(data)?;
    }
    let data = staging.finish()?;
    println!("{} holds the region {}", data.display(), manifest.region);
    println!("  as it was at {}", manifest.at);
    for from in &all {
        println!("  {}: {}", from.entry.name, said_of(from.entry.head));
    }
    match &keys {
        Some(keys) => println!("  the personal keys as they were at {}", keys.at),
        None => println!("  without personal keys: what was sealed with them reads as erased"),
    }
    match kept {
        Some(Audit::Keep) => println!("  with the audit log that was here"),
        Some(Audit::Backup) => println!("  the audit log that was here is {} now", audit::ASIDE),
        None => {}
    }
    say_what_is_left(&data);
    Ok(Ended::Well)
}

fn keys(folder: &Path) -> Result<Manifest> {
    let manifest = Manifest::read(folder)?;
    if manifest.kind == Kind::Keys {
        Ok(manifest)
    } else {
        Err(line(format!(
            "{} is no backup of personal keys",
            folder.display()
        )))
    }
}

fn files<'m>(manifest: &'m Manifest, folder: &Path) -> Result<Vec<From<'m>>> {
    let from = |entry: &'m Entry| {
        if Path::new(&entry.file).file_name() != Some(entry.file.as_ref()) {
            return Err(refused(format!("`{}` is no name of a file", entry.file)));
        }
        let path = folder.join(&entry.file);
        Ok(From { entry, path })
    };
    manifest.files.iter().map(from).collect()
}

/// Compares every file with what the manifest says of it, before anything is written anywhere.
fn check(all: &[From<'_>], progress: &Progress) -> Result<()> {
    let step = progress.bytes("checking the backup", total(all));
    let mut done = 0;
    for From { entry, path } in all {
        let hashed = hash(path, &mut |piece| {
            done += piece.len() as u64;
            step.at(done);
        })?;
        if hashed.bytes != entry.bytes || hashed.sha256 != entry.sha256 {
            return Err(refused(format!(
                "{} is not as it was written: it has {} bytes and SHA-256 {}, the manifest says {} and {}",
                path.display(),
                hashed.bytes,
                hashed.sha256,
                entry.bytes,
                entry.sha256
            )));
        }
    }
    Ok(())
}

fn copy(all: &[From<'_>], to: &Path, progress: &Progress) -> Result<()> {
    let step = progress.bytes("copying", total(all));
    let mut done = 0;
    for From { entry, path } in all {
        let target = to.join(&entry.file);
        let mut file = no_file(&target, File::create_new(&target))?;
        let mut written = Ok(());
        let hashed = hash(path, &mut |piece| {
            if written.is_ok() {
                written = file.write_all(piece);
            }
            done += piece.len() as u64;
            step.at(done);
        })?;
        no_file(&target, written)?;
        drop(file);
        sync(&target)?;
        // The disk may have changed its mind since the first look.
        if hashed.sha256 != entry.sha256 {
            return Err(refused(format!(
                "{} reads differently twice",
                path.display()
            )));
        }
        backup::check(&target)?;
        let contents = backup::contents(&target)?;
        if contents.head != entry.head || contents.schemas != entry.schemas {
            return Err(refused(format!(
                "{} does not hold what the manifest says",
                path.display()
            )));
        }
    }
    sync(to)
}

fn total(all: &[From<'_>]) -> u64 {
    all.iter().map(|from| from.entry.bytes).sum()
}

/// The restored files by what they are.
fn named(all: &[From<'_>], folder: &Path) -> BTreeMap<String, Place> {
    let place = |from: &From<'_>| {
        let file = Place::File(folder.join(&from.entry.file));
        (from.entry.name.clone(), file)
    };
    all.iter().map(place).collect()
}
