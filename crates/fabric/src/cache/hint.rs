//! Hints: where a value of a cache is, kept by one who asks for it again and again.
//!
//! A key is made, hashed, looked up and compared, which touches memory that is not at hand when there are many keys.
//! A hint leaves that out. It holds nothing: what the cache gives up is gone for it, too, as soon as nobody holds it.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use super::room::note_asked;
use super::{Entry, Inside, micros};

/// Stands for one key of one cache, and finds its value as long as that is the first that it found.
pub struct Hint<V>(OnceLock<Weak<Entry<V>>>);

impl<V> Hint<V> {
    pub(super) fn point_to(&self, entry: &Arc<Entry<V>>) {
        self.0.get_or_init(|| Arc::downgrade(entry));
    }
}

impl<V: Send + Sync + 'static> Hint<V> {
    /// The entry, if it is held, may be believed, and nothing at all was declared invalid since: only a lookup by the
    /// key knows whether that concerned it.
    pub(super) fn found(&self, inside: &Inside<V>) -> Option<Arc<Entry<V>>> {
        let entry = self.0.get()?.upgrade()?;
        let is_believed = inside.marks.now() <= entry.begun
            && inside.trust.has_held_since(entry.trusted)
            && micros(inside.clock.elapsed()) < entry.ends_at;
        is_believed.then(|| {
            note_asked(&*entry);
            entry
        })
    }
}

impl<V> Default for Hint<V> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<V> fmt::Debug for Hint<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hint")
    }
}
