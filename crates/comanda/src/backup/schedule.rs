//! Backups that `serve` makes by itself: when the last one is old enough, also if that was before a restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Result, codes};
use engine::Stop;

use super::files::{self, Job, Made};
use crate::config::backup::Backup;
use crate::progress::Progress;

/// After a failure it is tried again so much sooner than usual.
const SOONER: u32 = 24;
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(3_600);

/// What is backed up, how often, whereto.
#[derive(Clone)]
pub(crate) struct Schedule(Arc<Inner>);

struct Inner {
    backup: Backup,
    places: store::Settings,
    blobs: Option<PathBuf>,
    clock: Clock,
}

/// The backups that are due from time to time, or nothing where none are asked for.
pub(crate) fn scheduled(
    backup: &Backup,
    (places, blobs): (&store::Settings, Option<PathBuf>),
    clock: &Clock,
) -> Option<Schedule> {
    let asked = backup.to.is_some() || backup.keys_to.is_some();
    (asked && store::backup::sources(places).is_some()).then(|| {
        Schedule(Arc::new(Inner {
            backup: backup.clone(),
            places: places.clone(),
            blobs,
            clock: clock.clone(),
        }))
    })
}

impl Schedule {
    /// Makes backups until the signal to stop.
    pub(crate) async fn run(self, stop: Stop) -> Result<()> {
        loop {
            let wait = self.wait().await?;
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
            let mut failed = false;
            for job in self.jobs()? {
                let kind = job.kind();
                match self.make(job, &stop).await {
                    Ok(made) => told(&made),
                    Err(_) if stop.is_stopping() => return Ok(()),
                    Err(error) => {
                        failed = true;
                        metrics::counter!("backup_failures_total").increment(1);
                        tracing::error!(?kind, ?error, "a backup was not made");
                    }
                }
            }
            if failed {
                let retry = self.0.backup.every.0 / SOONER;
                let retry = retry.clamp(RETRY_MIN, RETRY_MAX);
                tokio::select! {
                    () = stop.stopped() => return Ok(()),
                    () = tokio::time::sleep(retry) => {}
                }
            }
        }
    }

    /// How long until the next backup is due; the oldest of those that are made decides.
    async fn wait(&self) -> Result<Duration> {
        let this = self.clone();
        let newest = blocking(move || {
            let jobs = this.jobs()?.into_iter();
            jobs.map(|job| job.target()?.newest(job.kind()))
                .collect::<Result<Vec<_>>>()
        });
        // A folder that cannot be read now is a failure of the backup itself, which says so.
        let newest = newest.await.unwrap_or_default();
        let Some(oldest) = newest.into_iter().min().flatten() else {
            return Ok(Duration::ZERO);
        };
        let age = self.0.clock.now().since(oldest);
        Ok(self.0.backup.every.0.saturating_sub(age))
    }

    /// The data first: keys are there before anything is sealed with them, so the later copy of them opens all.
    fn jobs(&self) -> Result<Vec<Job>> {
        let Inner {
            backup,
            places,
            blobs,
            ..
        } = &*self.0;
        let mut jobs = Vec::new();
        if let Some(to) = &backup.to {
            jobs.push(files::data(places, to, backup.keep)?.with_blobs(blobs.clone()));
        }
        if let Some(to) = &backup.keys_to {
            jobs.push(files::keys(places, to, backup.keys_keep)?);
        }
        Ok(jobs)
    }

    async fn make(&self, job: Job, stop: &Stop) -> Result<Made> {
        let (clock, stop) = (self.0.clock.clone(), stop.clone());
        blocking(move || files::make(&job, &clock, &Progress::silent(), &|| !stop.is_stopping()))
            .await
    }
}

fn told(made: &Made) {
    metrics::counter!("backups_total").increment(1);
    let folder: &PathBuf = &made.folder;
    tracing::info!(
        folder = %folder.display(),
        bytes = made.bytes,
        held_ms = u64::try_from(made.held_for.as_millis()).unwrap_or(u64::MAX),
        "a backup was made and checked"
    );
}

/// Runs what waits for the disk where it keeps nobody waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::internal(codes::INTERNAL, error.to_string()))?
}
