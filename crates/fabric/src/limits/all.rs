//! Several counters at once: all of them count the passage, or none does.
//!
//! The locks of all shards that are concerned are taken in the order of the shards, so that two passages never wait
//! for each other in a circle.

use std::array;
use std::sync::MutexGuard;
use std::time::Duration;

use super::memory::{Memory, Shard};
use super::{AT_ONCE_MAX, Policy, Taken, TakenAll};

/// Whether a passage is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Take,
    Look,
}

/// The shards of one passage, locked.
struct Held<'a>([Option<(usize, MutexGuard<'a, Shard>)>; AT_ONCE_MAX]);

impl<'a> Held<'a> {
    fn lock(memory: &'a Memory, fingerprints: &[u64]) -> Self {
        let mut wanted = [usize::MAX; AT_ONCE_MAX];
        for (place, fingerprint) in wanted.iter_mut().zip(fingerprints) {
            *place = Memory::chosen(*fingerprint);
        }
        wanted.sort_unstable();
        let mut before = usize::MAX;
        Self(wanted.map(|chosen| {
            let again = chosen == before || chosen == usize::MAX;
            before = chosen;
            (!again).then(|| (chosen, memory.locked(chosen)))
        }))
    }

    fn shard(&mut self, fingerprint: u64) -> Option<&mut Shard> {
        let chosen = Memory::chosen(fingerprint);
        let mut held = self.0.iter_mut().flatten();
        let found = held.find(|(place, _)| *place == chosen);
        found.map(|(_, shard)| &mut **shard)
    }
}

impl Memory {
    pub(super) fn take_all(&self, asked: &[(Policy, &str)]) -> TakenAll {
        self.all(asked, Mode::Take)
    }

    pub(super) fn would_take_all(&self, asked: &[(Policy, &str)]) -> TakenAll {
        self.all(asked, Mode::Look)
    }

    fn all(&self, asked: &[(Policy, &str)], mode: Mode) -> TakenAll {
        let asked = &asked[..asked.len().min(AT_ONCE_MAX)];
        let all: [u64; AT_ONCE_MAX] = array::from_fn(|place| match asked.get(place) {
            Some((policy, key)) => self.fingerprint(policy, key),
            None => 0,
        });
        let fingerprints = &all[..asked.len()];
        let mut held = Held::lock(self, fingerprints);
        // Asked under the locks, so that the times of one key never go back.
        let now = self.now();
        let mut answer = TakenAll {
            tightest: None,
            place: 0,
        };
        for (place, ((policy, _), fingerprint)) in asked.iter().zip(fingerprints).enumerate() {
            // The same key under the same policy twice needs room for two.
            let before = fingerprints[..place].iter();
            let ahead = before.filter(|other| *other == fingerprint).count();
            let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
            let looked = held
                .shard(*fingerprint)
                .map(|shard| shard.look(*fingerprint, policy, now, ahead));
            if let Some(taken) = looked
                && answer.is_worse(&taken)
            {
                (answer.tightest, answer.place) = (Some(taken), place);
                if !taken.allowed {
                    return answer;
                }
            }
        }
        if mode == Mode::Take {
            for ((policy, _), fingerprint) in asked.iter().zip(fingerprints) {
                self.count(&mut held, *fingerprint, (policy, now));
            }
        }
        answer
    }

    fn count(&self, held: &mut Held<'_>, fingerprint: u64, (policy, now): (&Policy, Duration)) {
        if let Some(shard) = held.shard(fingerprint) {
            self.make_room(shard, fingerprint, now);
            shard.take(fingerprint, policy, now);
        }
    }
}

impl TakenAll {
    /// Whether another answer says more than the one that is known: a refusal, or a smaller share that is left.
    fn is_worse(&self, other: &Taken) -> bool {
        let Some(known) = &self.tightest else {
            return true;
        };
        let share = |one: &Taken, limit: u32| u64::from(one.remaining) * u64::from(limit);
        !other.allowed || share(other, known.limit) < share(known, other.limit)
    }
}
