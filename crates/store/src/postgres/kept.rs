//! Tasks of a database that must not end before it does: one that panics is counted and begun again.
//!
//! The store knows no supervisor, so this is the least of one. The panic itself is reported by the process, as any
//! other. Whoever waited for the task that panicked hears that it is not known what was stored.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

/// The wait before a task that panicked begins again.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs a task until it ends by itself. It ends with the runtime, and with the database that owns what it waits for.
#[allow(
    clippy::disallowed_methods,
    reason = "this is what watches the tasks of the store"
)]
pub(super) fn keep<F>(task: &'static str, begin: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        loop {
            let mut running = JoinSet::new();
            running.spawn(begin());
            match running.join_next().await {
                Some(Err(ended)) if ended.is_panic() => {
                    metrics::counter!("store_task_panics_total", "task" => task).increment(1);
                    tokio::time::sleep(PAUSE).await;
                }
                Some(Ok(()) | Err(_)) | None => return,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_begins_again_and_one_that_ends_does_not() {
        let (begun, ended) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (counted, end) = (Arc::clone(&begun), Arc::clone(&ended));
        keep("test", move || {
            let (run, end) = (counted.fetch_add(1, Ordering::SeqCst), Arc::clone(&end));
            async move {
                assert!(run >= 2, "the first two runs panic");
                end.notify_one();
            }
        });
        ended.notified().await;
        tokio::time::sleep(PAUSE * 3).await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
