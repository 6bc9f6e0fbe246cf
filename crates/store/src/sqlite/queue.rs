//! A bounded queue between async callers and a few threads.
//!
//! It never blocks who puts something in, and wakes a thread only when one sleeps: while the writer works, a
//! caller pays for a lock and nothing else. What waits is taken out many at a time.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Waiting items, at most so many.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    limit: usize,
}

struct State<T> {
    items: VecDeque<T>,
    sleeping: usize,
    closed: bool,
}

/// Why an item was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// As many as allowed wait already.
    Full,
    /// Nobody will take anything out any more.
    Closed,
}

impl<T> Queue<T> {
    pub(super) fn new(limit: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            sleeping: 0,
            closed: false,
        };
        Queue {
            state: Mutex::new(state),
            filled: Condvar::new(),
            limit,
        }
    }

    /// Puts an item at the end.
    pub(super) fn push(&self, item: T) -> Result<(), Rejected> {
        let mut state = self.lock();
        if state.closed {
            return Err(Rejected::Closed);
        }
        if state.items.len() >= self.limit {
            return Err(Rejected::Full);
        }
        state.items.push_back(item);
        let asleep = state.sleeping > 0;
        drop(state);
        if asleep {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Sleeps until something waits; `false` once the queue is closed.
    pub(super) fn wait(&self) -> bool {
        !self.wait_locked().closed
    }

    /// Waits for one item; nothing once the queue is closed.
    pub(super) fn pop(&self) -> Option<T> {
        let mut state = self.wait_locked();
        if state.closed {
            None
        } else {
            state.items.pop_front()
        }
    }

    /// One item, if one waits now.
    pub(super) fn try_pop(&self) -> Option<T> {
        self.lock().items.pop_front()
    }

    /// Moves what waits now, at most so many, without sleeping.
    pub(super) fn drain(&self, into: &mut VecDeque<T>, count: usize) {
        let mut state = self.lock();
        let count = count.min(state.items.len());
        into.extend(state.items.drain(..count));
    }

    /// Takes nothing in any more, wakes everybody, and drops what waits.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let left = std::mem::take(&mut state.items);
        drop(state);
        self.filled.notify_all();
        drop(left);
    }

    fn wait_locked(&self) -> MutexGuard<'_, State<T>> {
        let mut state = self.lock();
        while state.items.is_empty() && !state.closed {
            state.sleeping = state.sleeping.saturating_add(1);
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.sleeping = state.sleeping.saturating_sub(1);
        }
        state
    }

    /// No code that can panic runs under the lock, so a poisoned one holds a whole state.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
