//! One key's sliding window: how many passed, and when they are forgotten.
//!
//! Those that pass within a sixteenth of the window are kept as one group with the time of the last of them.
//! A group counts until that last one is a whole window old: so nothing is forgotten too early, a burst is
//! forgotten at once, and a key needs the same small room however large its limit is.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Policy, Taken};

/// The parts of a window in which groups are made.
const PARTS: u32 = 16;

#[derive(Clone, Copy, Debug)]
struct Group {
    first: Duration,
    last: Duration,
    count: u32,
}

/// What passed for one key within its window.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    groups: VecDeque<Group>,
    passed: u32,
}

impl Window {
    /// Lets one pass at this time, or refuses it.
    pub(super) fn take(&mut self, policy: &Policy, now: Duration) -> Taken {
        self.forget(policy.window, now);
        let allowed = self.passed < policy.max;
        if allowed {
            self.add(policy.window, now);
        }
        self.answer(policy, now, allowed)
    }

    /// Says what one would be answered who comes after so many others now, and lets nobody pass.
    pub(super) fn look(&mut self, policy: &Policy, now: Duration, ahead: u32) -> Taken {
        self.forget(policy.window, now);
        let allowed = self.passed.saturating_add(ahead) < policy.max;
        let mut taken = self.answer(policy, now, allowed);
        if allowed {
            taken.remaining = taken.remaining.saturating_sub(ahead.saturating_add(1));
            taken.reset_seconds = seconds_up(policy.window);
        }
        taken
    }

    fn answer(&self, policy: &Policy, now: Duration, allowed: bool) -> Taken {
        let left_of = |group: Option<&Group>| {
            group.map_or(policy.window, |group| {
                group.last.saturating_add(policy.window).saturating_sub(now)
            })
        };
        Taken {
            allowed,
            limit: policy.max,
            remaining: policy.max.saturating_sub(self.passed),
            reset_seconds: seconds_up(left_of(self.groups.back())),
            retry_after: (!allowed).then(|| left_of(self.first_that_matters(policy.max))),
        }
    }

    /// When the last that passed is forgotten.
    pub(super) fn over_at(&self, policy: &Policy) -> Duration {
        let last = self
            .groups
            .back()
            .map_or(Duration::ZERO, |group| group.last);
        last.saturating_add(policy.window)
    }

    fn forget(&mut self, window: Duration, now: Duration) {
        while let Some(oldest) = self.groups.front()
            && oldest.last.saturating_add(window) <= now
        {
            self.passed = self.passed.saturating_sub(oldest.count);
            self.groups.pop_front();
        }
    }

    fn add(&mut self, window: Duration, now: Duration) {
        self.passed = self.passed.saturating_add(1);
        match self.groups.back_mut() {
            Some(newest) if now.saturating_sub(newest.first) < window / PARTS => {
                newest.last = newest.last.max(now);
                newest.count = newest.count.saturating_add(1);
            }
            _ => self.groups.push_back(Group {
                first: now,
                last: now,
                count: 1,
            }),
        }
    }

    /// The group that must be forgotten before one more may pass. It is not the oldest when the limit was
    /// lowered after more had passed.
    fn first_that_matters(&self, max: u32) -> Option<&Group> {
        let mut left = self.passed;
        self.groups.iter().find(|group| {
            left = left.saturating_sub(group.count);
            left < max
        })
    }
}

fn seconds_up(time: Duration) -> u64 {
    time.as_secs()
        .saturating_add(u64::from(time.subsec_nanos() > 0))
}
