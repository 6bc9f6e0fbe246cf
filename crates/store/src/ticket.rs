//! Who was first: the caller whose deadline came, or the writer (thread or lane) who began.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;

use crate::call::Deadline;
use crate::failure::{Failure, Outcome};

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const ABANDONED: u8 = 2;

/// Shared by a caller and whoever stores his commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ticket(Arc<AtomicU8>);

impl Ticket {
    /// The writer begins; `false` if the caller has gone.
    pub(crate) fn take(&self) -> bool {
        self.first(TAKEN)
    }

    /// The caller goes; `false` if the writer has begun.
    pub(crate) fn abandon(&self) -> bool {
        self.first(ABANDONED)
    }

    /// What is answered until the deadline; `unknown` when it passes after the work was begun.
    pub(crate) async fn verdict<T>(
        &self,
        deadline: &Deadline,
        answer: oneshot::Receiver<Outcome<T>>,
        unknown: Failure,
    ) -> Outcome<T> {
        match until(deadline, answer).await {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) if self.abandon() => Err(stopped()),
            None if self.abandon() => Err(Failure::TooLate),
            Some(Err(_)) | None => Err(unknown),
        }
    }

    fn first(&self, to: u8) -> bool {
        self.0
            .compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// What is said where nobody stores anything any more.
pub(crate) fn stopped() -> Failure {
    Failure::Unavailable("the writer has stopped".to_owned())
}

/// What is answered until the deadline.
pub(crate) async fn until<T>(
    deadline: &Deadline,
    answer: oneshot::Receiver<T>,
) -> Option<Result<T, RecvError>> {
    // Without a runtime there is nobody to wake us at the deadline; the threads look at it themselves.
    if tokio::runtime::Handle::try_current().is_err() {
        return Some(answer.await);
    }
    tokio::time::timeout(deadline.left(), answer).await.ok()
}
