//! The cache: values that are quicker to remember than to load, bounded by bytes, and never believed too long.
//!
//! Each value has tags, by which it is declared invalid, and an end. Many who want a value that is not there wait
//! for one load. While trust is withdrawn nothing that is held is believed. A failure to load is never remembered.
//! The room is shared out fairly: one organisation cannot push out what others hold within their share.
//!
//! Memory of this process stands behind it. Callers see [`Cache`] alone, whose calls may wait, so that a cache that
//! nodes share can be put between the memory and the loader without their noticing.

mod flight;
mod hint;
mod key;
mod marks;
mod room;
mod trust;

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::{Clock, Organisation, Result};
use metrics::Counter;

use flight::{Flights, Landed, Lead, Part};
pub use hint::Hint;
use key::Key;
use marks::{Marks, What};
use room::{Kept, Label, Room};
pub use trust::Trust;

/// What an entry takes besides its value and its key, about.
const ENTRY_BYTES: usize = 256;

/// How long lists, menus and what is known of a tenant are believed at most, whatever the log says of them.
pub const LISTS_AGE_MAX: Duration = Duration::from_secs(300);

/// How long answers to expensive questions are believed at most.
pub const EXPENSIVE_AGE_MAX: Duration = Duration::from_secs(3600);

/// How much a cache holds, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How many bytes all entries may take, as their loaders say.
    pub bytes_max: u64,
    /// How long a value is believed unless its loader says less; none is believed longer.
    pub age_max: Duration,
    /// How many invalid keys, and how many invalid tags, are remembered one by one. When there are more,
    /// all values that are older than the older half of them are given up.
    pub marks_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 20,
            age_max: LISTS_AGE_MAX,
            marks_max: 16_384,
        }
    }
}

/// A value that was loaded, and what the cache must know of it.
#[derive(Clone, Debug)]
pub struct Loaded<V> {
    value: V,
    value_bytes: usize,
    tags: Vec<Arc<str>>,
    owner: Option<Organisation>,
    age_max: Duration,
}

impl<V> Loaded<V> {
    /// A value of about so many bytes.
    pub fn new(value: V, value_bytes: usize) -> Self {
        Self {
            value,
            value_bytes,
            tags: Vec::new(),
            owner: None,
            age_max: Duration::MAX,
        }
    }

    /// Says to whom the value belongs. When the cache is full, whoever holds most of it gives up first, so that no
    /// organisation loses what it holds within an equal share; all values of nobody count as those of one more.
    #[must_use]
    pub fn of(mut self, owner: Organisation) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Adds a tag: when it is declared invalid, so is this value.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Lets it be believed no longer than this, nor longer than the cache allows.
    #[must_use]
    pub fn age_max(mut self, age_max: Duration) -> Self {
        self.age_max = age_max;
        self
    }
}

/// What is kept under a key. What a lookup reads lies together, beside the beginning of the value: of tens of thousands
/// of entries hardly one is in the processor's memory when somebody asks for it. The key comes last; whoever has a hint
/// does not read it.
#[derive(Debug)]
#[repr(C)]
struct Entry<V> {
    /// The number of the marks, and of the trust, when its loading began.
    begun: u64,
    trusted: u64,
    /// From when on nobody believes it, as an age of the clock in microseconds.
    ends_at: u64,
    asked: AtomicBool,
    value: V,
    key: Key,
    tags: Vec<Arc<str>>,
}

impl<V> Kept for Entry<V> {
    fn key(&self) -> &[u8] {
        self.key.bytes()
    }

    fn asked(&self) -> &AtomicBool {
        &self.asked
    }
}

/// A value where its cache keeps it, so that nothing of it is copied. It stays for whoever has it, also when the cache
/// has given it up.
pub struct Held<V>(Arc<Entry<V>>);

/// Remembers values of one sort. Clones are the same cache.
pub struct Cache<V>(Arc<Inside<V>>);

struct Inside<V> {
    name: &'static str,
    settings: Settings,
    clock: Clock,
    trust: Trust,
    room: Room<Entry<V>>,
    marks: Marks,
    flights: Flights<Entry<V>>,
    counters: OnceLock<Counters>,
}

struct Counters {
    hits: Counter,
    misses: Counter,
}

impl<V: Send + Sync + 'static> Cache<V> {
    /// Makes an empty cache. Its name stands in the metrics.
    pub fn new(name: &'static str, settings: Settings, clock: &Clock, trust: &Trust) -> Self {
        Self(Arc::new(Inside {
            name,
            settings,
            clock: clock.clone(),
            trust: trust.clone(),
            room: Room::new(settings.bytes_max),
            marks: Marks::new(settings.marks_max),
            flights: Flights::new(),
            counters: OnceLock::new(),
        }))
    }

    /// Gives the value of a key when it is there and may be believed.
    pub async fn get(&self, key: &str) -> Option<V>
    where
        V: Clone,
    {
        let found = self.0.find(key);
        self.0.count(found.as_ref());
        Some(found?.value.clone())
    }

    /// Gives the value of a key, loading it when it is not there or may not be believed. Of many who want it at the
    /// same time one loads; the others wait for it, and share its failure. One that comes after an invalidation
    /// never gets what was being loaded before it.
    ///
    /// # Errors
    ///
    /// What the loader says. It is not remembered.
    pub async fn get_or_set<L, F>(&self, key: &str, loader: L) -> Result<V>
    where
        V: Clone,
        L: FnOnce() -> F,
        F: Future<Output = Result<Loaded<V>>>,
    {
        Ok(self.0.entry(key, loader).await?.value.clone())
    }

    /// The same, but gives the value where it is kept, not a copy of it.
    ///
    /// # Errors
    ///
    /// What the loader says. It is not remembered.
    pub async fn hold<L, F>(&self, key: &str, loader: L) -> Result<Held<V>>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Loaded<V>>>,
    {
        Ok(Held(self.0.entry(key, loader).await?))
    }

    /// The same for a key that a hint stands for: where the hint finds the value, the key is not even made.
    ///
    /// # Errors
    ///
    /// What the loader says. It is not remembered.
    pub async fn hinted<L, F>(
        &self,
        hint: &Hint<V>,
        key: impl FnOnce() -> String,
        loader: L,
    ) -> Result<Held<V>>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Loaded<V>>>,
    {
        if let Some(held) = self.hinted_now(hint) {
            return Ok(held);
        }
        let entry = self.0.entry(&key(), loader).await?;
        hint.point_to(&entry);
        Ok(Held(entry))
    }

    /// Looks at the value of a key where it lies, when it is there and may be believed. Holding it would be noted
    /// beside it, which costs more than the look. Whoever changes what is kept near to it waits meanwhile, so look
    /// quickly. Only what is seen is counted: who does not see it will ask for it in another way.
    pub fn glance<T>(&self, key: &str, look: impl FnOnce(&V) -> Option<T>) -> Option<T> {
        let inside = &self.0;
        let look = |entry: &Entry<V>| {
            let is_believed = inside.is_believed(key, entry);
            is_believed.then(|| look(&entry.value)).flatten()
        };
        let seen = inside.room.look(key, look).flatten()?;
        inside.count(Some(&seen));
        Some(seen)
    }

    /// Gives the value that a hint points to, when it is still there and may be believed.
    pub fn hinted_now(&self, hint: &Hint<V>) -> Option<Held<V>> {
        let entry = hint.found(&self.0)?;
        self.0.count(Some(&entry));
        Some(Held(entry))
    }

    /// Declares the value of one key invalid, also one that is being loaded now.
    pub async fn invalidate_key(&self, key: &str) {
        self.0.marks.mark(What::Key(key));
        self.0.room.remove(key);
    }

    /// Declares all values with this tag invalid, also those that are being loaded now.
    pub fn invalidate_tag(&self, tag: &str) {
        self.0.marks.mark(What::Tag(tag));
    }

    /// Declares all values invalid whose keys begin so, also those that are being loaded now.
    pub fn invalidate_prefix(&self, prefix: &str) {
        self.0.marks.mark(What::Prefix(prefix));
    }

    /// Declares all values invalid, also those that are being loaded now: for one who missed what was invalid.
    pub fn invalidate_all(&self) {
        self.0.marks.mark(What::All);
        self.0.room.clear();
    }

    /// About how many bytes are held now.
    pub async fn bytes(&self) -> u64 {
        self.0.room.bytes()
    }
}

impl<V: Send + Sync + 'static> Inside<V> {
    async fn entry<L, F>(&self, key: &str, loader: L) -> Result<Arc<Entry<V>>>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Loaded<V>>>,
    {
        let asked = self.marks.now();
        let found = self.find(key);
        self.count(found.as_ref());
        if let Some(entry) = found {
            return Ok(entry);
        }
        let key = Arc::from(key);
        loop {
            match self.flights.join(&key) {
                Part::Lead(lead) => return self.load(&key, lead, loader).await,
                Part::Follow(follow) => match follow.landed().await {
                    Some(Landed::Failed(error)) => return Err(flight::again(&error)),
                    Some(Landed::Loaded(entry)) if self.is_new_at(asked, &key, &entry) => {
                        return Ok(entry);
                    }
                    // Too old for this one, or given up: the next flight begins after it asked.
                    Some(Landed::Loaded(_)) | None => {}
                },
            }
        }
    }

    fn find(&self, key: &str) -> Option<Arc<Entry<V>>> {
        let entry = self.room.get(key)?;
        self.is_believed(key, &entry).then_some(entry)
    }

    fn is_believed(&self, key: &str, entry: &Entry<V>) -> bool {
        self.trust.has_held_since(entry.trusted)
            && micros(self.clock.elapsed()) < entry.ends_at
            && !self.is_invalid(key, entry)
    }

    async fn load<L, F>(
        &self,
        key: &Arc<str>,
        lead: Lead<'_, Entry<V>>,
        loader: L,
    ) -> Result<Arc<Entry<V>>>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Loaded<V>>>,
    {
        // Another may have landed between the look into the cache and the begin of this flight.
        if let Some(entry) = self.find(key) {
            lead.land(Landed::Loaded(Arc::clone(&entry)));
            return Ok(entry);
        }
        let (begun, trusted) = (self.marks.now(), self.trust.count());
        let loaded_at = self.clock.elapsed();
        let loaded = match loader().await {
            Ok(loaded) => loaded,
            Err(error) => {
                lead.land(Landed::Failed(Arc::new(flight::again(&error))));
                return Err(error);
            }
        };
        let age_max = loaded.age_max.min(self.settings.age_max);
        let ends_at = loaded_at.saturating_add(age_max);
        let label = Label {
            owner: loaded.owner,
            bytes: weight(key, &loaded),
            ends_at,
        };
        let entry = Arc::new(Entry {
            begun,
            trusted,
            ends_at: micros(ends_at),
            asked: AtomicBool::new(false),
            value: loaded.value,
            key: Key::of(key),
            tags: loaded.tags,
        });
        // It may be invalid by now; then every lookup will find that out, as it does later on.
        self.room
            .insert(key, Arc::clone(&entry), label, self.clock.elapsed());
        lead.land(Landed::Loaded(Arc::clone(&entry)));
        Ok(entry)
    }

    /// Whether somebody who asked at this number may have it: its loading began after that, or nothing was declared
    /// invalid since it began.
    fn is_new_at(&self, asked: u64, key: &str, entry: &Entry<V>) -> bool {
        entry.begun >= asked || !self.is_invalid(key, entry)
    }

    fn is_invalid(&self, key: &str, entry: &Entry<V>) -> bool {
        self.marks.is_invalid(key, &entry.tags, entry.begun)
    }

    fn count<T>(&self, found: Option<&T>) {
        let counters = self.counters.get_or_init(|| Counters {
            hits: metrics::counter!("cache_hits_total", "cache" => self.name),
            misses: metrics::counter!("cache_misses_total", "cache" => self.name),
        });
        match found {
            Some(_) => counters.hits.increment(1),
            None => counters.misses.increment(1),
        }
    }
}

fn micros(age: Duration) -> u64 {
    u64::try_from(age.as_micros()).unwrap_or(u64::MAX)
}

fn weight<V>(key: &str, loaded: &Loaded<V>) -> u64 {
    let tags_bytes: usize = loaded.tags.iter().map(|tag| tag.len()).sum();
    let all = loaded
        .value_bytes
        .saturating_add(key.len() + tags_bytes + ENTRY_BYTES);
    u64::try_from(all).unwrap_or(u64::MAX)
}

impl<V> Clone for Cache<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = &self.0;
        f.debug_struct("Cache")
            .field("name", &inside.name)
            .field("settings", &inside.settings)
            .finish_non_exhaustive()
    }
}

impl<V> Deref for Held<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.value
    }
}

impl<V> Clone for Held<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: fmt::Debug> fmt::Debug for Held<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.0.value).finish()
    }
}
