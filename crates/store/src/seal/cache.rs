//! The keys that this node has unwrapped lately: few, for a short time, wiped when they go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Secret, Uid};

/// So long a node may go on with a key that another node has destroyed.
pub(super) const LIFETIME: Duration = Duration::from_secs(2);
/// Keys held at most.
const HELD_MAX: usize = 10_000;

/// What is known of a person's key.
#[derive(Clone)]
pub(super) enum Known {
    /// It is this.
    Key(Arc<Secret>),
    /// It was destroyed.
    Erased,
}

/// What is known, by person.
#[derive(Default)]
pub(super) struct Cache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    entries: HashMap<Uid, (Known, Duration)>,
    /// How many keys this node has destroyed. Who began to read before the last one may have read what is no more.
    erasures: u64,
}

impl Cache {
    /// What is known and still fresh, or the number of erasures to give to [`Cache::learn`].
    pub(super) fn find(&self, person: Uid, now: Duration) -> Result<Known, u64> {
        let mut inner = self.lock();
        match inner.entries.get(&person) {
            Some((known, until)) if *until > now => Ok(known.clone()),
            Some(_) => {
                inner.entries.remove(&person);
                Err(inner.erasures)
            }
            None => Err(inner.erasures),
        }
    }

    /// Keeps what was read for a lifetime from when the read began. False when it may not be used: too long ago, or
    /// this node has destroyed a key since.
    pub(super) fn learn(
        &self,
        person: Uid,
        known: &Known,
        (begun, erasures): (Duration, u64),
        now: Duration,
    ) -> bool {
        let until = begun.saturating_add(LIFETIME);
        let mut inner = self.lock();
        if until <= now || inner.erasures != erasures {
            return false;
        }
        inner.make_room(now);
        inner.entries.insert(person, (known.clone(), until));
        true
    }

    /// Forgets a key that was destroyed.
    pub(super) fn erase(&self, person: Uid) {
        let mut inner = self.lock();
        inner.erasures = inner.erasures.wrapping_add(1);
        inner.entries.remove(&person);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn make_room(&mut self, now: Duration) {
        if self.entries.len() >= HELD_MAX {
            self.entries.retain(|_, (_, until)| *until > now);
        }
        if self.entries.len() >= HELD_MAX {
            self.entries.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use base::Random;

    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn key() -> Known {
        Known::Key(Arc::new(Secret::draw(&Random::seeded(1))))
    }

    #[test]
    fn a_key_is_forgotten_after_its_lifetime() {
        let (cache, ann) = (Cache::default(), Uid::from_bytes([1; 16]));
        assert!(cache.learn(ann, &key(), (NOW, 0), NOW));
        let last = NOW + LIFETIME - Duration::from_millis(1);
        assert!(cache.find(ann, last).is_ok());
        assert!(cache.find(ann, NOW + LIFETIME).is_err());
        assert!(!cache.learn(ann, &key(), (NOW, 0), NOW + LIFETIME));
    }

    #[test]
    fn what_was_read_before_an_erasure_is_not_learnt_after_it() {
        let (cache, ann) = (Cache::default(), Uid::from_bytes([1; 16]));
        let erasures = cache.find(ann, NOW).err().unwrap();
        cache.erase(ann);
        assert!(!cache.learn(ann, &key(), (NOW, erasures), NOW));
        assert!(cache.find(ann, NOW).is_err());
    }

    #[test]
    fn there_is_a_limit() {
        let cache = Cache::default();
        for number in 0..=HELD_MAX as u128 {
            let person = Uid::from_bytes(number.to_be_bytes());
            assert!(cache.learn(person, &key(), (NOW, 0), NOW));
        }
        assert!(cache.lock().entries.len() <= HELD_MAX);
    }
}
