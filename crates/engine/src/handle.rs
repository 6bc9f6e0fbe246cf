//! What a consumer or a timer does with its work, and how a call of it can end.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base::{Error, Result, codes};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use store::{Commit, Failure};

/// How long one call may take.
const WITHIN: Duration = Duration::from_secs(30);

/// What is said of a panic. Its own words may name a person; the log says where it was.
pub(crate) const PANICKED: &str = "it panicked; the log says where";

/// What is to be done about an event or a timer.
#[derive(Debug)]
pub enum Handled {
    /// Store this effect, once.
    Commit(Box<Commit>),
    /// Nothing, or nothing more: whatever was done may be done twice without harm.
    Done,
}

impl From<Commit> for Handled {
    fn from(commit: Commit) -> Self {
        Handled::Commit(Box::new(commit))
    }
}

/// A function of a slice that decides what is to be done.
pub(crate) type Handler<T, A = Handled> =
    Arc<dyn Fn(T) -> BoxFuture<'static, Result<A>> + Send + Sync>;

/// How a try ended, when it did not end well.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It failed, which counts.
    Failed(Error),
    /// Our own database is away or has too much to do; it is tried again for as long as that lasts.
    Away(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable(_) | Failure::TooLate | Failure::Unknown(_) => {
                Trouble::Away(failure)
            }
            failure => Trouble::Failed(failure.into()),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Failed(error) => error,
            Trouble::Away(failure) => failure.into(),
        }
    }
}

/// Calls a function of a slice: it has a deadline, and its panic is an error like another.
pub(crate) async fn call<T, A>(handler: &Handler<T, A>, work: T) -> Result<A> {
    // The function itself may panic too, before it gives a future.
    let called = async { handler(work).await };
    let caught = AssertUnwindSafe(called).catch_unwind();
    match tokio::time::timeout(WITHIN, caught).await {
        Ok(Ok(handled)) => handled,
        Ok(Err(_)) => Err(Error::internal(codes::INTERNAL, PANICKED)),
        Err(_) => Err(Error::unavailable(
            codes::DEADLINE,
            "it took longer than it may",
        )),
    }
}

/// What is kept of an error beside the work that failed: its code and its message, which may reach a stranger, and
/// never its cause, which may name a person.
pub(crate) fn told(error: &Error) -> String {
    const CHARS_MAX: usize = 500;
    let text = format!("{}: {error}", error.code());
    text.chars()
        .filter(|c| *c != '\0')
        .take(CHARS_MAX)
        .collect()
}

/// Boxes a function, so that those of different slices fit into one list.
pub(crate) fn boxed<T, F>(handle: impl Fn(T) -> F + Send + Sync + 'static) -> Handler<T>
where
    F: Future<Output = Result<Handled>> + Send + 'static,
{
    Arc::new(move |work| handle(work).boxed())
}
