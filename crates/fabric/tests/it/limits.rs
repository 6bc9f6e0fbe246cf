//! Limits: never too many in any window, never more keys than there is room for, and cheap.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base::{Clock, Time};
use fabric::{Limits, Policy, Taken};
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);
const ORDERS: Policy = Policy {
    name: "orders",
    max: 3,
    window: MINUTE,
};

fn clock() -> Clock {
    Clock::simulated(Time::EPOCH)
}

/// In memory the answer is there at once, so no runtime is needed.
fn take(limits: &Limits, policy: &Policy, key: &str) -> Taken {
    let answer = pin!(limits.take(policy, key));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(taken) => taken,
        Poll::Pending => panic!("the memory waits for nothing"),
    }
}

#[test]
fn so_many_pass_and_the_next_is_told_when_to_come_back() {
    let clock = clock();
    let limits = Limits::memory(&clock, 100);
    for left in [2, 1, 0] {
        let taken = take(&limits, &ORDERS, "ann");
        assert!(taken.allowed);
        assert_eq!((taken.limit, taken.remaining), (3, left));
        assert_eq!((taken.reset_seconds, taken.retry_after), (60, None));
        clock.advance(Duration::from_secs(10)).unwrap();
    }
    let refused = take(&limits, &ORDERS, "ann");
    assert!(!refused.allowed);
    assert_eq!((refused.remaining, refused.reset_seconds), (0, 50));
    assert_eq!(refused.retry_after, Some(Duration::from_secs(30)));
    let almost = Duration::from_secs(30) - Duration::from_micros(1);
    clock.advance(almost).unwrap();
    assert!(!take(&limits, &ORDERS, "ann").allowed);
    clock.advance(Duration::from_micros(1)).unwrap();
    assert!(take(&limits, &ORDERS, "ann").allowed, "as it was told");
    assert!(!take(&limits, &ORDERS, "ann").allowed);
}

#[test]
fn keys_and_names_are_counted_apart_and_clones_together() {
    let limits = Limits::memory(&clock(), 100);
    let other = Policy {
        name: "api",
        ..ORDERS
    };
    for _ in 0..3 {
        assert!(take(&limits, &ORDERS, "ann").allowed);
        assert!(take(&limits.clone(), &other, "ann").allowed);
        assert!(take(&limits, &ORDERS, "bob").allowed);
    }
    for refused in [(&ORDERS, "ann"), (&other, "ann"), (&ORDERS, "bob")] {
        assert!(!take(&limits.clone(), refused.0, refused.1).allowed);
    }
}

#[test]
fn a_lowered_limit_holds_at_once_and_zero_lets_nobody_pass() {
    let clock = clock();
    let limits = Limits::memory(&clock, 100);
    take(&limits, &ORDERS, "ann");
    clock.advance(MINUTE / 2).unwrap();
    take(&limits, &ORDERS, "ann");
    let lower = Policy { max: 1, ..ORDERS };
    let refused = take(&limits, &lower, "ann");
    assert_eq!((refused.allowed, refused.remaining), (false, 0));
    assert_eq!(refused.retry_after, Some(MINUTE), "both must be forgotten");
    let none = Policy { max: 0, ..ORDERS };
    let refused = take(&limits, &none, "eve");
    assert_eq!(
        (refused.allowed, refused.retry_after),
        (false, Some(MINUTE))
    );
}

#[test]
fn keys_are_bounded_and_the_busy_one_is_not_forgotten() {
    let clock = clock();
    let limits = Limits::memory(&clock, 1_600);
    for _ in 0..3 {
        assert!(take(&limits, &ORDERS, "busy").allowed);
    }
    for stranger in 0..50_000 {
        assert!(take(&limits, &ORDERS, &format!("stranger {stranger}")).allowed);
        if stranger % 100 == 0 {
            assert!(!take(&limits, &ORDERS, "busy").allowed, "{stranger}");
        }
    }
    assert!((600..=1_600).contains(&limits.keys()), "{}", limits.keys());
    // When all windows are over, a new key in each shard sweeps the old ones out.
    clock.advance(MINUTE * 2).unwrap();
    for late in 0..2_000 {
        take(&limits, &ORDERS, &format!("late {late}"));
    }
    assert!(limits.keys() <= 1_600);
}

#[test]
fn many_threads_together_pass_no_more_than_the_limit() {
    let limits = Limits::memory(&Clock::real(), 100);
    let policy = Policy {
        name: "api",
        max: 1_000,
        window: MINUTE,
    };
    let count = || {
        (0..1_000)
            .filter(|_| take(&limits, &policy, "all").allowed)
            .count()
    };
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(passed, 1_000);
}

proptest! {
    /// The stated bound is one: whatever the times, no stretch as long as the window sees more than the limit.
    /// And whoever comes when it was told to is let in.
    #[test]
    fn no_window_anywhere_sees_more_than_the_limit(
        max in 1_u32..20,
        window_millis in 1_u64..5_000,
        gaps in proptest::collection::vec((0_u64..100, 0_u64..40), 1..300),
    ) {
        let clock = clock();
        let limits = Limits::memory(&clock, 100);
        let window = Duration::from_millis(window_millis);
        let policy = Policy { name: "any", max, window };
        let mut passed = Vec::new();
        for (share, repeats) in gaps {
            // Many come at the same time, and pauses are up to two windows long.
            for _ in 0..repeats.saturating_sub(30) + 1 {
                let taken = take(&limits, &policy, "key");
                if taken.allowed {
                    passed.push(clock.elapsed());
                }
                prop_assert_eq!(taken.allowed, taken.retry_after.is_none());
            }
            let pause = window * u32::try_from(share * share).unwrap() / 5_000;
            clock.advance(pause).unwrap();
        }
        for (index, begin) in passed.iter().enumerate() {
            let within = passed[index..].iter().take_while(|at| **at < *begin + window);
            prop_assert!(within.count() <= max as usize);
        }
        for _ in 0..5 {
            if let Some(wait) = take(&limits, &policy, "key").retry_after {
                prop_assert!(wait > Duration::ZERO && wait <= window);
                clock.advance(wait).unwrap();
                prop_assert!(take(&limits, &policy, "key").allowed);
            }
        }
    }
}

/// One who asks as fast as allowed gets at least fifteen sixteenths of the limit in the long run.
#[test]
fn who_never_stops_knocking_gets_almost_the_whole_limit() {
    let clock = clock();
    let limits = Limits::memory(&clock, 100);
    let policy = Policy {
        name: "api",
        max: 100,
        window: MINUTE,
    };
    let mut passed = 0;
    for _ in 0..60 * 60 * 10 {
        passed += u32::from(take(&limits, &policy, "knocks").allowed);
        clock.advance(Duration::from_millis(100)).unwrap();
    }
    println!("let in within an hour at 100 a minute: {passed} of 6000");
    assert!((5_600..=6_100).contains(&passed), "{passed}");
}

#[test]
fn a_take_is_cheap() {
    let clock = Clock::real();
    let limits = Limits::memory(&clock, 100_000);
    let policy = Policy {
        name: "api",
        max: 100,
        window: Duration::from_millis(50),
    };
    let keys: Vec<String> = (0..1_000).map(|n| format!("203.0.113.{n}")).collect();
    let rounds = 200;
    let begun = clock.elapsed();
    for _ in 0..rounds {
        for key in &keys {
            std::hint::black_box(take(&limits, &policy, key));
        }
    }
    let one = (clock.elapsed() - begun) / (rounds * 1_000);
    println!("one take: {one:?} (to be below 1 µs when optimised)");
    assert!(one < Duration::from_micros(50), "{one:?}");
}
