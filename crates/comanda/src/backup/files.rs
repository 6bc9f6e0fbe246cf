//! A backup of SQLite files: all of one moment, checked before it gets its name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base::{Clock, Result, Trail};
use store::Place;
use store::backup::{self, Contents, Copied, Moment, Source};

use super::blobs;
use super::manifest::{Entry, Kind, Manifest, hash};
use super::target::{Partial, Target};
use super::{line, refused};
use crate::progress::Progress;

/// How long we look for a moment in which nobody writes.
const MOMENT_WITHIN: Duration = Duration::from_secs(60);

/// What to back up.
pub(crate) struct Job {
    kind: Kind,
    region: String,
    sources: Vec<Source>,
    to: PathBuf,
    keep: usize,
    blobs: Option<PathBuf>,
}

/// What was made.
pub(crate) struct Made {
    pub(crate) folder: PathBuf,
    pub(crate) bytes: u64,
    /// How long writers waited.
    pub(crate) held_for: Duration,
    pub(crate) heads: Vec<(String, Option<i64>)>,
    pub(crate) pruned: usize,
    /// The blobs that were not among the backups before, where they are in a folder.
    pub(crate) blobs: Option<blobs::Copied>,
}

/// The job of backing up all data but the keys.
pub(crate) fn data(places: &store::Settings, to: &Path, keep: usize) -> Result<Job> {
    let sources = backup::sources(places)
        .ok_or_else(|| line("only SQLite files are backed up by copying them"))?;
    Ok(job(Kind::Files, places, sources, (to, keep)))
}

/// The job of backing up the keys.
pub(crate) fn keys(places: &store::Settings, to: &Path, keep: usize) -> Result<Job> {
    let Place::File(path) = &places.keys else {
        return Err(line("the keys are not in a SQLite file"));
    };
    let source = Source {
        name: "keys".to_owned(),
        path: path.clone(),
    };
    Ok(job(Kind::Keys, places, vec![source], (to, keep)))
}

fn job(
    kind: Kind,
    places: &store::Settings,
    sources: Vec<Source>,
    (to, keep): (&Path, usize),
) -> Job {
    Job {
        kind,
        region: places.region.clone(),
        sources,
        to: to.to_owned(),
        keep,
        blobs: None,
    }
}

impl Job {
    /// The same, with the blobs of this folder.
    pub(crate) fn with_blobs(self, blobs: Option<PathBuf>) -> Self {
        Job { blobs, ..self }
    }

    /// The folder that it goes to, for this process alone.
    pub(crate) fn target(&self) -> Result<Target> {
        let data: Vec<&Path> = self
            .sources
            .iter()
            .filter_map(|source| source.path.parent())
            .collect();
        Target::open(&self.to, &data)
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }
}

/// Makes the backup, checks it, and removes those that are too old. `go_on` may end it at any time by `false`.
pub(crate) fn make(
    job: &Job,
    clock: &Clock,
    progress: &Progress,
    go_on: &dyn Fn() -> bool,
) -> Result<Made> {
    if let Some(absent) = job.sources.iter().find(|source| !source.path.exists()) {
        let text = format!(
            "{} is not there; nothing was ever stored here",
            absent.path.display()
        );
        return Err(line(text));
    }
    let target = job.target()?;
    let partial = target.begin(clock.now())?;
    let moment = Moment::take(&job.sources, clock, MOMENT_WITHIN).context("holding the writers")?;
    let mut manifest = Manifest::new(job.kind, &job.region, clock.now());
    let copies = copy(&moment, &partial, progress, go_on)?;
    let seen = moment.contents().context("reading the snapshots")?;
    let (bytes, held_for) = (moment.bytes(), moment.held_for());
    // The snapshots are let go as soon as can be: the write-ahead logs grow as long as they are held.
    drop(moment);
    manifest.files = entries(&copies, &seen, bytes, progress)?;
    manifest.write(partial.folder())?;
    // Whatever a copied row names was stored before it, and is still there: blobs go an hour after their rows.
    let kept = target.folder().join(blobs::FOLDER);
    let copy_blobs = |from: &PathBuf| blobs::copy((from, &kept), progress, go_on);
    let copied = job.blobs.as_ref().map(copy_blobs).transpose();
    let copied = copied.context("copying the blobs")?;
    let heads = manifest.files.iter();
    let heads = heads
        .map(|entry| (entry.name.clone(), entry.head))
        .collect();
    let folder = partial.finish()?;
    let pruned = target.prune(job.kind, job.keep)?;
    Ok(Made {
        folder,
        bytes,
        held_for,
        heads,
        pruned,
        blobs: copied,
    })
}

fn copy(
    moment: &Moment,
    partial: &Partial,
    progress: &Progress,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Copied>> {
    let step = progress.bytes("copying", moment.bytes());
    let copies = moment.copy(partial.folder(), &mut |bytes| {
        step.at(bytes);
        go_on()
    });
    copies.context("copying")
}

/// Checks each copy against what its snapshot showed, and hashes it.
fn entries(
    copies: &[Copied],
    seen: &[Contents],
    total: u64,
    progress: &Progress,
) -> Result<Vec<Entry>> {
    let step = progress.bytes("checking", total);
    let mut entries = Vec::with_capacity(copies.len());
    let mut done = 0;
    for (copy, seen) in copies.iter().zip(seen) {
        backup::check(&copy.path).context("checking the copies")?;
        let contents = backup::contents(&copy.path)?;
        if contents != *seen {
            return Err(refused(format!(
                "the copy of {} is not what was copied",
                copy.name
            )));
        }
        let hashed = hash(&copy.path, &mut |piece| {
            done += piece.len() as u64;
            step.at(done);
        })?;
        let file = copy.path.file_name().unwrap_or_default();
        entries.push(Entry {
            name: copy.name.clone(),
            file: file.to_string_lossy().into_owned(),
            bytes: hashed.bytes,
            sha256: hashed.sha256,
            head: contents.head,
            schemas: contents.schemas,
        });
    }
    Ok(entries)
}
