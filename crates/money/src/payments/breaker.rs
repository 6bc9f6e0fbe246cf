//! When a provider is left alone: a circuit breaker, and a budget for everything that is not a first try.
//!
//! Both are values that are told the time, one pair a provider and node. The breaker spares a provider that is down,
//! and whoever waits for it; the budget keeps looking up and asking again from being what holds it down.

use std::time::Duration;

use base::Time;

/// So many failures in a row open the breaker.
pub(super) const FAILURES_MAX: u32 = 5;
/// For so long nothing passes then.
pub(super) const OPEN_FOR: Duration = Duration::from_secs(30);
/// So many trials pass after it, and all of them must be answered.
pub(super) const TRIALS: u32 = 3;
/// A trial that nobody told the end of counts as lost after this.
const TRIAL_WITHIN: Duration = Duration::from_secs(60);

/// Whether calls pass to one provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Breaker(State);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Time,
    },
    Trying {
        sent: u32,
        answered: u32,
        since: Time,
    },
}

/// How a breaker is, for people and metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// Everything passes.
    Closed,
    /// Nothing passes.
    Open,
    /// A few calls pass, to see.
    Trying,
}

impl Shown {
    /// As a figure: the higher, the less passes.
    pub(super) const fn figure(self) -> f64 {
        match self {
            Shown::Closed => 0.0,
            Shown::Trying => 1.0,
            Shown::Open => 2.0,
        }
    }
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Breaker(State::Closed { failures: 0 })
    }

    /// Lets a call pass or not; one that passes is told of by [`Breaker::answered`] or [`Breaker::failed`].
    pub(super) fn pass(&mut self, now: Time) -> bool {
        if let State::Open { until } = self.0
            && until <= now
        {
            self.0 = State::Trying {
                sent: 0,
                answered: 0,
                since: now,
            };
        }
        match &mut self.0 {
            State::Closed { .. } => true,
            State::Open { .. } => false,
            State::Trying { sent, .. } if *sent < TRIALS => {
                *sent += 1;
                true
            }
            // Whoever had the trials may have died with them: others may try then.
            State::Trying { since, .. } if now.since(*since) >= TRIAL_WITHIN => {
                self.0 = State::Trying {
                    sent: 1,
                    answered: 0,
                    since: now,
                };
                true
            }
            State::Trying { .. } => false,
        }
    }

    /// Whether a call would pass; counts nothing.
    pub(super) fn would_pass(&self, now: Time) -> bool {
        let mut copy = *self;
        copy.pass(now)
    }

    /// The provider answered, whatever it said.
    pub(super) fn answered(&mut self) {
        match &mut self.0 {
            State::Closed { failures } => *failures = 0,
            // Of calls that were under way when it opened: one answer says nothing about the rest.
            State::Open { .. } => {}
            State::Trying { answered, .. } => {
                *answered += 1;
                if *answered >= TRIALS {
                    self.0 = State::Closed { failures: 0 };
                }
            }
        }
    }

    /// The provider did not answer, or did not know what it did.
    pub(super) fn failed(&mut self, now: Time) {
        let until = now.plus(OPEN_FOR).unwrap_or(now);
        match &mut self.0 {
            State::Closed { failures } => {
                *failures += 1;
                if *failures >= FAILURES_MAX {
                    self.0 = State::Open { until };
                }
            }
            State::Open { .. } => {}
            State::Trying { .. } => self.0 = State::Open { until },
        }
    }

    pub(super) const fn shown(&self) -> Shown {
        match self.0 {
            State::Closed { .. } => Shown::Closed,
            State::Open { .. } => Shown::Open,
            State::Trying { .. } => Shown::Trying,
        }
    }
}

/// What may be sent that is not a first try. In tenths of a call: a first try earns one, what is sent again costs ten,
/// and an answer earns twenty, so that a provider that answers most of the time is never starved. While nothing is
/// answered, all calls together are at most 1.1 times the first tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Budget {
    tenths: u32,
    dripped_at: Option<Time>,
}

/// A fresh budget, and the most that it ever holds.
const TENTHS_MAX: u32 = 1_000;
const TENTHS_FIRST: u32 = 50;
const AGAIN: u32 = 10;
const ANSWERED: u32 = 20;
/// One call in so long is always allowed: without traffic nothing would be earned, and nothing settled ever.
const DRIP: Duration = Duration::from_secs(10);

impl Budget {
    pub(super) const fn new() -> Self {
        Budget {
            tenths: TENTHS_FIRST,
            dripped_at: None,
        }
    }

    /// Something is tried for the first time.
    pub(super) fn first(&mut self) {
        self.earn(1);
    }

    /// The provider answered.
    pub(super) fn answered(&mut self) {
        self.earn(ANSWERED);
    }

    /// Whether something may be sent that is not a first try; it is paid for then.
    pub(super) fn again(&mut self, now: Time) -> bool {
        if let Some(left) = self.tenths.checked_sub(AGAIN) {
            self.tenths = left;
            return true;
        }
        let drips = self
            .dripped_at
            .is_none_or(|dripped_at| now.since(dripped_at) >= DRIP);
        if drips {
            self.dripped_at = Some(now);
        }
        drips
    }

    fn earn(&mut self, tenths: u32) {
        self.tenths = self.tenths.saturating_add(tenths).min(TENTHS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base::Time;

    use super::{Breaker, Budget, FAILURES_MAX, OPEN_FOR, Shown, TRIALS};

    const START: Time = Time::from_micros(1_000_000);

    fn after(seconds: u64) -> Time {
        START.plus(Duration::from_secs(seconds)).unwrap()
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..FAILURES_MAX {
            assert!(breaker.pass(START));
            breaker.failed(START);
        }
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_half_a_minute() {
        let mut breaker = opened();
        assert_eq!(breaker.shown(), Shown::Open);
        assert!(!breaker.pass(after(29)));
        assert!(!breaker.would_pass(after(29)));
        assert!(breaker.would_pass(after(30)));
        assert_eq!(OPEN_FOR.as_secs(), 30);
    }

    #[test]
    fn an_answer_between_them_forgives() {
        let mut breaker = Breaker::new();
        for _ in 0..10 {
            for _ in 1..FAILURES_MAX {
                breaker.failed(START);
            }
            breaker.answered();
        }
        assert_eq!(breaker.shown(), Shown::Closed);
    }

    #[test]
    fn three_trials_close_it_and_one_that_fails_opens_it_again() {
        let mut breaker = opened();
        for _ in 0..TRIALS {
            assert!(breaker.pass(after(31)));
        }
        assert!(!breaker.pass(after(31)), "a fourth");
        for _ in 0..TRIALS {
            assert_eq!(breaker.shown(), Shown::Trying);
            breaker.answered();
        }
        assert_eq!(breaker.shown(), Shown::Closed);

        let mut breaker = opened();
        assert!(breaker.pass(after(31)));
        breaker.answered();
        assert!(breaker.pass(after(31)));
        breaker.failed(after(31));
        assert!(!breaker.pass(after(60)));
        assert!(breaker.pass(after(61)));
    }

    #[test]
    fn trials_that_nobody_ended_do_not_hold_it_for_ever() {
        let mut breaker = opened();
        for _ in 0..TRIALS {
            assert!(breaker.pass(after(31)));
        }
        assert!(!breaker.pass(after(90)));
        assert!(breaker.pass(after(91)));
    }

    #[test]
    fn while_nothing_is_answered_a_tenth_is_sent_again() {
        let mut budget = Budget::new();
        let (mut firsts, mut agains) = (0, 0);
        while budget.again(START) {
            agains += 1;
        }
        assert_eq!(agains, 6, "what it begins with, and one drip");
        for _ in 0..1_000 {
            budget.first();
            firsts += 1;
            while budget.again(START) {
                agains += 1;
            }
        }
        assert!(agains <= firsts / 10 + 6, "{agains}");
    }

    #[test]
    fn without_traffic_something_is_still_asked() {
        let mut budget = Budget::new();
        while budget.again(START) {}
        assert!(!budget.again(after(9)));
        assert!(budget.again(after(10)));
        assert!(!budget.again(after(11)));
        budget.answered();
        assert!(budget.again(after(11)), "an answer pays for the next");
    }
}
