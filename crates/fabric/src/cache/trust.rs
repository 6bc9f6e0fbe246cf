//! Whether caches may be believed, which whoever watches the log decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A flag that caches share: while it is withdrawn they believe nothing that they hold. Clones are the same flag.
///
/// It counts its changes, the even numbers being trust. So what was put away before a loss of trust is told
/// apart from what was put away after it, and is never believed again: its end may have been missed meanwhile.
#[derive(Clone, Debug)]
pub struct Trust(Arc<AtomicU64>);

impl Trust {
    /// A flag that is granted now.
    pub fn granted() -> Self {
        Self(Arc::new(AtomicU64::new(0)))
    }

    /// A flag that is withdrawn until it is granted.
    pub fn withdrawn() -> Self {
        Self(Arc::new(AtomicU64::new(1)))
    }

    /// Lets caches believe what they hold from now on. It may be said again and again.
    pub fn grant(&self) {
        self.change(|count| count + count % 2);
    }

    /// Keeps caches from believing anything. It may be said again and again.
    pub fn withdraw(&self) {
        self.change(|count| count + (count + 1) % 2);
    }

    /// Whether caches may be believed.
    pub fn holds(&self) -> bool {
        self.count().is_multiple_of(2)
    }

    /// Whether it holds, and has held without a break since it had this count.
    pub(super) fn has_held_since(&self, count: u64) -> bool {
        count.is_multiple_of(2) && self.count() == count
    }

    /// How often it has changed; even while it holds.
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn change(&self, change: impl Fn(u64) -> u64) {
        self.0.update(Ordering::SeqCst, Ordering::SeqCst, change);
    }
}
