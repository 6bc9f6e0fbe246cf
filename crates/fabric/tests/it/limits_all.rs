//! Several limits at once: all count or none, for one and for many threads.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base::{Clock, Time};
use fabric::limits::{AT_ONCE_MAX, TakenAll};
use fabric::{Limits, Policy};
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);

fn policy(name: &'static str, max: u32) -> Policy {
    Policy {
        name,
        max,
        window: MINUTE,
    }
}

/// In memory the answer is there at once, so no runtime is needed.
fn now<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the memory waits for nothing"),
    }
}

fn take(limits: &Limits, asked: &[(Policy, &str)]) -> TakenAll {
    now(limits.take_all(asked))
}

fn limits() -> (Limits, Clock) {
    let clock = Clock::simulated(Time::EPOCH);
    (Limits::memory(&clock, 1_000), clock)
}

#[test]
fn all_count_or_none() {
    let (limits, clock) = limits();
    let user = policy("user", 2);
    let address = policy("address", 3);
    let asked = [(user, "ann"), (address, "home")];
    for left in [1, 0] {
        let taken = take(&limits, &asked).tightest.unwrap();
        assert_eq!(
            (taken.allowed, taken.limit, taken.remaining),
            (true, 2, left)
        );
    }
    for _ in 0..10 {
        clock.advance(Duration::from_secs(1)).unwrap();
        let refused = take(&limits, &asked);
        assert!(!refused.allowed());
        assert_eq!(refused.place, 0);
    }
    let bob = take(&limits, &[(user, "bob"), (address, "home")]);
    assert!(
        bob.allowed(),
        "what was refused took nothing from the address"
    );
    assert_eq!((bob.place, bob.tightest.unwrap().remaining), (1, 0));
    let bob = take(&limits, &[(user, "bob"), (address, "home")]);
    assert_eq!((bob.allowed(), bob.place), (false, 1));
    assert!(
        now(limits.take(&user, "bob")).allowed,
        "nor from bob himself"
    );
    assert!(!now(limits.take(&user, "bob")).allowed);
}

#[test]
fn the_first_refusal_is_told_and_else_the_least_share() {
    let (limits, clock) = limits();
    let (wide, narrow) = (policy("wide", 100), policy("narrow", 2));
    let all = [(wide, "a"), (narrow, "a"), (policy("none", 0), "a")];
    assert_eq!(take(&limits, &all).place, 2);
    let both = &all[..2];
    assert_eq!(take(&limits, both).place, 1);
    take(&limits, both);
    clock.advance(Duration::from_secs(20)).unwrap();
    let refused = take(&limits, both).tightest.unwrap();
    assert_eq!(refused.retry_after, Some(Duration::from_secs(40)));
    // Of equal shares the first is told.
    let equal = [(policy("x", 10), "a"), (policy("y", 20), "a")];
    assert_eq!(take(&limits, &equal).place, 0);
    assert_eq!(take(&limits, &equal[1..]).tightest.unwrap().remaining, 18);
    let nothing = take(&limits, &[]);
    assert_eq!((nothing.allowed(), nothing.tightest), (true, None));
}

#[test]
fn what_is_asked_for_twice_needs_room_for_two() {
    let (limits, _clock) = limits();
    let user = policy("user", 3);
    let twice = [(user, "ann"), (user, "ann")];
    assert!(take(&limits, &twice).allowed());
    assert!(!take(&limits, &twice).allowed(), "one is left, and not two");
    assert!(take(&limits, &twice[..1]).allowed());
    assert!(!take(&limits, &twice[..1]).allowed());
}

#[test]
fn looking_counts_nothing_and_says_the_same() {
    let (limits, clock) = limits();
    let asked = [(policy("user", 2), "ann"), (policy("address", 4), "home")];
    for turn in 0..6 {
        let looked = now(limits.would_take_all(&asked));
        assert_eq!(looked, now(limits.would_take_all(&asked)));
        assert_eq!(looked, take(&limits, &asked), "{turn}");
        clock.advance(Duration::from_secs(7)).unwrap();
    }
    let strangers = [(policy("user", 2), "eve")];
    let before = limits.keys();
    now(limits.would_take_all(&strangers));
    assert_eq!(limits.keys(), before);
}

#[test]
fn more_than_fit_are_not_asked() {
    let (limits, _clock) = limits();
    let shut = policy("shut", 0);
    let mut asked = vec![(policy("open", 1_000), "a"); AT_ONCE_MAX];
    asked.push((shut, "a"));
    assert!(take(&limits, &asked).allowed());
}

#[test]
fn many_threads_together_count_all_or_nothing() {
    let limits = Limits::memory(&Clock::real(), 10_000);
    let (one, other) = (policy("one", 700), policy("other", 500));
    let passed = AtomicU32::new(0);
    let work = |turned: bool| {
        for turn in 0..1_000 {
            // Each in its own order, and with keys that lie in other shards each time.
            let own = format!("{turn}");
            let mut asked = [(one, "all"), (other, "all"), (policy("own", 10), &*own)];
            if turned {
                asked.reverse();
            }
            passed.fetch_add(
                u32::from(take(&limits, &asked).allowed()),
                Ordering::Relaxed,
            );
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || work(thread % 2 == 0));
        }
    });
    assert_eq!(passed.into_inner(), 500);
    let left = (0..1_000).filter(|_| now(limits.take(&one, "all")).allowed);
    assert_eq!(
        left.count(),
        200,
        "the wider one counted what the narrower let in"
    );
}

proptest! {
    /// Whatever is asked together, it comes out as one after the other would, had none of a refused one been counted.
    #[test]
    fn it_is_as_if_each_were_asked_alone(
        asks in proptest::collection::vec((0_usize..3, 0_usize..3, 0_u64..20), 1..80),
    ) {
        let (limits, clock) = limits();
        let (model, _) = (Limits::memory(&clock, 1_000), ());
        let keys = ["a", "b", "c"];
        let (user, address) = (policy("user", 4), policy("address", 6));
        for (one, other, pause) in asks {
            let asked = [(user, keys[one]), (address, keys[other])];
            let room = |asked: &(Policy, &str)| now(model.would_take_all(&[*asked])).allowed();
            let expected = asked.iter().all(room);
            if expected {
                for (policy, key) in &asked {
                    prop_assert!(now(model.take(policy, key)).allowed);
                }
            }
            prop_assert_eq!(take(&limits, &asked).allowed(), expected);
            clock.advance(Duration::from_secs(pause)).unwrap();
        }
    }
}

#[test]
fn five_at_once_are_cheap() {
    let clock = Clock::real();
    let limits = Limits::memory(&clock, 100_000);
    let names = ["user", "own", "address", "route", "organisation"];
    let keys: Vec<String> = (0..1_000).map(|n| format!("per_{n}")).collect();
    let rounds = 100;
    let begun = clock.elapsed();
    for _ in 0..rounds {
        for key in &keys {
            let asked = names.map(|name| (policy(name, u32::MAX), &**key));
            std::hint::black_box(take(&limits, &asked));
        }
    }
    let one = (clock.elapsed() - begun) / (rounds * 1_000);
    println!("five at once: {one:?} (to be below 2 µs when optimised)");
    assert!(one < Duration::from_micros(200), "{one:?}");
}
