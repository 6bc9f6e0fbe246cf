//! Admission: who is let in at which limit, how the limit follows the work, and what a refusal costs.

use std::time::Duration;

use base::{Clock, Time};
use edge::Criticality::{self, Background, Critical, Normal};
use edge::admission::{Admission, Permit, Settings};

fn fixed(limit: u32) -> Settings {
    Settings {
        limit_first: limit,
        limit_min: limit,
        limit_max: limit,
        ..Settings::default()
    }
}

/// Takes permits until one is refused.
fn fill(admission: &Admission, criticality: Criticality) -> Vec<Permit> {
    std::iter::from_fn(|| admission.enter(criticality).ok()).collect()
}

#[test]
fn lower_classes_leave_room_for_higher_ones() {
    let admission = Admission::new(fixed(10), Clock::simulated(Time::EPOCH));
    let background = fill(&admission, Background);
    let normal = fill(&admission, Normal);
    let critical = fill(&admission, Critical);
    assert_eq!((background.len(), normal.len(), critical.len()), (6, 4, 18));
    let state = admission.state();
    assert_eq!(
        (state.limit, state.in_flight, state.refused),
        (10, 28, [1, 1, 1])
    );
    drop((background, normal, critical));
    assert_eq!(admission.state().in_flight, 0);
    admission.enter(Background).unwrap().finish();
}

#[test]
fn asking_for_room_takes_none() {
    let admission = Admission::new(fixed(2), Clock::simulated(Time::EPOCH));
    for _ in 0..100 {
        admission.has_room(Normal).unwrap();
    }
    let held = fill(&admission, Normal);
    assert_eq!(held.len(), 2);
    assert!(admission.has_room(Normal).is_err() && admission.has_room(Critical).is_ok());
    drop(held);
    admission.has_room(Normal).unwrap();
}

#[test]
fn refused_clients_are_told_different_times() {
    let settings = fixed(1);
    let least = settings.retry_after;
    let admission = Admission::new(settings, Clock::simulated(Time::EPOCH));
    let _held = fill(&admission, Normal);
    let mut delays: Vec<Duration> = (0..100)
        .map(|_| admission.enter(Normal).unwrap_err())
        .collect();
    delays.sort_unstable();
    assert!(delays[0] >= least && delays[99] <= least * 3, "{delays:?}");
    let widest = delays
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap();
    assert!(
        widest < least / 10,
        "there is no heap and no gap: {widest:?}"
    );
}

/// Work of which so many fit at once and take a time each; the rest wait in turn. One client keeps each permit
/// in use that it gets, for this long.
fn work(
    admission: &Admission,
    clock: &Clock,
    places: usize,
    each: Duration,
    time: Duration,
) -> usize {
    let step = Duration::from_millis(1);
    let (mut waiting, mut at_work) = (std::collections::VecDeque::new(), Vec::new());
    let (mut done, ends) = (0, clock.elapsed() + time);
    while clock.elapsed() < ends {
        waiting.extend(fill(admission, Normal));
        while at_work.len() < places
            && let Some(permit) = waiting.pop_front()
        {
            at_work.push((clock.elapsed() + each, permit));
        }
        clock.advance(step).unwrap();
        let now = clock.elapsed();
        let (ended, rest): (Vec<_>, Vec<_>) = at_work.into_iter().partition(|(end, _)| *end <= now);
        at_work = rest;
        for (_, permit) in ended {
            permit.finish();
            done += 1;
        }
    }
    done
}

#[test]
fn the_limit_finds_what_the_work_can_bear_and_follows_it() {
    let clock = Clock::simulated(Time::EPOCH);
    let admission = Admission::new(Settings::default(), clock.clone());
    let limits = |places, each, seconds: u64| {
        let time = Duration::from_secs(seconds);
        let done = work(
            &admission,
            &clock,
            places,
            Duration::from_millis(each),
            time,
        );
        let capacity = places as u64 * 1000 / each * seconds;
        (admission.state().limit, done as f64 / capacity as f64)
    };
    // Three at once, ten milliseconds each: thirty are tolerated, so about nine are let in.
    let (limit, share) = limits(3, 10, 20);
    assert!((5..=14).contains(&limit), "{limit}");
    assert!(share > 0.95, "{share}");
    // More places: the limit grows with them.
    let (limit, share) = limits(100, 10, 20);
    assert!((100..=330).contains(&limit), "{limit}");
    assert!(share > 0.8, "{share}");
    // Fewer again, without an end to the overload in between.
    let (limit, share) = limits(3, 10, 40);
    assert!((5..=14).contains(&limit), "{limit}");
    assert!(share > 0.9, "{share}");
    // Work that has become slower for good is believed after a while.
    let (limit, share) = limits(3, 100, 120);
    assert!((5..=14).contains(&limit), "{limit}");
    assert!(share > 0.8, "{share}");
}

#[test]
fn lanes_of_different_speed_do_not_spoil_each_other() {
    let clock = Clock::simulated(Time::EPOCH);
    let admission = Admission::new(Settings::default(), clock.clone());
    let (quick, slow) = (admission.lane(), admission.lane());
    let limit = admission.state().limit;
    // Nothing waits, but there is more and more of the slow work; the limit must not fall for it.
    for round in 0..2_000_u32 {
        let lane = if round < 1_000 || round % 4 == 0 {
            &quick
        } else {
            &slow
        };
        let held: Vec<Permit> = (0..limit)
            .filter_map(|_| admission.enter_lane(lane, Normal).ok())
            .collect();
        let each = if std::ptr::eq(lane, &quick) { 1 } else { 50 };
        clock.advance(Duration::from_millis(each)).unwrap();
        held.into_iter().for_each(Permit::finish);
    }
    assert!(admission.state().limit >= limit, "{:?}", admission.state());
}

#[test]
fn work_that_is_given_up_is_no_proof_of_speed() {
    let clock = Clock::simulated(Time::EPOCH);
    let admission = Admission::new(Settings::default(), clock.clone());
    let limit = admission.state().limit;
    let round = |millis, finish: fn(Permit)| {
        let held = fill(&admission, Normal);
        clock.advance(Duration::from_millis(millis)).unwrap();
        held.into_iter().for_each(finish);
    };
    (0..50).for_each(|_| round(20, Permit::finish));
    let before = admission.state().limit;
    assert!(before > limit);
    // Clients that go away at once must not make the work look quick, nor the rest slow.
    (0..50).for_each(|_| round(0, drop));
    (0..50).for_each(|_| round(20, Permit::finish));
    assert!(admission.state().limit >= before, "{:?}", admission.state());
    // Work that hangs until its deadline says that there is too much of it.
    (0..5).for_each(|_| round(2_000, drop));
    assert!(
        admission.state().limit < before / 2,
        "{:?}",
        admission.state()
    );
}

#[test]
fn a_refusal_costs_next_to_nothing() {
    const REFUSALS: u32 = 100_000;
    let clock = Clock::real();
    let admission = Admission::new(fixed(1), clock.clone());
    let _held = fill(&admission, Normal);
    let began = clock.elapsed();
    let refused = (0..REFUSALS)
        .filter(|_| admission.enter(Normal).is_err())
        .count();
    let each = (clock.elapsed() - began) / REFUSALS;
    println!("a refusal takes {each:?}");
    assert_eq!(refused, REFUSALS as usize);
    // The figure is 15 microseconds with optimisation, on a machine of one's own.
    assert!(each < Duration::from_micros(75), "{each:?}");
}
