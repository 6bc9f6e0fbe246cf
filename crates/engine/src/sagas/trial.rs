//! Faults at every point of a saga, for the proof that each of them leaves nothing behind.

use std::sync::Arc;

use super::keys::Direction;

/// A point of a run at which something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A step is about to be called: its place, its direction, and whether there is no way back from it.
    Call(usize, Direction, bool),
    /// A commit that moves the journal is about to be sent.
    Before,
    /// Such a commit is stored.
    After,
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing special.
    On,
    /// The step says that it failed, and was not called.
    Fails,
    /// The step errs, and was not called.
    Errs,
    /// The step is called, and its answer is lost.
    Loses,
    /// The step is called twice, and its second answer counts.
    Twice,
    /// The process ends. For commits only: that is before and after each step as well.
    Crash,
}

/// Says what happens at each point.
pub(crate) type Probe = Arc<dyn Fn(Moment) -> Fate + Send + Sync>;
