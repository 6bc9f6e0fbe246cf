//! Where a simulation comes between: before each read, and before and after each commit.
//!
//! A gate is a future that the simulation wakes when it likes. Whatever waits at it can be overtaken by others, and a
//! process that ends there is a future that is dropped.

use std::sync::Arc;

use futures_util::future::BoxFuture;

/// A place at which a call can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Rows are about to be read.
    Read,
    /// Something is about to be stored.
    Commit,
    /// It is stored, or was refused, and whoever asked has not heard of it.
    Committed,
}

/// What calls wait for.
pub type Gate = Arc<dyn Fn(Border) -> BoxFuture<'static, ()> + Send + Sync>;

/// Waits where there is a gate.
#[inline]
pub(crate) async fn pass(gate: &Option<Gate>, border: Border) {
    if let Some(gate) = gate {
        gate(border).await;
    }
}
