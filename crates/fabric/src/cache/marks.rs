//! Marks: what was declared invalid, and when, in numbers that only grow.
//!
//! A value remembers the number at which its loading began. It is valid as long as none of its names was marked
//! later. So an invalidation that comes while a load is under way wins by itself, and no list of the keys behind
//! a tag is kept. When there are too many marks the oldest are given up, and all that is older than they with them.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Every lookup that is older than the newest mark compares its key with all of these.
const PREFIXES_MAX: usize = 64;

/// What is declared invalid.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    Key(&'a str),
    Tag(&'a str),
    Prefix(&'a str),
    All,
}

#[derive(Debug)]
pub(super) struct Marks {
    names_max: usize,
    newest: AtomicU64,
    inside: RwLock<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    /// What was loaded before this number is invalid.
    floor: u64,
    keys: Names,
    tags: Names,
    prefixes: VecDeque<(Arc<str>, u64)>,
}

impl Marks {
    /// Keeps about so many marked keys and as many marked tags.
    pub(super) fn new(names_max: usize) -> Self {
        Self {
            names_max: names_max.max(1),
            newest: AtomicU64::new(0),
            inside: RwLock::default(),
        }
    }

    /// The number of now: what is loaded from now on is newer than all marks so far.
    pub(super) fn now(&self) -> u64 {
        self.newest.load(Ordering::SeqCst)
    }

    pub(super) fn mark(&self, what: What<'_>) {
        let mut inside = self.inside.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.now() + 1;
        let given_up = match what {
            What::Key(key) => inside.keys.mark(key, number, self.names_max),
            What::Tag(tag) => inside.tags.mark(tag, number, self.names_max),
            What::Prefix(prefix) => inside.mark_prefix(prefix, number),
            What::All => number,
        };
        inside.floor = inside.floor.max(given_up);
        // Last, and under the lock: whoever sees the number also sees the mark.
        self.newest.store(number, Ordering::SeqCst);
    }

    /// Whether what was loaded at that number has been declared invalid since. Only the newest mark of each name is
    /// known, so it cannot be asked whether there was one before some later moment.
    pub(super) fn is_invalid(&self, key: &str, tags: &[Arc<str>], begun: u64) -> bool {
        if self.now() <= begun {
            return false;
        }
        let inside = self.read();
        inside.floor > begun
            || inside.keys.number(key) > begun
            || tags.iter().any(|tag| inside.tags.number(tag) > begun)
            || inside.holds_prefix_of(key, begun)
    }

    fn read(&self) -> RwLockReadGuard<'_, Inside> {
        self.inside.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn mark_prefix(&mut self, prefix: &str, number: u64) -> u64 {
        self.prefixes.retain(|(marked, _)| &**marked != prefix);
        self.prefixes.push_back((Arc::from(prefix), number));
        if self.prefixes.len() <= PREFIXES_MAX {
            return 0;
        }
        self.prefixes.pop_front().map_or(0, |(_, number)| number)
    }

    fn holds_prefix_of(&self, key: &str, begun: u64) -> bool {
        let mut later = self.prefixes.iter().rev();
        later.any(|(prefix, number)| *number > begun && key.starts_with(&**prefix))
    }
}

/// When each name was marked last.
#[derive(Debug, Default)]
struct Names(HashMap<Arc<str>, u64>);

impl Names {
    /// 0, which is before everything, when it never was.
    fn number(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Marks the name, and gives up the older half when there are too many: the answer is the newest of these.
    fn mark(&mut self, name: &str, number: u64, names_max: usize) -> u64 {
        match self.0.get_mut(name) {
            Some(marked) => *marked = number,
            None => {
                self.0.insert(Arc::from(name), number);
            }
        }
        if self.0.len() <= names_max {
            return 0;
        }
        let mut numbers: Vec<u64> = self.0.values().copied().collect();
        let middle = (numbers.len() - 1) / 2;
        let (_, given_up, _) = numbers.select_nth_unstable(middle);
        let given_up = *given_up;
        self.0.retain(|_, number| *number > given_up);
        given_up
    }
}
