//! Limits: how often somebody may do something within any stretch of time.
//!
//! A policy says how many may pass in a window that slides; a key says who is counted. In no stretch as long
//! as the window do more pass than the policy says, wherever the stretch begins. What was refused is not
//! counted, so whoever keeps knocking is let in as soon as there is room.

mod all;
mod memory;
mod window;

use std::sync::Arc;
use std::time::Duration;

use base::Clock;

use memory::Memory;

/// How many may pass in a window of time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// What it is called; the same key is counted apart under another name.
    pub name: &'static str,
    /// How many may pass in any stretch as long as the window.
    pub max: u32,
    /// How long the window is.
    pub window: Duration,
}

/// The answer to one who wants to pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Whether it may pass; it is counted then.
    pub allowed: bool,
    /// How many may pass in a window.
    pub limit: u32,
    /// How many more may pass now.
    pub remaining: u32,
    /// After how many seconds, rounded up, the whole limit is there again if nobody passes meanwhile.
    pub reset_seconds: u64,
    /// When it was refused: after how long the next may pass.
    pub retry_after: Option<Duration>,
}

/// How many policies one passage may be counted under at once.
pub const AT_ONCE_MAX: usize = 8;

/// The answer to one who wants to pass under several policies at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TakenAll {
    /// The answer that says most: the first refusal, or else the one of which the least share is left. None where
    /// there was nothing to ask.
    pub tightest: Option<Taken>,
    /// Which of the policies that is.
    pub place: usize,
}

impl TakenAll {
    /// Whether it may pass.
    pub fn allowed(&self) -> bool {
        self.tightest.is_none_or(|taken| taken.allowed)
    }
}

/// Counts who passed. Clones count together.
#[derive(Clone, Debug)]
pub struct Limits(Engine);

#[derive(Clone, Debug)]
enum Engine {
    Memory(Arc<Memory>),
}

impl Limits {
    /// Counts in the memory of this process, at most about so many keys at once. When there are more, those
    /// whose windows are over are forgotten, and then those that were asked for least recently.
    pub fn memory(clock: &Clock, keys_max: usize) -> Self {
        Self(Engine::Memory(Arc::new(Memory::new(clock, keys_max))))
    }

    /// Lets one pass under the policy, or refuses it.
    ///
    /// It cannot fail: an engine that is out of reach answers from its own share of the limit. In memory
    /// it never waits.
    pub async fn take(&self, policy: &Policy, key: &str) -> Taken {
        match &self.0 {
            Engine::Memory(memory) => memory.take(policy, key),
        }
    }

    /// Lets one pass under all of these policies, each with its key, or counts it under none of them. Those behind
    /// [`AT_ONCE_MAX`] are not asked.
    ///
    /// Like [`Limits::take`] it cannot fail, and in memory it never waits.
    pub async fn take_all(&self, asked: &[(Policy, &str)]) -> TakenAll {
        match &self.0 {
            Engine::Memory(memory) => memory.take_all(asked),
        }
    }

    /// Says what [`Limits::take_all`] would answer, and counts nothing.
    pub async fn would_take_all(&self, asked: &[(Policy, &str)]) -> TakenAll {
        match &self.0 {
            Engine::Memory(memory) => memory.would_take_all(asked),
        }
    }

    /// How many keys are remembered now.
    pub fn keys(&self) -> usize {
        match &self.0 {
            Engine::Memory(memory) => memory.keys(),
        }
    }
}
