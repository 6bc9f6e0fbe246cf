//! Connections for reads and queue work, lent to one caller at a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::call::Deadline;
use crate::failure::{Failure, Outcome};
use crate::postgres::connection::{Connection, Statements, unavailable};
use crate::postgres::target::Target;

/// At most so many connections, opened when they are first needed.
pub(crate) struct Pool {
    target: Target,
    statements: Statements,
    connect_limit: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    /// An empty pool.
    pub(crate) fn new(
        target: Target,
        statements: Statements,
        size: usize,
        connect_limit: Duration,
    ) -> Self {
        Pool {
            target,
            statements,
            connect_limit,
            permits: Semaphore::new(size),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Where its connections lead.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Lends a connection to `work`. It goes back unless it was closed or `work` was dropped half done.
    pub(crate) async fn with<T>(
        &self,
        deadline: &Deadline,
        work: impl AsyncFnOnce(&mut Connection) -> Outcome<T>,
    ) -> Outcome<T> {
        // A timer of no time at all still leaves a millisecond, in which a quick server can do it.
        if deadline.passed() {
            return Err(Failure::TooLate);
        }
        let lent = async {
            let _permit = self.permits.acquire().await.map_err(unavailable)?;
            let mut connection = match self.take() {
                Some(connection) => connection,
                None => Connection::open(&self.target, self.statements, self.connect_limit).await?,
            };
            let result = work(&mut connection).await;
            if !connection.closed() {
                self.idle().push(connection);
            }
            result
        };
        tokio::time::timeout(deadline.left(), lent)
            .await
            .map_err(|_| Failure::TooLate)?
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle();
        while let Some(connection) = idle.pop() {
            if !connection.closed() {
                return Some(connection);
            }
        }
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
