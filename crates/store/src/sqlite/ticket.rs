//! Who was first: the caller whose deadline came, or the writer who began.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;

use crate::call::Deadline;

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const ABANDONED: u8 = 2;

/// Shared by a caller and the writer.
#[derive(Clone, Debug, Default)]
pub(super) struct Ticket(Arc<AtomicU8>);

impl Ticket {
    /// The writer begins; `false` if the caller has gone.
    pub(super) fn take(&self) -> bool {
        self.first(TAKEN)
    }

    /// The caller goes; `false` if the writer has begun.
    pub(super) fn abandon(&self) -> bool {
        self.first(ABANDONED)
    }

    fn first(&self, to: u8) -> bool {
        self.0
            .compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// What is answered until the deadline.
pub(super) async fn until<T>(
    deadline: &Deadline,
    answer: oneshot::Receiver<T>,
) -> Option<Result<T, RecvError>> {
    // Without a runtime there is nobody to wake us at the deadline; the threads look at it themselves.
    if tokio::runtime::Handle::try_current().is_err() {
        return Some(answer.await);
    }
    tokio::time::timeout(deadline.left(), answer).await.ok()
}
