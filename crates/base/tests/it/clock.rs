//! Clocks: real, fixed and simulated.

use std::time::Duration;

use base::clock::AdvanceError;
use base::{Clock, Time};
use proptest::prelude::*;

const START: Time = Time::from_micros(1_772_389_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_real_clock_goes_and_cannot_be_moved() {
    let clock = Clock::real();
    let (before, elapsed) = (clock.now(), clock.elapsed());
    std::thread::sleep(Duration::from_millis(2));
    assert!(clock.elapsed() >= elapsed + Duration::from_millis(2));
    assert!(clock.now() > before && before > "2025-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(clock.advance(SECOND), Err(AdvanceError::NotSimulated));
}

#[test]
fn a_fixed_clock_stands() {
    let clock = Clock::fixed(START);
    assert_eq!(clock.advance(SECOND), Err(AdvanceError::NotSimulated));
    assert_eq!((clock.now(), clock.elapsed()), (START, Duration::ZERO));
}

#[test]
fn clones_of_a_simulated_clock_advance_together() {
    let clock = Clock::simulated(START);
    let clone = clock.clone();
    clone.advance(SECOND).unwrap();
    assert_eq!(
        (clock.now(), clock.elapsed()),
        (START.plus(SECOND).unwrap(), SECOND)
    );
}

#[test]
fn a_simulated_clock_stops_at_the_last_time() {
    let clock = Clock::simulated(Time::from_micros(i64::MAX - 1));
    assert_eq!(clock.advance(SECOND), Err(AdvanceError::OutOfRange));
    assert_eq!(clock.elapsed(), Duration::ZERO);
    assert_eq!(clock.advance(Duration::from_micros(1)), Ok(()));
}

#[test]
fn advances_of_several_threads_all_count() {
    let clock = Clock::simulated(START);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1_000).for_each(|_| clock.advance(SECOND).unwrap()));
        }
    });
    assert_eq!(clock.elapsed(), SECOND * 4_000);
}

proptest! {
    #[test]
    fn a_simulated_clock_never_goes_back(steps in prop::collection::vec(0..u64::MAX, 0..50)) {
        let clock = Clock::simulated(START);
        for step in steps {
            let (now, elapsed) = (clock.now(), clock.elapsed());
            let step = Duration::from_micros(step);
            match clock.advance(step) {
                Ok(()) => prop_assert_eq!(clock.elapsed(), elapsed + step),
                Err(_) => prop_assert_eq!(clock.now(), now),
            }
            prop_assert!(clock.now() >= now);
            prop_assert_eq!(clock.now().since(START), clock.elapsed());
        }
    }
}
