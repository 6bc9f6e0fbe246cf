//! What `/api/health` looks after: databases, tasks, the disk, those who move money.

use std::path::PathBuf;
use std::sync::Arc;

use base::Result;
use commerce::payments::{self, Reached};
use edge::health::{Finding, Probe, Status};
use engine::Tasks;
use futures_util::future::BoxFuture;

/// Asks something by a closure, such as a database by its smallest statement.
pub(crate) struct Ask {
    name: String,
    ask: Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>,
}

impl Ask {
    /// Names what is asked. Nothing works without it.
    pub(crate) fn of(
        name: impl Into<String>,
        ask: impl Fn() -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
    ) -> Arc<dyn Probe> {
        Arc::new(Self {
            name: name.into(),
            ask: Box::new(ask),
        })
    }
}

impl Probe for Ask {
    fn name(&self) -> &str {
        &self.name
    }

    fn critical(&self) -> bool {
        true
    }

    fn check(&self) -> BoxFuture<'_, Finding> {
        let asked = (self.ask)();
        Box::pin(async move {
            match asked.await {
                Ok(()) => Finding::up(),
                // A message may name addresses and users; the code says enough to strangers.
                Err(error) => {
                    tracing::warn!(
                        probe = self.name,
                        code = error.code(),
                        "a dependency is down"
                    );
                    Finding::down(format!("it answered `{}`", error.code()))
                }
            }
        })
    }
}

/// Sees whether the tasks run.
pub(crate) struct TaskStates(pub(crate) Tasks);

impl Probe for TaskStates {
    fn name(&self) -> &str {
        "tasks"
    }

    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> BoxFuture<'_, Finding> {
        // A task that has done its work does not run either; only one that failed waits for its next start.
        let states = self.0.states();
        let failing = states
            .iter()
            .filter(|state| !state.running && state.last_failure.is_some())
            .map(|state| state.name.as_str());
        let failing: Vec<&str> = failing.collect();
        let finding = if failing.is_empty() {
            Finding::up()
        } else {
            Finding::degraded(format!("waiting to start again: {}", failing.join(", ")))
        };
        Box::pin(async { finding })
    }
}

/// Says how one provider of payments is reached from here. Others may be asked instead, and cash needs none.
pub(crate) struct OfPayments {
    name: String,
    provider: String,
    payments: payments::App,
}

impl OfPayments {
    /// One for each provider.
    pub(crate) fn all(payments: &payments::App) -> Vec<Arc<dyn Probe>> {
        let probe = |(provider, _)| {
            Arc::new(Self {
                name: format!("payments by {provider}"),
                provider,
                payments: payments.clone(),
            }) as Arc<dyn Probe>
        };
        payments.reached().into_iter().map(probe).collect()
    }
}

impl Probe for OfPayments {
    fn name(&self) -> &str {
        &self.name
    }

    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> BoxFuture<'_, Finding> {
        let all = self.payments.reached();
        let found = all.iter().find(|(name, _)| *name == self.provider);
        let finding = reached(found.map(|(_, reached)| *reached));
        Box::pin(async { finding })
    }
}

fn reached(how: Option<Reached>) -> Finding {
    match how {
        Some(Reached::Well) => Finding::up(),
        Some(Reached::OnTrial) => {
            Finding::degraded("it did not answer; a few calls see whether it does")
        }
        Some(Reached::Not) => {
            Finding::degraded("it did not answer, and is not asked for half a minute")
        }
        None => Finding::degraded("it is not asked any more"),
    }
}

/// Looks at the room on the disk of a folder.
pub(crate) struct Disk(pub(crate) PathBuf);

/// Below, a larger backup or a burst of work may fill the disk.
const DISK_LOW_BYTES: u64 = 2 << 30;
/// Below, the next hour may.
const DISK_OUT_BYTES: u64 = 256 << 20;

impl Probe for Disk {
    fn name(&self) -> &str {
        "disk"
    }

    fn critical(&self) -> bool {
        true
    }

    fn check(&self) -> BoxFuture<'_, Finding> {
        let folder = self.0.clone();
        Box::pin(async move {
            // A dead network disk would hold a thread of the runtime.
            let asked = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&folder)).await;
            match asked {
                Ok(Ok(disk)) => judge(disk.f_bavail.saturating_mul(disk.f_frsize)),
                Ok(Err(_)) | Err(_) => Finding::down("the folder of the data cannot be looked at"),
            }
        })
    }
}

fn judge(free_bytes: u64) -> Finding {
    let status = if free_bytes < DISK_OUT_BYTES {
        Status::Down
    } else if free_bytes < DISK_LOW_BYTES {
        Status::Degraded
    } else {
        Status::Up
    };
    metrics::gauge!("disk_free_bytes").set(free_bytes as f64);
    let detail = format!("{} MiB are free", free_bytes >> 20);
    Finding {
        status,
        detail: (status != Status::Up).then_some(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_judged_by_what_is_free() {
        assert_eq!(judge(3 << 30), Finding::up());
        assert_eq!(judge(1 << 30), Finding::degraded("1024 MiB are free"));
        assert_eq!(judge(1 << 20), Finding::down("1 MiB are free"));
    }

    #[test]
    fn a_provider_that_is_not_asked_makes_nothing_worse_than_limping() {
        assert_eq!(reached(Some(Reached::Well)), Finding::up());
        for how in [Some(Reached::OnTrial), Some(Reached::Not), None] {
            assert_eq!(reached(how).status, Status::Degraded);
        }
    }

    #[tokio::test]
    async fn a_failure_tells_its_code_and_not_its_message() {
        let ask = Ask::of("people", || {
            let error =
                base::Error::unavailable(base::codes::UNAVAILABLE, "host=10.1.2.3 password=x");
            Box::pin(async { Err(error) })
        });
        assert_eq!(
            ask.check().await,
            Finding::down("it answered `unavailable`")
        );
    }
}
