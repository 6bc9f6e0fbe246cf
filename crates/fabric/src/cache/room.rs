//! The room of a cache: entries bounded by bytes, shared out fairly among those whom they belong to.
//!
//! When more is held than there is room for, whoever holds most gives up first, and of his the entry that nobody
//! asked for since it was looked at last. Who holds most holds no less than an equal share; so nobody who stays
//! within an equal share loses anything, however much others bring.
//!
//! Reading takes the lock of one shard for reading and leaves a mark; only what changes the room takes the ledger's.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use base::Organisation;

const SHARDS: usize = 32;
/// How many entries at the head of a line are looked at for their end whenever one comes in.
const ENDED_AT_ONCE: usize = 2;
/// How many names of entries that are gone a line may hold besides as many as it holds entries.
const GONE_MAX: usize = 64;

/// What is held. It has its key with it, so that a lookup goes to it without touching anything between; and it says
/// itself whether somebody asked for it, so that it can also be reached past its shard.
pub(super) trait Kept {
    fn key(&self) -> &[u8];

    /// Whether somebody asked for it since it was looked at last.
    fn asked(&self) -> &AtomicBool;
}

/// Notes that somebody asked for an entry.
pub(super) fn note_asked(entry: &impl Kept) {
    // Not written again while it is there: a line of memory that nobody writes is shared by all cores.
    if !entry.asked().load(Ordering::Relaxed) {
        entry.asked().store(true, Ordering::Relaxed);
    }
}

/// What the room must know of an entry.
#[derive(Debug)]
pub(super) struct Label {
    /// Whom it belongs to; none for what belongs to nobody, who is one more with a share.
    pub(super) owner: Option<Organisation>,
    /// How many bytes it takes.
    pub(super) bytes: u64,
    /// From when on nobody believes it, as an age of the clock.
    pub(super) ends_at: Duration,
}

/// The entries of a cache.
#[derive(Debug)]
pub(super) struct Room<E> {
    bytes_max: u64,
    /// Strangers choose keys; they cannot know which share a shard.
    hash: RandomState,
    shards: Vec<RwLock<Shard<E>>>,
    ledger: Mutex<Ledger>,
}

/// What is held, and the place that each has in its line.
type Shard<E> = HashMap<ByKey<E>, Arc<Place>>;

/// An entry in its shard, found by its key.
#[derive(Debug)]
struct ByKey<E>(Arc<E>);

/// The place that an entry has in the line of its owner. It does not hold the entry, which may be gone before it.
#[derive(Debug)]
struct Place {
    key: Arc<str>,
    label: Label,
    gone: AtomicBool,
}

/// Who holds how much.
#[derive(Debug, Default)]
struct Ledger {
    lines: HashMap<Option<Organisation>, Line>,
    /// The same, so that whoever holds most is last.
    by_bytes: BTreeSet<(u64, Option<Organisation>)>,
    bytes: u64,
}

/// The entries of one owner, in the order in which they are looked at.
#[derive(Debug, Default)]
struct Line {
    places: VecDeque<Arc<Place>>,
    bytes: u64,
    /// How many of them are not gone.
    held: usize,
}

impl<E: Kept> Room<E> {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self {
            bytes_max,
            hash: RandomState::new(),
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            ledger: Mutex::default(),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<E>> {
        self.find(key, Arc::clone)
    }

    /// Looks at an entry while nothing of its shard can change.
    pub(super) fn look<T>(&self, key: &str, look: impl FnOnce(&E) -> T) -> Option<T> {
        self.find(key, |entry| look(entry))
    }

    /// Puts an entry in the place of the one that was there, and makes room for it. What is larger than the whole
    /// room is not kept.
    pub(super) fn insert(&self, key: &Arc<str>, entry: Arc<E>, label: Label, now: Duration) {
        let mut ledger = self.ledger();
        if label.bytes > self.bytes_max {
            return self.take_out(&mut ledger, key);
        }
        let owner = label.owner;
        let place = Arc::new(Place {
            key: Arc::clone(key),
            label,
            gone: AtomicBool::new(false),
        });
        let mut shard = self.write(key);
        let before = shard.remove_entry(key.as_bytes());
        shard.insert(ByKey(entry), Arc::clone(&place));
        // What was there before may be large: it goes when nobody waits for the shard any more.
        drop(shard);
        if let Some((_, before)) = before {
            ledger.gone(&before);
        }
        ledger.came(place);
        self.drop_ended(&mut ledger, owner, now);
        while ledger.bytes > self.bytes_max && self.give_up_one(&mut ledger) {}
    }

    pub(super) fn remove(&self, key: &str) {
        let mut ledger = self.ledger();
        self.take_out(&mut ledger, key);
    }

    pub(super) fn clear(&self) {
        let mut ledger = self.ledger();
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.clear();
        }
        *ledger = Ledger::default();
    }

    pub(super) fn bytes(&self) -> u64 {
        self.ledger().bytes
    }

    fn find<T>(&self, key: &str, take: impl FnOnce(&Arc<E>) -> T) -> Option<T> {
        let shard = self.read(key);
        let (ByKey(entry), _) = shard.get_key_value(key.as_bytes())?;
        note_asked(&**entry);
        Some(take(entry))
    }

    // Every lock is whole after every step that is taken under it, so a poisoned one spoils nothing.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, key: &str) -> RwLockReadGuard<'_, Shard<E>> {
        let shard = &self.shards[self.chosen(key)];
        shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: &str) -> RwLockWriteGuard<'_, Shard<E>> {
        let shard = &self.shards[self.chosen(key)];
        shard.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn chosen(&self, key: &str) -> usize {
        (self.hash.hash_one(key) >> 32) as usize % SHARDS
    }

    /// Whether somebody asked for the entry of a place since this was looked at last.
    fn was_asked(&self, place: &Place) -> bool {
        let shard = self.read(&place.key);
        let held = shard.get_key_value(place.key.as_bytes());
        held.is_some_and(|(ByKey(entry), _)| entry.asked().swap(false, Ordering::Relaxed))
    }

    fn take_out(&self, ledger: &mut Ledger, key: &str) {
        let held = self.write(key).remove_entry(key.as_bytes());
        if let Some((_, place)) = held {
            ledger.gone(&place);
        }
    }

    /// Frees what nobody believes any more, a little at a time, so that nobody waits for it.
    fn drop_ended(&self, ledger: &mut Ledger, owner: Option<Organisation>, now: Duration) {
        for _ in 0..ENDED_AT_ONCE {
            let line = ledger.lines.get_mut(&owner);
            let Some(line) = line.filter(|line| line.has_ended(now)) else {
                return;
            };
            let ended = line.places.pop_front();
            if let Some(place) = ended.filter(|place| !place.is_gone()) {
                self.take_out(ledger, &place.key);
            }
        }
    }

    /// Gives up an entry of whoever holds most; says whether there was one.
    fn give_up_one(&self, ledger: &mut Ledger) -> bool {
        let most = ledger.by_bytes.last().copied();
        let line = most.and_then(|(_, owner)| ledger.lines.get_mut(&owner));
        match line.and_then(|line| line.give_up(|place| self.was_asked(place))) {
            Some(place) => {
                self.take_out(ledger, &place.key);
                true
            }
            None => false,
        }
    }
}

impl<E: Kept> Borrow<[u8]> for ByKey<E> {
    fn borrow(&self) -> &[u8] {
        self.0.key()
    }
}

impl<E: Kept> Hash for ByKey<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key().hash(state);
    }
}

impl<E: Kept> PartialEq for ByKey<E> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl<E: Kept> Eq for ByKey<E> {}

impl Place {
    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

impl Line {
    fn has_ended(&self, now: Duration) -> bool {
        let first = self.places.front();
        first.is_some_and(|first| first.is_gone() || first.label.ends_at <= now)
    }

    /// Takes out the first that nobody asked for since it was looked at last, or the first of all when somebody goes
    /// on asking for each of them.
    fn give_up(&mut self, was_asked: impl Fn(&Place) -> bool) -> Option<Arc<Place>> {
        for spared in 0.. {
            let place = self.places.pop_front()?;
            if place.is_gone() {
                continue;
            }
            if spared > self.places.len() || !was_asked(&place) {
                return Some(place);
            }
            self.places.push_back(place);
        }
        None
    }
}

impl Ledger {
    fn came(&mut self, place: Arc<Place>) {
        let (owner, bytes) = (place.label.owner, place.label.bytes);
        let line = self.lines.entry(owner).or_default();
        self.by_bytes.remove(&(line.bytes, owner));
        line.bytes = line.bytes.saturating_add(bytes);
        line.held += 1;
        line.places.push_back(place);
        if line.places.len() > 2 * line.held + GONE_MAX {
            line.places.retain(|place| !place.is_gone());
        }
        self.by_bytes.insert((line.bytes, owner));
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Notes that an entry is in its shard no more. Its place stays in the line until somebody goes through it.
    fn gone(&mut self, place: &Place) {
        place.gone.store(true, Ordering::Relaxed);
        let (owner, bytes) = (place.label.owner, place.label.bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        let Some(line) = self.lines.get_mut(&owner) else {
            return;
        };
        self.by_bytes.remove(&(line.bytes, owner));
        line.bytes = line.bytes.saturating_sub(bytes);
        line.held = line.held.saturating_sub(1);
        match line.held {
            0 => {
                self.lines.remove(&owner);
            }
            _ => {
                self.by_bytes.insert((line.bytes, owner));
            }
        }
    }
}
