//! Counting in memory: shards with a lock each, and a bounded number of keys.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::Clock;

use super::window::Window;
use super::{Policy, Taken};

const SHARDS: usize = 16;
/// A full shard is emptied to this part, so that it is looked through once in many new keys.
const KEPT_NUMERATOR: usize = 3;
const KEPT_DENOMINATOR: usize = 4;

#[derive(Debug)]
pub(super) struct Memory {
    clock: Clock,
    /// Strangers choose keys. They cannot know which share a shard or a fingerprint, because the hash is
    /// keyed afresh in every process.
    hash: RandomState,
    shard_keys_max: usize,
    shards: Vec<Mutex<Shard>>,
}

impl Memory {
    pub(super) fn new(clock: &Clock, keys_max: usize) -> Self {
        Self {
            clock: clock.clone(),
            hash: RandomState::new(),
            shard_keys_max: keys_max.div_ceil(SHARDS).max(1),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    pub(super) fn take(&self, policy: &Policy, key: &str) -> Taken {
        let fingerprint = self.fingerprint(policy, key);
        let mut shard = self.locked(Self::chosen(fingerprint));
        // Asked under the lock, so that the times of one key never go back.
        let now = self.now();
        self.make_room(&mut shard, fingerprint, now);
        shard.take(fingerprint, policy, now)
    }

    /// 64 keyed bits stand for the key: among a million keys, two share one with a chance of one in thirty million,
    /// and then they share a limit.
    pub(super) fn fingerprint(&self, policy: &Policy, key: &str) -> u64 {
        self.hash.hash_one((policy.name, key))
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Sees that a key which is new to a full shard has a place.
    pub(super) fn make_room(&self, shard: &mut Shard, fingerprint: u64, now: Duration) {
        if shard.is_full(self.shard_keys_max) && !shard.entries.contains_key(&fingerprint) {
            let dropped = shard.make_room(self.shard_keys_max, now);
            metrics::counter!("limits_keys_dropped_total").increment(dropped);
        }
    }

    pub(super) fn keys(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| locked(shard).entries.len())
            .sum()
    }

    /// The shard of a key.
    pub(super) fn chosen(fingerprint: u64) -> usize {
        // Neither the lowest bits nor the highest: the map inside chooses by those.
        (fingerprint >> 32) as usize % SHARDS
    }

    pub(super) fn locked(&self, chosen: usize) -> MutexGuard<'_, Shard> {
        locked(&self.shards[chosen])
    }
}

fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // The worst that a panic leaves behind is one request that was not counted.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: HashMap<u64, Entry, BuildHasherDefault<AsItIs>>,
    /// Counts the takes; tells which key was asked for least recently.
    turn: u64,
}

#[derive(Debug, Default)]
struct Entry {
    window: Window,
    over_at: Duration,
    last_turn: u64,
}

impl Shard {
    fn is_full(&self, keys_max: usize) -> bool {
        self.entries.len() >= keys_max
    }

    /// What a take would answer where so many go ahead of it; a key that is not known is not made known.
    pub(super) fn look(
        &mut self,
        fingerprint: u64,
        policy: &Policy,
        now: Duration,
        ahead: u32,
    ) -> Taken {
        match self.entries.get_mut(&fingerprint) {
            Some(entry) => entry.window.look(policy, now, ahead),
            None => Window::default().look(policy, now, ahead),
        }
    }

    pub(super) fn take(&mut self, fingerprint: u64, policy: &Policy, now: Duration) -> Taken {
        self.turn += 1;
        let entry = self.entries.entry(fingerprint).or_default();
        entry.last_turn = self.turn;
        let taken = entry.window.take(policy, now);
        entry.over_at = entry.window.over_at(policy);
        taken
    }

    /// Forgets the keys whose windows are over, which changes no answer, and then, when that was too few, those
    /// that were asked for least recently. Who could use that to begin afresh has asked under so many other
    /// keys meanwhile that one more does not matter.
    fn make_room(&mut self, keys_max: usize, now: Duration) -> u64 {
        self.entries.retain(|_, entry| entry.over_at > now);
        let kept = keys_max * KEPT_NUMERATOR / KEPT_DENOMINATOR;
        let excess = self.entries.len().saturating_sub(kept);
        if excess > 0 {
            let mut turns: Vec<u64> = self.entries.values().map(|entry| entry.last_turn).collect();
            let (_, youngest_to_go, _) = turns.select_nth_unstable(excess - 1);
            let youngest_to_go = *youngest_to_go;
            self.entries
                .retain(|_, entry| entry.last_turn > youngest_to_go);
        }
        excess as u64
    }
}

/// Takes a number that is a hash already as its own hash.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
